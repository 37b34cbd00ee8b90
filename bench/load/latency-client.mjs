/**
 * Latency at rest: one call at a time, to each target in turn, so that all of them see the same machine. Prints one RESULT line
 * with the times of each target in µs.
 *
 *   node bench/load/latency-client.mjs '{"targets":[{"name":…,"port":…,"target":{…}}],"calls":…,"warmUp":…}'
 */
import { chatRequest, faultOfWhole } from './answers.mjs';
import { Checker } from './checker.mjs';
import { Connection, requestBytes } from './connection.mjs';

const CALL_LIMIT_MS = 10_000;
const { targets, calls, warmUp } = JSON.parse(process.argv[2]);

const lanes = targets.map(({ name, port, target }) => {
  const [{ key, model, expectedModel }] = target.calls;
  const lane = { name, times: [], checker: new Checker((text) => faultOfWhole(text, expectedModel)), settle: null };
  lane.bytes = requestBytes({
    path: target.path,
    headers: { 'content-type': 'application/json', ...target.headers },
    key,
    body: chatRequest(model, 1024),
  });
  lane.connection = new Connection(port, {
    onEnd: (answer) => lane.settle(answer),
    onBroken: (why) => lane.settle({ status: 0, text: why }),
  });
  return lane;
});

function call(lane) {
  return new Promise((resolve) => {
    const limit = setTimeout(() => lane.settle({ status: 0, text: `no answer in ${CALL_LIMIT_MS} ms` }), CALL_LIMIT_MS);
    const sent = process.hrtime.bigint();
    lane.settle = (answer) => {
      clearTimeout(limit);
      resolve({ answer, us: Number(process.hrtime.bigint() - sent) / 1000 });
    };
    lane.connection.send(lane.bytes);
  });
}

for (let round = -warmUp; round < calls; round++) {
  for (const lane of lanes) {
    if (lane.checker.wrong > 0) continue;
    const { answer, us } = await call(lane);
    if (lane.checker.check(answer) && round >= 0) lane.times.push(us);
  }
}
process.stdout.write(
  `RESULT ${JSON.stringify(
    lanes.map(({ name, times, checker }) => ({
      name,
      times,
      wrong: checker.wrong,
      fault: checker.fault,
      calls: times.length,
    })),
  )}\n`,
);
process.exit(0);

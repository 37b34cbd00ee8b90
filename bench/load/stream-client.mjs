/**
 * Streams: keeps CONNECTIONS streams open for SECONDS and checks each when it ends. Prints one RESULT line. A call that did not
 * end 10 s after the last second counts as timed out.
 *
 *   node bench/load/stream-client.mjs '{"port":…,"target":{…},"connections":…,"seconds":…}'
 */
import { percentile } from '../measure/figures.mjs';
import { chatRequest, faultOfStream, STREAM_CHUNKS } from './answers.mjs';
import { Checker } from './checker.mjs';
import { Connection, requestBytes } from './connection.mjs';

const { port, target, connections, seconds } = JSON.parse(process.argv[2]);
const [{ key, model, expectedModel }] = target.calls;
const headers = { 'content-type': 'application/json', accept: 'text/event-stream', ...target.headers };
const body = chatRequest(model, 1024, { stream: true });
const bytes = requestBytes({ path: target.path, headers, key, body });
const checker = new Checker((text) => faultOfStream(text, expectedModel, STREAM_CHUNKS));

const firstMs = [];
let streams = 0;
let reads = 0;
let broken = 0;
let open = 0;
const beganMs = performance.now();
const endMs = beganMs + seconds * 1000;

function start() {
  let sentMs;
  open += 1;
  const send = () => {
    sentMs = performance.now();
    connection.send(bytes);
  };
  const connection = new Connection(port, {
    onFirst: () => firstMs.push(performance.now() - sentMs),
    onEnd(answer) {
      streams += 1;
      reads += answer.reads;
      checker.check(answer);
      if (performance.now() < endMs) send();
      else leave(connection);
    },
    onBroken(why) {
      broken += 1;
      checker.fault ||= why;
      leave(connection);
    },
  });
  send();
}

function leave(connection) {
  connection.close();
  open -= 1;
  if (open === 0) report();
}

function report() {
  process.stdout.write(
    `RESULT ${JSON.stringify({
      calls: streams,
      chunks: streams * STREAM_CHUNKS,
      reads,
      seconds: (performance.now() - beganMs) / 1000,
      p50Us: Math.round(percentile(firstMs, 0.5) * 1000),
      p99Us: Math.round(percentile(firstMs, 0.99) * 1000),
      broken,
      timedOut: open,
      wrong: checker.wrong,
      fault: checker.fault,
    })}\n`,
  );
  process.exit(0);
}

// Not all at once: streams that began in the same moment would stay in step.
for (let i = 0; i < connections; i++) setTimeout(start, (i * 200) / connections);
setTimeout(report, seconds * 1000 + 10_000);

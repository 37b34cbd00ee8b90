/** added-latency: what a peer adds to a call at rest, one call at a time, against calls straight to the upstream. */
import { fileURLToPath } from 'node:url';
import { outputOf } from '../load/wrk.mjs';
import { Child } from '../measure/child.mjs';
import { percentile } from '../measure/figures.mjs';
import { direct } from '../peers/direct.mjs';

const CLIENT = fileURLToPath(new URL('../load/latency-client.mjs', import.meta.url));
const CALLS = 400;
const WARM_UP = 200;

export async function runLatency(context) {
  const rows = {};
  const faults = [];
  const lanes = [['direct', direct(context.upstreamPort)], ...context.peers];
  const targets = lanes.map(([name, peer]) => ({ name, port: peer.port, target: peer.target('whole') }));
  for (let round = 1; round <= context.rounds; round++) {
    const plan = { targets, calls: CALLS, warmUp: round === 1 ? WARM_UP : 20 };
    const child = Child.start(process.execPath, [CLIENT, JSON.stringify(plan)], {
      core: context.cores.load,
      pipe: true,
    });
    const line = /^RESULT (\[.*\])$/m.exec(await outputOf(child, 60_000))?.[1];
    if (line === undefined) throw new Error('the latency client gave no result');
    const results = JSON.parse(line);
    const base = results[0].times;
    for (const { name, times, wrong, fault } of results) {
      const row = (rows[name] ??= { p50Us: [], p99Us: [], addedP50Us: [], addedP99Us: [] });
      if (wrong > 0) {
        faults.push(`${name}: ${fault}`);
        continue;
      }
      for (const [p, share] of Object.entries({ p50: 0.5, p99: 0.99 })) {
        row[`${p}Us`].push(percentile(times, share));
        row[`added${p.toUpperCase()}Us`].push(percentile(times, share) - percentile(base, share));
      }
    }
    const said = Object.entries(rows).map(([name, row]) => `${name} ${Math.round(row.p50Us.at(-1) ?? Number.NaN)}`);
    context.say(`added-latency ${round}/${context.rounds} p50 µs: ${said.join(', ')}`);
  }
  return { rows, faults };
}

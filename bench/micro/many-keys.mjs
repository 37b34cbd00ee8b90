/**
 * Memory while a million different keys call, each once: the heap after every tenth of them. Time runs as if so many calls came
 * in a second as `--rate` says; days and months begin at a ledger that knows nothing of them.
 *
 *   node scripts/build.mjs && node --expose-gc bench/micro/many-keys.mjs [--keys=1000000] [--rate=1000]
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { actualOf, claimsOf } from './claims-of-a-call.mjs';

const { values: options } = parseArgs({
  options: { keys: { type: 'string', default: '1000000' }, rate: { type: 'string', default: '1000' } },
});
const KEYS = Number(options.keys);
const STEP_MS = 1000 / Number(options.rate);
const UNDER_WAY = 50;
const PROJECTS = 1000;

const load = (file) => import(pathToFileURL(join(import.meta.dirname, '../../dist/src', file)).href);
const { InProcessCounterStore } = await load('counters/in-process-counter.store.js');

let monotonic = 1000;
const wall = Date.now();
const store = new InProcessCounterStore({
  clock: { monotonicMs: () => monotonic, wallMs: () => wall + monotonic },
});
store.hydrateWith(() => Promise.resolve(0));

globalThis.gc();
const before = process.memoryUsage().heapUsed;
const open = [];
for (let i = 0; i < KEYS; i += 1) {
  monotonic += STEP_MS;
  const claims = claimsOf(`o${i % 10}`, `p${i % PROJECTS}`, `k${i}`);
  const result = await store.take(claims, { holdId: `h${i}`, ttlMs: 60_000 });
  if (!result.ok) throw new Error(`key ${i} was refused: ${JSON.stringify(result)}`);
  open.push([result.hold, claims]);
  if (open.length > UNDER_WAY) {
    const [hold, of] = open.shift();
    store.settle(hold, actualOf(of));
  }
  if ((i + 1) % Math.ceil(KEYS / 10) === 0) {
    globalThis.gc();
    const megabytes = (process.memoryUsage().heapUsed - before) / 1e6;
    console.log(
      `${(i + 1).toLocaleString('en').padStart(10)} keys  ${Math.round(monotonic / 1000)} s  ` +
        `${store.size.toLocaleString('en').padStart(10)} counters  ${megabytes.toFixed(0).padStart(5)} MB`,
    );
  }
}

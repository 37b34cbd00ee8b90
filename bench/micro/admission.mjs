/**
 * How long admission takes when calls arrive at a steady rate: fifteen claims of a call (see `claims-of-a-call.mjs`) taken on Redis,
 * settled 20 ms later. Calls are due by the clock, whether or not those before them were answered.
 *
 *   node scripts/build.mjs && REDIS_URL=redis://127.0.0.1:6379 node bench/micro/admission.mjs [--rate=3000] [--seconds=5] [--keys=100]
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { percentile } from '../measure/figures.mjs';
import { actualOf, callers } from './claims-of-a-call.mjs';

const { values: options } = parseArgs({
  options: {
    rate: { type: 'string', default: '3000' },
    seconds: { type: 'string', default: '5' },
    keys: { type: 'string', default: '100' },
  },
});
const RATE = Number(options.rate);
const SECONDS = Number(options.seconds);
const HELD_MS = 20;
const WARM_UP_SECONDS = 2;

const load = (file) => import(pathToFileURL(join(import.meta.dirname, '../../dist/src', file)).href);
const { RedisConnection } = await load('infra/redis/redis-connection.js');
const { RedisCounterStore } = await load('counters/redis-counter.store.js');

const run = `${process.pid}-${Date.now()}`;
const connection = new RedisConnection({ url: process.env.REDIS_URL });
await once(connection.client, 'ready');
const store = new RedisCounterStore(connection.client, { timeoutMs: 5000, processId: run });
const made = callers(Number(options.keys), { prefix: `bench-${run}` });

/** Answers the waits, ms, of calls that were due within so many seconds. */
async function arrive(seconds, prefix) {
  const waits = [];
  const open = [];
  const total = seconds * RATE;
  const began = performance.now();
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - began) * RATE) / 1000) + 1);
    for (; sent < due; sent += 1) open.push(one(`${prefix}-${sent}`, sent, waits));
    await sleep(1);
  }
  await Promise.all(open);
  return waits.sort((a, b) => a - b);
}

async function one(id, number, waits) {
  const { claims, amounts } = made[number % made.length];
  const began = performance.now();
  const result = await store.take(claims, { holdId: `${run}-${id}`, ttlMs: 60_000, amounts });
  waits.push(performance.now() - began);
  if (!result.ok || result.degraded) throw new Error('not counted');
  setTimeout(() => store.settle(result.hold, actualOf(claims)), HELD_MS);
}

await arrive(WARM_UP_SECONDS, 'warm');
const before = process.cpuUsage();
const waits = await arrive(SECONDS, 'real');
const { user, system } = process.cpuUsage(before);
const of = (share) => percentile(waits, share).toFixed(2);
console.log(
  `${RATE} calls/s, ${options.keys} keys: admission p50 ${of(0.5)} ms, p90 ${of(0.9)} ms, p99 ${of(0.99)} ms, ` +
    `longest ${waits.at(-1).toFixed(1)} ms; this process ${((user + system) / waits.length).toFixed(1)} µs a call`,
);
await sleep(2 * HELD_MS);
await store.onApplicationShutdown();
await connection.onApplicationShutdown();

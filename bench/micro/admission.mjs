/**
 * How long admission takes when calls arrive at a steady rate: fifteen claims of a call (see `claims-of-a-call.mjs`) taken on Redis,
 * settled 20 ms later. Calls are due by the clock, whether or not those before them were answered. Young objects get the room they
 * have in `npm start`. On a machine where others work too, the last percent is theirs: look at the CPU times as well.
 *
 *   node scripts/build.mjs
 *   REDIS_URL=redis://127.0.0.1:6379 node --max-semi-space-size=16 bench/micro/admission.mjs [--rate=3000] [--seconds=5] [--keys=100]
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

/** CPU time of the server so far, µs. */
async function serverCpuUs() {
  const text = await connection.client.info('cpu');
  const seconds = (name) => Number(new RegExp(`^used_cpu_${name}:([\\d.]+)`, 'm').exec(text)[1]);
  return (seconds('user') + seconds('sys')) * 1e6;
}

await arrive(WARM_UP_SECONDS, 'warm');
const serverBefore = await serverCpuUs();
const before = process.cpuUsage();
const waits = await arrive(SECONDS, 'real');
const { user, system } = process.cpuUsage(before);
const serverUs = ((await serverCpuUs()) - serverBefore) / waits.length;
const of = (share) => percentile(waits, share).toFixed(2);
console.log(
  `${RATE} calls/s, ${options.keys} keys: admission p50 ${of(0.5)} ms, p90 ${of(0.9)} ms, p99 ${of(0.99)} ms, ` +
    `longest ${waits.at(-1).toFixed(1)} ms; this process ${((user + system) / waits.length).toFixed(1)} µs a call, server ${serverUs.toFixed(1)} µs`,
);
await sleep(2 * HELD_MS);
await store.onApplicationShutdown();
await connection.onApplicationShutdown();

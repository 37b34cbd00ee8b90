/**
 * What one call costs in the counters: four claims taken (requests, tokens, a slot, money) and settled.
 *
 *   node scripts/build.mjs && node bench/micro/counters.mjs            in process
 *   REDIS_URL=redis://127.0.0.1:6379 node bench/micro/counters.mjs     and on that Redis (keys og:{bench-…}, gone after an hour)
 */
import { once } from 'node:events';
import { InProcessCounterStore } from '../../dist/src/counters/in-process-counter.store.js';
import { RedisCounterStore } from '../../dist/src/counters/redis-counter.store.js';
import { RedisConnection } from '../../dist/src/infra/redis/redis-connection.js';

const KEYS = 1000;
const ACTUAL = [null, 300, null, 2_000_000];
const tomorrow = Date.now() + 86_400_000;
const claimsOf = Array.from({ length: KEYS }, (_unused, i) => {
  const name = `og:{bench-${i % 10}}:limit:key:${i}`;
  const claim = (counter, amount, window) => ({
    counter,
    amount,
    limit: Number.MAX_SAFE_INTEGER,
    window,
    onExpiry: 'release',
    onUnavailable: 'open',
  });
  return [
    claim(`${name}:requests`, 1, { kind: 'sliding', ms: 60_000 }),
    claim(`${name}:tokens`, 1_500, { kind: 'sliding', ms: 60_000 }),
    claim(`${name}:slots`, 1, { kind: 'slots', leaseMs: 60_000 }),
    claim(`${name}:spend`, 9_000_000, { kind: 'calendar', bucket: 'day', expiresAtMs: tomorrow }),
  ];
});
const run = `${process.pid}-${Date.now()}`;
let calls = 0;
const nextCall = () => ({ claims: claimsOf[calls % KEYS], options: { holdId: `${run}-${calls++}`, ttlMs: 600_000 } });

async function measure(name, count, work) {
  await work(Math.ceil(count / 5));
  const cpu = process.cpuUsage();
  const began = performance.now();
  await work(count);
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const perSecond = Math.round(count / seconds).toLocaleString('en');
  console.log(
    `${name.padEnd(44)} ${perSecond.padStart(12)} /s   ${((user + system) / count).toFixed(2).padStart(7)} µs CPU each`,
  );
}

const local = new InProcessCounterStore();
await measure('in process, take 4 claims and settle', 500_000, (count) => {
  for (let i = 0; i < count; i += 1) {
    const { claims, options } = nextCall();
    const result = local.take(claims, options);
    if (!result.ok) throw new Error('refused');
    local.settle(result.hold, ACTUAL);
  }
});
const open = [];
await measure('in process, take 4 claims', 200_000, (count) => {
  for (let i = 0; i < count; i += 1) {
    const { claims, options } = nextCall();
    open.push(local.take(claims, options));
  }
});
await measure('in process, settle', open.length / 1.2 - 1, (count) => {
  for (let i = 0; i < count; i += 1) local.settle(open.pop().hold, ACTUAL);
});
const before = process.memoryUsage().rss;
const many = new InProcessCounterStore();
for (let i = 0; i < 1_000_000; i += 1) {
  const claim = { ...claimsOf[0][0], counter: `og:{bench}:limit:key:${i}` };
  many.release(many.take([claim], { holdId: '', ttlMs: 1000 }).hold);
}
console.log(`a million counters in process: ${Math.round((process.memoryUsage().rss - before) / 1_048_576)} MiB`);

if (process.env.REDIS_URL) {
  const connection = new RedisConnection({ url: process.env.REDIS_URL });
  await once(connection.client, 'ready');
  const shared = new RedisCounterStore(connection.client, { timeoutMs: 2000, processId: run });
  const loop = (settle) => async (count) => {
    let left = count;
    const one = async () => {
      while (left > 0) {
        left -= 1;
        const { claims, options } = nextCall();
        const result = await shared.take(claims, options);
        if (!result.ok || result.degraded) throw new Error('not counted');
        if (settle) shared.settle(result.hold, ACTUAL);
      }
    };
    await Promise.all(Array.from({ length: 128 }, one));
    await shared.flush();
  };
  await measure('Redis, take 4 claims, 128 at a time', 40_000, loop(false));
  await measure('Redis, take 4 claims and settle, 128 at a time', 40_000, loop(true));
  await measure('Redis, take 4 claims and settle, one by one', 4_000, async (count) => {
    for (let i = 0; i < count; i += 1) {
      const { claims, options } = nextCall();
      const result = await shared.take(claims, options);
      shared.settle(result.hold, ACTUAL);
    }
  });
  await shared.onApplicationShutdown();
  await connection.onApplicationShutdown();
}

/**
 * What the counters of a call cost: fifteen claims (requests, tokens, slots and two budgets of a key, its project and its
 * organisation) taken and settled, in CPU time of this process and, on Redis, of the server.
 *
 *   node scripts/build.mjs && node bench/micro/counters.mjs
 *   REDIS_URL=redis://127.0.0.1:6379 node bench/micro/counters.mjs [--against=DIR] [--rounds=5]
 *
 * `--against`: another build of OmniGate (a folder with `dist/`), measured in turn with this one: on a busy machine only the
 * ratio of two figures of the same run says anything. Keys in Redis are og:{bench-…}, gone after a while.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { actualOf, callers } from './claims-of-a-call.mjs';

const { values: options } = parseArgs({
  options: { against: { type: 'string' }, rounds: { type: 'string', default: '5' } },
});
const ROOT = join(import.meta.dirname, '../..');
const ROUNDS = Number(options.rounds);
const run = `${process.pid}-${Date.now()}`;
let calls = 0;

async function buildIn(name, root) {
  const load = (file) => import(pathToFileURL(join(root, 'dist/src', file)).href);
  return {
    name,
    ...(await load('counters/in-process-counter.store.js')),
    ...(await load('counters/redis-counter.store.js')),
    ...(await load('infra/redis/redis-connection.js')),
  };
}

/** One round: µs of CPU a call, of this process and, if there is one, of the server. */
async function measure(count, work, server) {
  const serverBefore = await server?.cpuUs();
  const before = process.cpuUsage();
  const began = performance.now();
  await work(count);
  const perSecond = (count * 1000) / (performance.now() - began);
  const { user, system } = process.cpuUsage(before);
  const serverUs = server === undefined ? null : ((await server.cpuUs()) - serverBefore) / count;
  return { perSecond, cpuUs: (user + system) / count, serverUs };
}

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** `subjects`: name → work(count). Rounds go A B A B …; the medians are told, the least, and the ratio within each round. */
async function compare(title, count, subjects, server) {
  const rounds = new Map(subjects.map(([name]) => [name, []]));
  for (const [, work] of subjects) await work(Math.ceil(count / 2));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, work] of subjects) rounds.get(name).push(await measure(count, work, server));
  }
  for (const [name, all] of rounds) {
    const first = rounds.get(subjects[0][0]);
    const of = (what) => median(all.map((one) => one[what]));
    const ratio = median(all.map((one, i) => one.cpuUs / first[i].cpuUs));
    const least = (what) => Math.min(...all.map((one) => one[what])).toFixed(1);
    const serverText =
      server === undefined
        ? ''
        : `  server ${of('serverUs').toFixed(1).padStart(6)} µs  least ${least('cpuUs')} + ${least('serverUs')} µs`;
    const ratioText = name === subjects[0][0] ? '' : `  × ${ratio.toFixed(2)}`;
    const perSecond = Math.round(of('perSecond')).toLocaleString('en').padStart(10);
    console.log(
      `${title.padEnd(52)} ${name.padEnd(8)} ${perSecond} /s  ${of('cpuUs').toFixed(2).padStart(7)} µs${serverText}${ratioText}`,
    );
  }
}

function local(build, made, { keep = 1 } = {}) {
  const store = new build.InProcessCounterStore();
  const open = [];
  return (count) => {
    for (let i = 0; i < count; i += 1) {
      const { claims, amounts } = made[calls % made.length];
      const result = store.take(claims, { holdId: `${run}-${calls++}`, ttlMs: 60_000, amounts });
      if (!result.ok) throw new Error('refused');
      open.push(result.hold);
      if (open.length >= keep) store.settle(open.shift(), actualOf(claims));
    }
  };
}

function shared(store, made, atOnce) {
  return async (count) => {
    let left = count;
    const one = async () => {
      while (left > 0) {
        left -= 1;
        const { claims, amounts } = made[calls % made.length];
        const result = await store.take(claims, { holdId: `${run}-${calls++}`, ttlMs: 60_000, amounts });
        if (!result.ok || result.degraded) throw new Error('not counted');
        store.settle(result.hold, actualOf(claims));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, one));
    await store.flush();
  };
}

const builds = [await buildIn('now', ROOT)];
if (options.against !== undefined) builds.push(await buildIn('against', options.against));

const each = (made, parts) => builds.map((build) => [build.name, local(build, made(build), parts)]);
await compare(
  'in process, one key',
  100_000,
  each(() => callers(1, { prefix: 'a' })),
);
await compare(
  'in process, one key, 50 under way',
  100_000,
  each(() => callers(1, { prefix: 'b' }), { keep: 50 }),
);
await compare(
  'in process, 1,000 keys in 10 organisations',
  100_000,
  each(() => callers(1000, { prefix: 'c' })),
);

if (process.env.REDIS_URL) {
  const opened = [];
  for (const build of builds) {
    const connection = new build.RedisConnection({ url: process.env.REDIS_URL });
    await once(connection.client, 'ready');
    const store = new build.RedisCounterStore(connection.client, {
      timeoutMs: 5000,
      processId: `${run}-${build.name}`,
    });
    opened.push({ build, connection, store });
  }
  const { client } = opened[0].connection;
  const server = {
    async cpuUs() {
      const text = await client.info('cpu');
      const seconds = (name) => Number(new RegExp(`^used_cpu_${name}:([\\d.]+)`, 'm').exec(text)[1]);
      return (seconds('user') + seconds('sys')) * 1e6;
    },
  };
  const on = (keys, prefix, atOnce) =>
    opened.map(({ build, store }) => [
      build.name,
      shared(store, callers(keys, { prefix: `bench-${run}-${prefix}-${build.name}` }), atOnce),
    ]);
  await compare('Redis, one key, 64 at a time', 10_000, on(1, 'a', 64), server);
  await compare('Redis, one key, 8 at a time', 5_000, on(1, 'b', 8), server);
  await compare('Redis, one key, one by one', 2_000, on(1, 'c', 1), server);
  await compare('Redis, 1,000 keys in 10 organisations, 64 at a time', 10_000, on(1000, 'd', 64), server);
  await compare('Redis, 1,000 organisations, 8 at a time', 5_000, on(-1000, 'e', 8), server);
  for (const { connection, store } of opened) {
    await store.onApplicationShutdown();
    await connection.onApplicationShutdown();
  }
}

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Claim } from '../../../src/counters/claim.js';
import { RedisCounterStore } from '../../../src/counters/redis-counter.store.js';
import { RedisConnection, type RedisClient } from '../../../src/infra/redis/redis-connection.js';
import { ThrowawayRedis } from './throwaway-redis.js';

const claim = (org: string): Claim => ({
  counter: `og:{${org}}:test:key:rpm`,
  amount: 1,
  limit: 5,
  window: { kind: 'sliding', ms: 60_000 },
  onExpiry: 'charge',
  onUnavailable: 'closed',
});

/** Twenty organisations, ten simultaneous calls each: five of every ten pass, and all can be settled. */
async function useCounters(url: string): Promise<number[]> {
  const connection = new RedisConnection({ url });
  const client = connection.client as RedisClient;
  if (client.status !== 'ready') await once(client, 'ready');
  const store = new RedisCounterStore(client, { timeoutMs: 2_000, processId: randomUUID() });
  const orgs = Array.from({ length: 20 }, () => randomUUID());
  const results = await Promise.all(
    Array.from({ length: 200 }, (_unused, i) =>
      store.take([claim(orgs[i % 20] as string)], { holdId: randomUUID(), ttlMs: 60_000 }),
    ),
  );
  for (const result of results) if (result.ok) store.settle(result.hold, [0]);
  await store.flush();
  const left = await Promise.all(orgs.map(async (org) => Number((await store.read([claim(org)]))?.[0]?.used ?? -1)));
  await store.onApplicationShutdown();
  await connection.onApplicationShutdown();
  return [results.filter(({ ok }) => ok).length, ...new Set(left)];
}

(process.env['TEST_REDIS_URL'] === undefined ? describe.skip : describe)('the counters work', () => {
  const servers: ThrowawayRedis[] = [];
  const aServer = async (...args: string[]): Promise<ThrowawayRedis> => {
    const server = await ThrowawayRedis.start(...args);
    servers.push(server);
    return server;
  };
  const tell = async (server: ThrowawayRedis, ...command: [string, ...string[]]): Promise<unknown> => {
    const client = new Redis(server.port, '127.0.0.1', { protocol: 2 });
    try {
      return await client.call(...command);
    } finally {
      client.disconnect();
    }
  };

  afterEach(async () => {
    for (const server of servers.splice(0)) await server.end();
  });

  it('on a cluster, where each organisation lives on one node', async () => {
    const nodes = [await aServer('--cluster-enabled', 'yes'), await aServer('--cluster-enabled', 'yes')];
    const [one, two] = nodes as [ThrowawayRedis, ThrowawayRedis];
    await tell(one, 'CLUSTER', 'ADDSLOTSRANGE', '0', '8191');
    await tell(two, 'CLUSTER', 'ADDSLOTSRANGE', '8192', '16383');
    await tell(one, 'CLUSTER', 'MEET', '127.0.0.1', String(two.port));
    for (const node of nodes) {
      while (!String(await tell(node, 'CLUSTER', 'INFO')).includes('cluster_state:ok')) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    expect(await useCounters(`redis+cluster://127.0.0.1:${one.port},127.0.0.1:${two.port}`)).toEqual([100, 0]);
  }, 30_000);

  it('through a sentinel', async () => {
    const master = await aServer();
    const config = join(master.dir, 'sentinel.conf');
    writeFileSync(config, `sentinel monitor house 127.0.0.1 ${master.port} 1\n`);
    const sentinel = await aServer(config, '--sentinel');
    expect(await useCounters(`redis+sentinel://127.0.0.1:${sentinel.port}/house/0`)).toEqual([100, 0]);
  }, 30_000);
});

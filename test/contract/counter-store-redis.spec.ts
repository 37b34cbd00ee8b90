import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { RedisConnection, type RedisClient } from '../../src/infra/redis/redis-connection.js';
import { RedisCounterStore } from '../../src/counters/redis-counter.store.js';
import { describeCounterStore } from './counter-store.contract.js';

const url = process.env['TEST_REDIS_URL'];

(url === undefined ? describe.skip : describe)('with TEST_REDIS_URL', () => {
  let connection: RedisConnection;
  const stores: RedisCounterStore[] = [];

  beforeAll(async () => {
    connection = new RedisConnection({ url: url ?? null });
    // The property test opens many stores on one connection.
    connection.client?.setMaxListeners(0);
    await once(connection.client as RedisClient, 'ready');
  });

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.onApplicationShutdown();
  });

  afterAll(() => connection.onApplicationShutdown());

  describeCounterStore(
    'in Redis',
    () => {
      let now = Date.now();
      const store = new RedisCounterStore(connection.client as RedisClient, {
        timeoutMs: 2_000,
        processId: randomUUID(),
        nowMs: () => now,
      });
      stores.push(store);
      return { store, now: () => now, advance: (ms) => (now += ms) };
    },
    60,
  );
});

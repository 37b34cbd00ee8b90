import { Test, type TestingModule } from '@nestjs/testing';
import { loadConfig } from '../../../src/config/load-config.js';
import { ConfigurationModule } from '../../../src/config/configuration.module.js';
import { CounterStore } from '../../../src/counters/counter.store.js';
import { CountersModule } from '../../../src/counters/counters.module.js';
import { RedisConnection } from '../../../src/infra/redis/redis-connection.js';

const url = process.env['TEST_REDIS_URL'];
const open = async (env: Record<string, string>): Promise<TestingModule> => {
  const imports = [ConfigurationModule.with(loadConfig(env)), CountersModule];
  const gateway = await Test.createTestingModule({ imports }).compile();
  return gateway.init();
};
const claim = (org: string) => ({
  counter: `og:{${org}}:test:key:spend`,
  amount: 5,
  limit: 100,
  window: { kind: 'calendar' as const, bucket: 'day', expiresAtMs: Date.now() + 60_000 },
  onExpiry: 'charge' as const,
  onUnavailable: 'closed' as const,
});

describe('the counters of a gateway', () => {
  it('are its own when no Redis is configured', async () => {
    const gateway = await open({});
    expect(gateway.get(CounterStore).stats()).toMatchObject({ home: 'in-process', available: true });
    expect(gateway.get(RedisConnection).client).toBeNull();
    await gateway.close();
  });

  (url === undefined ? it.skip : it)(
    'are in Redis when one is configured, and what was settled last still arrives at shutdown',
    async () => {
      const org = `shutdown-${Date.now()}`;
      const gateway = await open({ REDIS_URL: url as string, OMNI_REDIS_TIMEOUT_MS: '2000' });
      const store = gateway.get(CounterStore);
      while (!store.stats().available) await new Promise((resolve) => setTimeout(resolve, 5));
      const result = await store.take([claim(org)], { holdId: org, ttlMs: 60_000 });
      if (!result.ok) throw new Error('Refused');
      store.settle(result.hold, [3]);
      await gateway.close();
      expect(gateway.get(RedisConnection).client?.status).toBe('end');
      const next = await open({ REDIS_URL: url as string, OMNI_REDIS_TIMEOUT_MS: '2000' });
      while (!next.get(CounterStore).stats().available) await new Promise((resolve) => setTimeout(resolve, 5));
      expect((await next.get(CounterStore).read([claim(org)]))?.[0]?.used).toBe(3);
      await next.close();
    },
  );

  it('do not keep a gateway from starting or stopping when Redis is away', async () => {
    const gateway = await open({ REDIS_URL: 'redis://127.0.0.1:1' });
    const store = gateway.get(CounterStore);
    const closed = await store.take([claim('away')], { holdId: 'a', ttlMs: 60_000 });
    expect(closed).toMatchObject({ ok: false, unavailable: true });
    const degraded = await store.take([{ ...claim('away'), onUnavailable: 'open' }], { holdId: 'b', ttlMs: 60_000 });
    expect(degraded).toMatchObject({ ok: true, degraded: true });
    const began = performance.now();
    await gateway.close();
    expect(performance.now() - began).toBeLessThan(3_000);
  });
});

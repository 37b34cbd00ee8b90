import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Redis } from 'ioredis';
import type { Claim, Window } from '../../../src/counters/claim.js';
import type { TakeResult } from '../../../src/counters/counter.store.js';
import { RedisCounterStore, type RedisCounterOptions } from '../../../src/counters/redis-counter.store.js';
import { RedisConnection } from '../../../src/infra/redis/redis-connection.js';
import { ThrowawayRedis } from './throwaway-redis.js';

const TIMEOUT_MS = 75;
const PROCESSES = 'og:{counters}:counters:processes';
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what: () => boolean | Promise<boolean>, withinMs = 8_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await what())) {
    if (Date.now() > end) throw new Error('It did not happen in time');
    await sleep(10);
  }
}

(process.env['TEST_REDIS_URL'] === undefined ? describe.skip : describe)('counters on a real Redis', () => {
  let redis: ThrowawayRedis;
  let org: string;
  const gateways: { connection: RedisConnection; store: RedisCounterStore }[] = [];

  /** One more process of the gateway. */
  async function aGateway(timeoutMs = 2_000, more: Partial<RedisCounterOptions> = {}): Promise<RedisCounterStore> {
    const connection = new RedisConnection({ url: redis.url });
    await once(connection.client as Redis, 'ready');
    const options = { timeoutMs, processId: randomUUID(), ...more };
    const store = new RedisCounterStore(connection.client as Redis, options);
    gateways.push({ connection, store });
    return store;
  }

  const client = (): Redis => gateways[0]?.connection.client as Redis;
  const claim = (name: string, parts: Partial<Claim> = {}): Claim => ({
    counter: `og:{${org}}:test:key:${name}`,
    amount: 1,
    limit: 10,
    window: { kind: 'sliding', ms: 60_000 },
    onExpiry: 'release',
    onUnavailable: 'closed',
    ...parts,
  });
  const today: Window = { kind: 'calendar', bucket: '2026-11-02', expiresAtMs: Date.now() + 3_600_000 };
  const spend = (parts: Partial<Claim> = {}): Claim => claim('spend', { window: today, ...parts });
  const take = (store: RedisCounterStore, claims: Claim[], ttlMs = 60_000): Promise<TakeResult> =>
    store.take(claims, { holdId: randomUUID(), ttlMs });
  const used = async (store: RedisCounterStore, one: Claim): Promise<unknown> => (await store.read([one]))?.[0]?.used;

  beforeAll(async () => {
    redis = await ThrowawayRedis.start();
  });

  beforeEach(() => {
    org = randomUUID();
  });

  afterEach(async () => {
    redis.thaw();
    for (const { connection, store } of gateways.splice(0)) {
      await store.onApplicationShutdown();
      await connection.onApplicationShutdown();
    }
  });

  afterAll(() => redis.end());

  it('never overspends a budget that three processes draw on at the same time', async () => {
    const stores = [await aGateway(), await aGateway(), await aGateway()];
    const claims = [spend({ amount: 7, limit: 1_000 }), claim('rpm', { limit: 10_000 })];
    const results = await Promise.all(
      Array.from({ length: 600 }, (_unused, i) => take(stores[i % 3] as RedisCounterStore, claims)),
    );
    const held = results.flatMap((result, i) => (result.ok ? [{ hold: result.hold, store: stores[i % 3] }] : []));
    expect(held).toHaveLength(142);
    held.forEach(({ hold, store }) => store?.settle(hold, [3, null]));
    await Promise.all(stores.map((store) => store.flush()));
    expect(await used(stores[0] as RedisCounterStore, spend())).toBe(142 * 3);
    expect(await used(stores[1] as RedisCounterStore, claim('rpm'))).toBe(142);
    expect(await client().zcard(`og:{${org}}:counters:open`)).toBe(0);
  });

  it('ends the holds of a dead process with what the ledger says of their calls, once', async () => {
    const [dead, heir] = [await aGateway(), await aGateway()];
    const tokens = claim('tpm', { amount: 5 });
    const holdId = randomUUID();
    await dead.take([spend({ amount: 6 }), tokens], { holdId, ttlMs: 60_000 });
    expect(await heir.settleAbandoned(org, holdId, 4)).toBe(true);
    expect(await used(heir, spend())).toBe(4);
    expect(await used(heir, tokens)).toBe(0);
    expect(await heir.settleAbandoned(org, holdId, 9)).toBe(false);
    expect(await heir.settleAbandoned(org, randomUUID(), 9)).toBe(false);
    expect(await used(heir, spend())).toBe(4);

    const settled = await take(dead, [spend({ amount: 3 })]);
    if (settled.ok) dead.settle(settled.hold, [2]);
    await dead.flush();
    expect(await heir.settleAbandoned(org, settled.ok ? settled.hold.id : '', 3)).toBe(false);
    expect(await used(heir, spend())).toBe(6);
  });

  it('ends the hold of a dead process that has run out before', async () => {
    const store = await aGateway();
    const holdId = randomUUID();
    await store.take([spend({ amount: 6 })], { holdId, ttlMs: 50 });
    await sleep(60);
    expect(await used(store, spend())).toBe(0);
    expect(await store.settleAbandoned(org, holdId, 4)).toBe(true);
    expect(await used(store, spend())).toBe(4);
  });

  it('gives back what dead calls of an organisation reserved that has no calls any more', async () => {
    let ahead = 0;
    const store = await aGateway(2_000, {
      nowMs: () => Date.now() + ahead,
      visitTimes: { noteMs: 600_000, idleMs: 0, roundMs: 100 },
    });
    await store.take([spend({ amount: 6, onExpiry: 'linger' })], { holdId: randomUUID(), ttlMs: 60_000 });
    const open = `og:{${org}}:counters:open`;
    const organisations = 'og:{counters}:counters:organisations';
    await until(async () => (await client().zscore(organisations, `og:{${org}}`)) === null);
    expect(await client().zcard(open)).toBe(1);
    ahead = 32 * 60_000;
    await client().zadd(organisations, 1, `og:{${org}}`);
    await until(async () => (await client().zcard(open)) === 0);
    expect(await used(store, spend())).toBe(0);
  });

  it('settles many calls of one moment in few round trips', async () => {
    const store = await aGateway();
    const claims = [claim('rpm', { limit: 1_000 })];
    const results = await Promise.all(Array.from({ length: 300 }, () => take(store, claims)));
    let batches = 0;
    const pipeline = client().pipeline.bind(client());
    client().pipeline = (...args: []) => {
      batches += 1;
      return pipeline(...args);
    };
    for (const result of results) if (result.ok) store.settle(result.hold, [0]);
    await store.flush();
    expect(batches).toBeLessThanOrEqual(6);
    expect(await used(store, claim('rpm'))).toBe(0);
  });

  it('keeps time by the server: short windows slide, leases end, and a caller who waits as told gets in', async () => {
    const store = await aGateway();
    const window: Window = { kind: 'sliding', ms: 2000 };
    const slot = claim('slots', { window: { kind: 'slots', leaseMs: 1500 }, limit: 1 });
    expect((await take(store, [claim('rps', { window, limit: 2, amount: 2 }), slot])).ok).toBe(true);
    const result = await take(store, [claim('rps', { window, limit: 2 })]);
    const wait = result.ok || result.unavailable ? null : result.refused.retryAfterMs;
    expect(wait).toBeGreaterThan(500);
    expect((await take(store, [slot])).ok).toBe(false);
    await sleep((wait as number) + 2);
    expect((await take(store, [claim('rps', { window, limit: 2 }), slot])).ok).toBe(true);
  });

  it('answers within 150 ms while the server is frozen, and gives back what ran without our knowing', async () => {
    const store = await aGateway(TIMEOUT_MS);
    const rpm = claim('rpm', { onUnavailable: 'open' });
    const money = spend({ amount: 4 });
    expect((await take(store, [rpm])).ok).toBe(true);
    redis.freeze();
    const took: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      const began = performance.now();
      const [closed, open] = await Promise.all([take(store, [money]), take(store, [rpm])]);
      took.push(performance.now() - began);
      expect(closed).toMatchObject({ ok: false, unavailable: true, counter: money.counter });
      expect(open).toMatchObject({ ok: true, degraded: true });
    }
    // Of six, so that one in which the machine itself stood still does not count.
    expect(took.sort((a, b) => a - b)[2]).toBeLessThan(150);
    expect(store.stats()).toMatchObject({ available: false, degradedTakes: 12 });
    redis.thaw();
    await until(async () => (await used(store, money)) === 0 && store.stats().pendingCorrections === 0);
    expect(store.stats().available).toBe(true);
    expect((await take(store, [spend({ amount: 10 })])).ok).toBe(true);
  });

  it('does not stampede a frozen server: after a few failures it asks one call at a time', async () => {
    const store = await aGateway(TIMEOUT_MS);
    const rpm = claim('rpm', { onUnavailable: 'open', limit: 10_000 });
    redis.freeze();
    await Promise.all(Array.from({ length: 20 }, () => take(store, [rpm])));
    const began = performance.now();
    for (let i = 0; i < 200; i += 1) await take(store, [rpm]);
    // Had each waited for the server, it would have been 200 times the time-out.
    expect(performance.now() - began).toBeLessThan(20 * TIMEOUT_MS);
  });

  it('shares a limit fairly while the counters are out of reach', async () => {
    await aGateway();
    await client().del(PROCESSES);
    const store = await aGateway(TIMEOUT_MS);
    await until(() => store.stats().replicas === 2);
    const claims = [
      claim('rpm', { onUnavailable: 'open', limit: 1_000 }),
      spend({ onUnavailable: 'open', amount: 40, limit: 1_000 }),
    ];
    expect((await take(store, claims)).ok).toBe(true);
    redis.freeze();
    const results: TakeResult[] = [];
    for (let i = 0; i < 60; i += 1) results.push(await take(store, claims));
    const granted = results.filter(({ ok }) => ok).length;
    // 960 were left, half of them for each of the two.
    expect(granted).toBe(12);
    const minute = await Promise.all(
      Array.from({ length: 20 }, () => take(store, [claim('minute', { onUnavailable: 'open', limit: 10 })])),
    );
    expect(minute.filter(({ ok }) => ok)).toHaveLength(5);
  });

  it('counts what was spent during an outage once it is over', async () => {
    const store = await aGateway(TIMEOUT_MS);
    const money = spend({ amount: 4, limit: 1_000, onUnavailable: 'open' });
    expect((await take(store, [money])).ok).toBe(true);
    redis.freeze();
    const result = await take(store, [money]);
    const later = await take(store, [money]);
    if (!result.ok || !later.ok) throw new Error('Refused');
    store.settle(result.hold, [9]);
    redis.thaw();
    store.settle(later.hold, [20]);
    await until(async () => (await used(store, money)) === 33);
  });

  it('goes on when the server is killed, and reads the ledger when it is back', async () => {
    const store = await aGateway(TIMEOUT_MS);
    store.hydrateWith(() => Promise.resolve(6));
    const money = spend({ amount: 1 });
    expect((await take(store, [money])).ok).toBe(true);
    await redis.kill();
    const down = await Promise.all(Array.from({ length: 20 }, () => take(store, [money])));
    expect(down.every((result) => !result.ok && result.unavailable)).toBe(true);
    await redis.start();
    await until(async () => (await take(store, [spend({ amount: 0 })])).ok);
    expect(await used(store, money)).toBe(6);
    expect((await take(store, [spend({ amount: 5 })])).ok).toBe(false);
  });

  it('begins at the ledger again after everything was flushed, and still counts the calls that were under way', async () => {
    const store = await aGateway();
    store.hydrateWith(() => Promise.resolve(50));
    const claims = [
      spend({ amount: 10, limit: 100 }),
      claim('slots', { window: { kind: 'slots', leaseMs: 60_000 }, limit: 1 }),
    ];
    const result = await take(store, claims);
    if (!result.ok) throw new Error('Refused');
    await client().flushall();
    expect((await take(store, [spend({ amount: 51, limit: 100 })])).ok).toBe(false);
    store.adjust(result.hold, [8, null]);
    await store.flush();
    expect(await used(store, spend())).toBe(58);
    expect((await take(store, claims)).ok).toBe(false);
    store.settle(result.hold, [12, null]);
    await store.flush();
    expect(await used(store, spend())).toBe(62);
    expect((await take(store, claims)).ok).toBe(true);
  });

  it('survives a flushed script cache', async () => {
    const store = await aGateway();
    expect((await take(store, [claim('rpm')])).ok).toBe(true);
    await client().script('FLUSH');
    const results = await Promise.all(Array.from({ length: 20 }, () => take(store, [claim('rpm')])));
    expect(results.filter(({ ok }) => ok)).toHaveLength(9);
  });

  it('does not grant a take that arrives after it was given up', async () => {
    const store = await aGateway();
    const holdId = randomUUID();
    const first = await store.take([claim('rpm')], { holdId, ttlMs: 60_000 });
    if (!first.ok) throw new Error('Refused');
    store.release(first.hold);
    await store.flush();
    await expect(store.take([claim('rpm')], { holdId, ttlMs: 60_000 })).rejects.toThrow('taken before');
    expect(await used(store, claim('rpm'))).toBe(0);
  });

  it('settles a hold once although two processes settle it', async () => {
    const [one, two] = [await aGateway(), await aGateway()];
    const money = spend({ amount: 5 });
    const result = await take(one, [money]);
    if (!result.ok) throw new Error('Refused');
    const copy = Object.assign(Object.create(Object.getPrototypeOf(result.hold) as object), result.hold, {
      stated: [5],
    }) as typeof result.hold;
    one.settle(result.hold, [2]);
    await one.flush();
    two.settle(copy, [9]);
    await two.flush();
    expect(await used(one, money)).toBe(2);
    expect(two.stats().lostCorrections).toBe(0);
  });

  it('keeps the limit when the clock of the server steps back', async () => {
    await aGateway();
    let now = Date.now();
    const store = new RedisCounterStore(client(), {
      timeoutMs: 1_000,
      processId: randomUUID(),
      nowMs: () => now,
    });
    const rpm = claim('rpm', { limit: 5 });
    const grants = async (): Promise<number> => {
      const results = await Promise.all(Array.from({ length: 8 }, () => take(store, [rpm])));
      return results.filter(({ ok }) => ok).length;
    };
    expect(await grants()).toBe(5);
    for (const step of [-5_000, -59_000, -3_600_000]) {
      now += step;
      expect(await grants()).toBe(0);
    }
    now += 61_000;
    expect(await grants()).toBe(5);
    await store.onApplicationShutdown();
  });

  it('drops days long past from what it reads and writes with every call, except while calls of them are open', async () => {
    await aGateway();
    const begin = Date.now();
    let now = begin;
    const store = new RedisCounterStore(client(), { timeoutMs: 1_000, processId: randomUUID(), nowMs: () => now });
    const day = (bucket: string): Claim =>
      spend({ limit: 1_000, window: { kind: 'calendar', bucket, expiresAtMs: now + 1_000 } });
    const shelf = async (): Promise<string> =>
      `${(await client().hgetBuffer(`og:{${org}}:test:key`, 'l'))?.toString()}`;
    const takeOf = async (bucket: string): Promise<TakeResult> => take(store, [claim('rpm'), day(bucket)], 400_000_000);
    const first = await takeOf('first');
    now += 130_000_000;
    if (first.ok) store.renew(first.hold);
    await store.flush();
    await takeOf('second');
    expect(await shelf()).toMatch(/second.*first/s);
    if (first.ok) store.settle(first.hold, [null, 0]);
    await store.flush();
    now += 130_000_000;
    await takeOf('third');
    expect(await shelf()).toMatch(/third/);
    expect(await shelf()).not.toMatch(/first|second/);
    expect(await used(store, day('third'))).toBe(1);
    await store.onApplicationShutdown();
  });

  it('does not lend slots twice when those of dead calls were forgotten before their leases were looked at', async () => {
    const store = await aGateway();
    const slot = claim('slots', { limit: 2, window: { kind: 'slots', leaseMs: 100 } });
    for (const _dead of [1, 2]) await take(store, [slot]);
    await sleep(150);
    // The server does so when nobody has used them for a while.
    await client().del(`og:{${org}}:test:key`);
    expect(await used(store, slot)).toBe(0);
    const results = await Promise.all([1, 2, 3, 4].map(() => take(store, [slot])));
    expect(results.filter(({ ok }) => ok)).toHaveLength(2);
  });

  it('goes on when there is a record of a hold that nobody can read', async () => {
    const store = await aGateway();
    const claims = [claim('slots', { limit: 5, window: { kind: 'slots', leaseMs: 60_000 } })];
    await take(store, claims);
    await client().set(`og:{${org}}:counters:open:strange`, 'x');
    await client().zadd(`og:{${org}}:counters:open`, 0, 'strange');
    expect((await take(store, claims)).ok).toBe(true);
    expect(await client().zscore(`og:{${org}}:counters:open`, 'strange')).toBeNull();
    expect(await used(store, claims[0] as Claim)).toBe(2);
  });

  it.each([
    ['is a replica after a failover', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
    ['has no memory left', ['CONFIG', 'SET', 'maxmemory', '1mb'], ['CONFIG', 'SET', 'maxmemory', '0']],
  ] as const)(
    'decides locally while the server %s, and counts afterwards what ended meanwhile',
    async (_why, on, off) => {
      const store = await aGateway();
      const claims = [spend({ amount: 9, limit: 1_000, onUnavailable: 'open' })];
      const held = await take(store, claims);
      const [command, ...words] = on;
      await client().call(command, ...words);
      try {
        expect(await take(store, claims)).toMatchObject({ ok: true, degraded: true });
        if (held.ok) store.settle(held.hold, [3]);
        await store.flush();
        expect(store.stats()).toMatchObject({ lostCorrections: 0, pendingCorrections: 1 });
      } finally {
        const [undo, ...more] = off;
        await client().call(undo, ...more);
      }
      await until(() => store.stats().pendingCorrections === 0);
      expect(await used(store, claims[0] as Claim)).toBe(3);
    },
  );

  it('does not count a process that has ended', async () => {
    const one = await aGateway();
    await client().del(PROCESSES);
    await aGateway();
    await until(async () => (await client().zcard(PROCESSES)) === 2);
    await gateways[1]?.store.onApplicationShutdown();
    expect(await client().zcard(PROCESSES)).toBe(1);
    expect(one.stats().available).toBe(true);
  });

  it('drops the processes from its count that no longer live', async () => {
    await aGateway();
    await until(async () => (await client().zcard(PROCESSES)) > 0);
    await client().zadd(PROCESSES, Date.now() - 60_000, 'dead');
    const store = await aGateway();
    await until(async () => (await client().zscore(PROCESSES, 'dead')) === null);
    expect(store.stats().home).toBe('redis');
  });

  it('leaves nothing in Redis for ever', async () => {
    const store = await aGateway();
    const slot = claim('slots', { window: { kind: 'slots', leaseMs: 1_000 } });
    await take(store, [claim('rpm'), spend(), slot]);
    const keys = await client().keys(`og:{${org}}:*`);
    expect(keys.sort()).toEqual([
      `og:{${org}}:counters:open`,
      expect.stringContaining(`og:{${org}}:counters:open:`),
      expect.stringContaining(`og:{${org}}:counters:sheet:`),
      `og:{${org}}:test:key`,
    ]);
    for (const key of keys) expect(await client().pttl(key)).toBeGreaterThan(0);
  });
});

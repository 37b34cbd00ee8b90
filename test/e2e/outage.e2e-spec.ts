import { ThrowawayRedis } from '../integration/counters/throwaway-redis.js';
import { HAS_REDIS_PROGRAM, HAS_SERVERS, ServerDatabase } from '../support/gateway-home.js';
import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { SmallDisk } from '../support/small-disk.js';
import { TcpGate } from '../support/tcp-gate.js';
import { allRecords, countById } from '../support/usage-records.js';

const UNKNOWN_KEY = `og-${'x'.repeat(43)}`;

let upstream: ScriptedUpstream;
beforeAll(async () => (upstream = await ScriptedUpstream.start()));
afterAll(async () => upstream?.close());

interface Ready {
  status: number;
  checks: Record<string, { status: string; state?: string }>;
}

async function readiness(gateway: GatewayProcess): Promise<Ready> {
  const response = await fetch(`${gateway.url}/health/ready`);
  return { status: response.status, checks: ((await response.json()) as Ready).checks };
}

/** Calls one after another; answers their statuses and how long the slowest took, ms. */
async function callInTurn(
  gateway: GatewayProcess,
  key: string,
  count: number,
): Promise<{ statuses: Set<number>; ms: number[] }> {
  const statuses = new Set<number>();
  const ms: number[] = [];
  for (let call = 0; call < count; call += 1) {
    const began = performance.now();
    const response = await gateway.chat(key, QUESTION);
    await response.arrayBuffer();
    ms.push(performance.now() - began);
    statuses.add(response.status);
  }
  return { statuses, ms: ms.sort((a, b) => a - b) };
}

(HAS_REDIS_PROGRAM ? describe : describe.skip)('Redis away', () => {
  let redis: ThrowawayRedis;
  let gateway: GatewayProcess;
  let key: string;

  beforeAll(async () => {
    redis = await ThrowawayRedis.start();
    gateway = await GatewayProcess.start({ env: { REDIS_URL: redis.url, OMNI_HEALTH_CHECKS: 'false' } });
    await gateway.model('m', [upstream.url]);
    key = (await gateway.key({ rpm_limit: 10_000, tpm_limit: 10_000_000, concurrency_limit: 100 })).key;
  });
  afterAll(async () => {
    await gateway?.stop();
    await redis?.end();
  });

  const counters = async (status: string): Promise<unknown> =>
    eventually(async () => (await readiness(gateway)).checks['counters']?.status === status, 8000);

  it.each([
    ['frozen', () => Promise.resolve(redis.freeze()), () => Promise.resolve(redis.thaw())],
    ['killed', () => redis.kill(), () => redis.start()],
  ])('%s: calls with limits go on, soon at full speed, and local limits hold', async (_how, lose, regain) => {
    await counters('up');
    expect((await callInTurn(gateway, key, 3)).statuses).toEqual(new Set([200]));
    const small = await gateway.key({ rpm_limit: 3 });
    await lose();
    const { statuses, ms } = await callInTurn(gateway, key, 30);
    expect(statuses).toEqual(new Set([200]));
    // The round trip's bound is 75 ms, and only few calls wait for it. The rest is room for a busy machine.
    expect(ms.at(-1)).toBeLessThan(2000);
    expect(ms[15]).toBeLessThan(150);
    await counters('degraded');
    expect((await readiness(gateway)).status).toBe(200);
    const limited = await callInTurn(gateway, small.key, 6);
    expect(limited.statuses).toEqual(new Set([200, 429]));
    await regain();
    await counters('up');
    expect((await callInTurn(gateway, key, 5)).statuses).toEqual(new Set([200]));
  });
});

(HAS_SERVERS ? describe : describe.skip)('PostgreSQL away', () => {
  let database: ServerDatabase;
  let gate: TcpGate;
  let gateway: GatewayProcess;
  let key: string;

  beforeAll(async () => {
    database = await ServerDatabase.create();
    const url = new URL(database.url);
    gate = new TcpGate(url.hostname, Number(url.port));
    await gate.open();
    url.port = String(gate.port);
    upstream.calls.length = 0;
    gateway = await GatewayProcess.start({
      env: { DATABASE_URL: url.href, OMNI_REGISTRY_POLL_MS: '200', OMNI_HEALTH_INTERVAL_MS: '300' },
    });
    await gateway.model('m', [upstream.url]);
    key = (await gateway.key({ rpm_limit: 10_000 })).key;
  });
  afterAll(async () => {
    await gateway?.stop();
    await gate?.shut().catch(() => undefined);
    await database?.drop();
  });

  it('serves the callers it knows, refuses those it cannot know, and loses no record', async () => {
    const ids: string[] = [];
    const call = async (secret: string): Promise<number> => {
      const id = `outage-${ids.length}`;
      ids.push(id);
      const response = await gateway.chat(secret, QUESTION, { headers: { 'x-request-id': id } });
      await response.arrayBuffer();
      return response.status;
    };
    expect(await call(key)).toBe(200);
    await gate.shut();
    await eventually(async () => (await readiness(gateway)).checks['database']?.status === 'degraded');
    expect((await readiness(gateway)).status).toBe(200);
    const statuses = await Promise.all(Array.from({ length: 40 }, () => call(key)));
    expect(new Set(statuses)).toEqual(new Set([200]));
    const stranger = await gateway.chat(UNKNOWN_KEY, QUESTION);
    expect(stranger.status).toBe(503);
    expect(Number(stranger.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await gateway.admin('GET', '/models')).status).toBe(503);
    await gate.open();
    await eventually(async () => (await readiness(gateway)).checks['database']?.status === 'up', 15_000);
    expect(await call(key)).toBe(200);
    const complete = async (): Promise<boolean> => {
      const counts = countById(await allRecords(gateway));
      return ids.every((id) => counts.has(id));
    };
    await eventually(complete, 15_000);
    const counts = countById(await allRecords(gateway));
    expect(ids.filter((id) => counts.get(id) !== 1)).toEqual([]);
    await eventually(async () => (await gateway.chat(UNKNOWN_KEY, QUESTION)).status === 401, 3000);
  }, 60_000);

  it('goes on with calls and probes while PostgreSQL hangs', async () => {
    await eventually(async () => (await readiness(gateway)).checks['database']?.status === 'up', 15_000);
    gate.freeze();
    const from = upstream.healthChecks.length;
    expect((await callInTurn(gateway, key, 20)).statuses).toEqual(new Set([200]));
    expect((await gateway.chat(UNKNOWN_KEY.replace('x', 'y'), QUESTION)).status).toBe(503);
    await eventually(async () => (await readiness(gateway)).checks['database']?.status === 'degraded');
    expect((await readiness(gateway)).status).toBe(200);
    await eventually(() => upstream.healthChecks.length >= from + 3, 8000);
    gate.thaw();
    await eventually(async () => (await readiness(gateway)).checks['database']?.status === 'up', 15_000);
    const reached = upstream.calls.map(({ headers }) => String(headers['x-request-id']));
    await eventually(async () => {
      const counts = countById(await allRecords(gateway));
      return reached.every((id) => counts.get(id) === 1);
    }, 15_000);
  }, 60_000);
});

describe('the journal’s disk full', () => {
  // Only root may make one.
  const disk = HAS_SERVERS ? SmallDisk.mount(3) : null;
  afterAll(() => disk?.unmount());

  (disk !== null ? it : it.skip)(
    'refuses new calls, stays alive, and takes calls again when there is room',
    async () => {
      const database = await ServerDatabase.create();
      const gateway = await GatewayProcess.start({
        dataDir: disk?.directory ?? '',
        env: { DATABASE_URL: database.url, OMNI_JOURNAL_MAX_BYTES: '8388608', OMNI_HEALTH_CHECKS: 'false' },
      });
      try {
        await gateway.model('m', [upstream.url]);
        const { key } = await gateway.key();
        upstream.calls.length = 0;
        expect((await callInTurn(gateway, key, 3)).statuses).toEqual(new Set([200]));
        disk?.fill();
        const refused = await eventually(async () => {
          const response = await gateway.chat(key, QUESTION);
          return response.status === 200 ? null : response;
        }, 10_000);
        expect(refused.status).toBe(503);
        expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
        const served = upstream.calls.length;
        const { statuses } = await callInTurn(gateway, key, 20);
        expect([...statuses].filter((status) => status >= 500 && status !== 503)).toEqual([]);
        expect(statuses).toContain(503);
        expect(upstream.calls.length - served).toBeLessThan(20);
        expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200);
        expect((await readiness(gateway)).checks['journal']).toBeDefined();
        disk?.makeRoom();
        await eventually(async () => (await gateway.chat(key, QUESTION)).status === 200, 5000);
        await eventually(async () => (await readiness(gateway)).status === 200);
        const ok = (await callInTurn(gateway, key, 3)).statuses;
        expect(ok).toEqual(new Set([200]));
        const reached = upstream.calls.map(({ headers }) => String(headers['x-request-id']));
        await eventually(async () => {
          const counts = countById(await allRecords(gateway));
          return reached.every((id) => counts.get(id) === 1);
        });
      } finally {
        await gateway.stop();
        await database.drop();
      }
    },
    60_000,
  );
});

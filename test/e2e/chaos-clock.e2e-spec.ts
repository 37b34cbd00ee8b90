import { setTimeout as sleep } from 'node:timers/promises';
import type { CallRecord } from '../../src/ledger/call-record.js';
import { allKnow, CALL_NANO, EXACT_CALL, usd } from '../support/budgeted-gateways.js';
import { describeEachHome, HAS_SERVERS, ServerDatabase } from '../support/gateway-home.js';
import { eventually, GatewayProcess } from '../support/gateway-process.js';
import { LoadOfCalls } from '../support/load-of-calls.js';
import { freshSeed, seeded } from '../support/seeded-random.js';
import { SteppedClock } from '../support/stepped-clock.js';
import { TallyingUpstream } from '../support/tallying-upstream.js';
import { TcpGate } from '../support/tcp-gate.js';
import { expectTrueLedger } from '../support/true-ledger.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Where the clock is set to in turn, measured from the true time. */
const STEPS_MS = [5 * HOUR_MS, -9 * HOUR_MS, 26 * HOUR_MS, 40 * DAY_MS, -40 * DAY_MS, -60_000, 0];

describe('the wall clock stepped under load', () => {
  describeEachHome((home) => {
    const processes = home.kind === 'embedded' ? 1 : 2;
    const clock = new SteppedClock();
    const gateways: GatewayProcess[] = [];
    let upstream: TallyingUpstream;

    beforeAll(async () => {
      upstream = await TallyingUpstream.start();
      const env = {
        ...{ ...home.env, ...clock.env },
        ...{ OMNI_HEALTH_CHECKS: 'false', OMNI_LOG_CALLS: 'false', OMNI_PASSIVE_THRESHOLD: '1000' },
        OMNI_REDIS_TIMEOUT_MS: '3000',
      };
      for (let i = 0; i < processes; i += 1) gateways.push(await GatewayProcess.start({ env }));
      // In force at any time the clock may show.
      const price = { model: 'upstream-model', input: '1', output: '1', effective_from: '2000-01-01T00:00:00Z' };
      await first().manage('POST', '/prices', price);
      await first().model('m', [upstream.url]);
    }, 60_000);
    afterEach(() => clock.stepTo(0));
    afterAll(async () => {
      await Promise.all(gateways.map((gateway) => gateway.stop()));
      await upstream?.close();
      clock.remove();
    });

    const first = (): GatewayProcess => gateways[0] as GatewayProcess;
    let calls = 0;
    const call = async (key: string, gateway = first()): Promise<Response> => {
      const response = await gateway.chat(key, EXACT_CALL, {
        headers: { 'x-request-id': `step-${(calls += 1)}-whole` },
      });
      await response.arrayBuffer();
      return response;
    };
    /** Calls until a budget refuses; answers how many went through. */
    const spendUp = async (key: string): Promise<number> => {
      for (let through = 0; through < 40; through += 1) {
        const { status } = await call(key, gateways[through % gateways.length]);
        if (status === 402) return through;
        expect(status).toBe(200);
      }
      throw new Error('no budget refused');
    };

    it('loses nothing, doubles nothing, and measures no time that never passed', async () => {
      const random = seeded(freshSeed(`clock steps on the ${home.kind} home`));
      const { key, api_key } = await first().key({ daily_budget: 100, monthly_budget: 1000, rpm_limit: 1_000_000 });
      await allKnow(gateways, key);
      const load = new LoadOfCalls({
        url: () => gateways[Math.floor(random() * gateways.length)]?.url ?? '',
        ...{ keys: [key], name: 'clock', random, callers: 10 },
      });
      for (const step of STEPS_MS) {
        await sleep(400 + random() * 600);
        await clock.stepTo(step);
      }
      await sleep(500);
      await load.stop();
      const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = home.env;
      const books = { gateway: first(), upstream, seen: load.seen, databaseUrl, redisUrl };
      const records = await expectTrueLedger({ ...books, keyIds: [api_key.id] });
      expect(new Set(load.statuses().keys())).toEqual(new Set([0, 200, 400, 502]));
      const days = new Set(records.map(({ spend_day: day }) => day));
      expect(days.size).toBeGreaterThanOrEqual(4);
      const wrong = ({ duration_ms: ms, ttft_ms: ttft, upstream_ms: upstreamMs }: CallRecord): boolean =>
        ms < 0 || ms > 60_000 || (ttft ?? 0) < 0 || (upstreamMs ?? 0) < 0;
      expect(records.filter(wrong)).toEqual([]);
    }, 60_000);

    it('gives a budget to each day once, however often the clock shows it', async () => {
      const { key } = await first().key({ daily_budget: usd(10) });
      await allKnow(gateways, key);
      const today = await spendUp(key);
      expect(today * CALL_NANO).toBeGreaterThan(0);
      await clock.stepTo(DAY_MS);
      expect(await spendUp(key)).toBeGreaterThan(0);
      await clock.stepTo(0);
      expect(await spendUp(key)).toBeLessThanOrEqual(2);
      await clock.stepTo(DAY_MS);
      expect(await spendUp(key)).toBeLessThanOrEqual(2);
      await clock.stepTo(2 * DAY_MS);
      expect(await spendUp(key)).toBeGreaterThan(0);
    }, 60_000);

    it('neither lifts a limit nor locks anybody out', async () => {
      const { key } = await first().key({ rpm_limit: 3, concurrency_limit: 2 });
      await allKnow(gateways, key);
      for (let i = 0; i < 3; i += 1) expect((await call(key)).status).toBe(200);
      for (const step of [5 * HOUR_MS, -5 * HOUR_MS, 0]) {
        await clock.stepTo(step);
        const refused = await call(key);
        expect(refused.status).toBe(429);
        expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(61);
      }
      const other = (await first().key({ concurrency_limit: 1 })).key;
      await allKnow(gateways, other);
      for (const step of [5 * HOUR_MS, -5 * HOUR_MS, 0]) {
        await clock.stepTo(step);
        expect((await call(other)).status).toBe(200);
      }
    }, 60_000);
  });
});

(HAS_SERVERS ? describe : describe.skip)('the wall clock set back after an outage of the database', () => {
  it('does not prolong what the outage had closed', async () => {
    const clock = new SteppedClock();
    const database = await ServerDatabase.create();
    const url = new URL(database.url);
    const gate = new TcpGate(url.hostname, Number(url.port));
    await gate.open();
    url.port = String(gate.port);
    const env = { ...clock.env, DATABASE_URL: url.href, OMNI_REGISTRY_POLL_MS: '200', OMNI_HEALTH_CHECKS: 'false' };
    const gateway = await GatewayProcess.start({ env });
    try {
      const { key } = await gateway.key();
      await gate.shut();
      await eventually(async () => (await gateway.chat(key, EXACT_CALL)).status === 503);
      await clock.stepTo(-5 * HOUR_MS);
      await gate.open();
      // There is no model: whoever is told so was let in.
      await eventually(async () => (await gateway.chat(key, EXACT_CALL)).status === 404, 10_000);
    } finally {
      await gateway.stop();
      await gate.shut();
      await database.drop();
      clock.remove();
    }
  }, 60_000);
});

import { setTimeout as sleep } from 'node:timers/promises';
import { ThrowawayRedis } from '../integration/counters/throwaway-redis.js';
import { allKnow, sellModel } from '../support/budgeted-gateways.js';
import { HAS_REDIS_PROGRAM, HAS_SERVERS, ServerDatabase } from '../support/gateway-home.js';
import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { LoadOfCalls, type Seen } from '../support/load-of-calls.js';
import { freshSeed, seeded } from '../support/seeded-random.js';
import { TallyingUpstream } from '../support/tallying-upstream.js';
import { expectTrueLedger } from '../support/true-ledger.js';

const CALLERS = 16;
/** What no caller may wait longer than, whatever Redis does: room for a busy machine included. */
const PATIENCE_MS = 6_000;

(HAS_SERVERS && HAS_REDIS_PROGRAM ? describe : describe.skip)('Redis frozen, killed and emptied under load', () => {
  let database: ServerDatabase;
  let redis: ThrowawayRedis;
  let upstream: TallyingUpstream;
  let gateways: GatewayProcess[] = [];

  beforeAll(async () => {
    [database, redis, upstream] = await Promise.all([
      ServerDatabase.create(),
      ThrowawayRedis.start(),
      TallyingUpstream.start(),
    ]);
    const env = {
      ...{ DATABASE_URL: database.url, REDIS_URL: redis.url },
      ...{ OMNI_HEALTH_CHECKS: 'false', OMNI_LOG_CALLS: 'false', OMNI_PASSIVE_THRESHOLD: '1000' },
    };
    for (let i = 0; i < 2; i += 1) gateways.push(await GatewayProcess.start({ env }));
    await sellModel(gateways[0] as GatewayProcess, upstream.server);
  }, 90_000);
  afterAll(async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    gateways = [];
    await upstream?.close();
    await redis?.end();
    await database?.drop();
  });

  const countersUp = (gateway: GatewayProcess): Promise<unknown> =>
    eventually(async () => {
      const { checks } = (await (await fetch(`${gateway.url}/health/ready`)).json()) as {
        checks: Record<string, { status: string }>;
      };
      return checks['counters']?.status === 'up';
    }, 15_000);

  it('never fails a call for it, keeps nobody waiting, and comes back with the figures of the ledger', async () => {
    const first = gateways[0] as GatewayProcess;
    const random = seeded(freshSeed('Redis under load'));
    const budgeted = await first.key({ daily_budget: 100, monthly_budget: 1000 });
    const limited = await first.key({ rpm_limit: 1_000_000, tpm_limit: 100_000_000, concurrency_limit: 1_000 });
    for (const { key } of [budgeted, limited]) await allKnow(gateways, key);
    const url = (): string => gateways[Math.floor(random() * gateways.length)]?.url ?? '';
    const loads = [budgeted, limited].map(
      ({ key }, i) => new LoadOfCalls({ url, keys: [key], name: `redis${i}`, random, callers: CALLERS / 2 }),
    );

    await sleep(1_000);
    redis.freeze();
    await sleep(4_000);
    redis.thaw();
    await sleep(1_500);
    await redis.kill();
    await sleep(2_000);
    await redis.start();
    await sleep(1_500);
    for (let flush = 0; flush < 3; flush += 1) {
      await sleep(500 + random() * 1_000);
      await redis.flush();
    }
    await sleep(1_500);
    await Promise.all(loads.map((load) => load.stop()));
    for (const gateway of gateways) await countersUp(gateway);

    const [ofBudget, ofLimits] = loads as [LoadOfCalls, LoadOfCalls];
    const slowest = [ofBudget, ofLimits].map((load) => Math.round(load.slowestMs()));
    console.log(`slowest call with a budget and with limits only, ms: ${slowest.join(', ')}`);
    expect(Math.max(ofBudget.slowestMs(), ofLimits.slowestMs())).toBeLessThan(PATIENCE_MS);
    // A hard budget is closed while nobody can count it; limits are decided locally, and nobody notices.
    expect(new Set(ofBudget.statuses().keys())).toEqual(new Set([0, 200, 400, 502, 503]));
    expect(new Set(ofLimits.statuses().keys())).toEqual(new Set([0, 200, 400, 502]));
    const seen = new Map<string, Seen>([...ofBudget.seen, ...ofLimits.seen]);
    expect([...seen].filter(([, { status, left }]) => status === 0 && !left)).toEqual([]);

    await expectTrueLedger({
      ...{ gateway: first, upstream, seen, databaseUrl: database.url, redisUrl: redis.url },
      keyIds: [budgeted.api_key.id],
    });
    // No slot is left taken: the last one can be had.
    await first.manage('PATCH', `/keys/${limited.api_key.id}`, { concurrency_limit: 1 });
    await sleep(1_000);
    const response = await first.chat(limited.key, QUESTION, { headers: { 'x-request-id': 'after-1-whole' } });
    expect(response.status).toBe(200);
  }, 90_000);

  it('goes on with what a budget has left when Redis is emptied, and does not overrun it', async () => {
    const first = gateways[0] as GatewayProcess;
    const random = seeded(freshSeed('budgets in an emptied Redis'));
    const budgetNano = 8_000_000;
    const { key, api_key } = await first.key({ daily_budget: budgetNano / 1e9, monthly_budget: 1 });
    await allKnow(gateways, key);
    const load = new LoadOfCalls({
      url: () => gateways[Math.floor(random() * gateways.length)]?.url ?? '',
      ...{ keys: [key], name: 'tight', random, callers: CALLERS, behaviours: ['slow', 'drip', 'mute'] },
    });
    await eventually(() => load.calls > 100, 10_000);
    await redis.flush();
    await eventually(() => (load.statuses().get(402) ?? 0) > 100, 20_000);
    await load.stop();
    await expectTrueLedger({
      ...{ gateway: first, upstream, seen: load.seen, databaseUrl: database.url, redisUrl: redis.url },
      keyIds: [api_key.id],
    });
    const [row] = await database.query<{ spent: string }>(
      `SELECT sum(cost_nano)::text AS spent FROM spend_totals WHERE subject_id = $1`,
      [api_key.id],
    );
    expect(Number(row?.spent)).toBeLessThanOrEqual(budgetNano);
  }, 60_000);
});

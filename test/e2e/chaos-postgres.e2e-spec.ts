import { setTimeout as sleep } from 'node:timers/promises';
import { allKnow, sellModel } from '../support/budgeted-gateways.js';
import { HAS_SERVERS } from '../support/gateway-home.js';
import { eventually, GatewayProcess } from '../support/gateway-process.js';
import { LoadOfCalls } from '../support/load-of-calls.js';
import { freshSeed, seeded } from '../support/seeded-random.js';
import { TallyingUpstream } from '../support/tallying-upstream.js';
import { HAS_POSTGRES_PROGRAM, ThrowawayPostgres } from '../support/throwaway-postgres.js';
import { expectTrueLedger } from '../support/true-ledger.js';

/** Longer than every pause and time-out on the way to the database, so that a longer outage shows nothing new. */
const OUTAGE_MS = Number(process.env['TEST_OUTAGE_MS'] ?? 60_000);
const FROZEN_MS = 4_000;
const KILLS = 3;
/** Transactions dawdle, so that a kill meets them in the middle. */
const DAWDLE = `
  CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.05 + 0.1 * random()); RETURN NULL; END $$;
  CREATE TRIGGER dawdle AFTER INSERT ON call_records FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
  CREATE TRIGGER dawdle AFTER INSERT OR UPDATE ON spend_totals FOR EACH STATEMENT EXECUTE FUNCTION dawdle()`;
const IN_TRANSACTION = `SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'`;

(HAS_SERVERS && HAS_POSTGRES_PROGRAM ? describe : describe.skip)('PostgreSQL stopped and killed under load', () => {
  let postgres: ThrowawayPostgres;
  let upstream: TallyingUpstream;
  const gateways: GatewayProcess[] = [];

  beforeAll(async () => {
    [postgres, upstream] = await Promise.all([ThrowawayPostgres.start(), TallyingUpstream.start()]);
    const env = {
      ...{ DATABASE_URL: postgres.url, REDIS_URL: process.env['TEST_REDIS_URL'] ?? '', OMNI_REDIS_TIMEOUT_MS: '3000' },
      ...{ OMNI_HEALTH_CHECKS: 'false', OMNI_LOG_CALLS: 'false', OMNI_PASSIVE_THRESHOLD: '1000' },
    };
    for (let i = 0; i < 2; i += 1) gateways.push(await GatewayProcess.start({ env }));
    await sellModel(gateways[0] as GatewayProcess, upstream.server);
  }, 90_000);
  afterAll(async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await upstream?.close();
    await postgres?.end();
  }, 60_000);

  /** Keeps two callers busy on each gateway while `chaos` goes on, and compares the books afterwards. */
  const throughout = async (name: string, chaos: (random: () => number) => Promise<void>): Promise<void> => {
    const first = gateways[0] as GatewayProcess;
    const random = seeded(freshSeed(name));
    const { key, api_key } = await first.key({ daily_budget: 100, monthly_budget: 1000, rpm_limit: 1_000_000 });
    await allKnow(gateways, key);
    const load = new LoadOfCalls({
      url: () => gateways[Math.floor(random() * gateways.length)]?.url ?? '',
      ...{ keys: [key], name, random, callers: 8, pauseMs: 60 },
    });
    await sleep(500);
    await chaos(random);
    await sleep(500);
    await load.stop();
    const began = performance.now();
    const { url: databaseUrl } = postgres;
    const redisUrl = process.env['TEST_REDIS_URL'];
    const books = { gateway: first, upstream, databaseUrl, redisUrl, keyIds: [api_key.id as string] };
    await expectTrueLedger({ ...books, seen: load.seen, withinMs: 30_000 });
    const figures = [Math.round(performance.now() - began), Math.round(load.slowestMs()), load.calls];
    console.log(
      `${name}: records complete after ${figures[0]} ms; slowest call ${figures[1]} ms of ${figures[2]} calls`,
    );
    // Nobody who is known was refused for it.
    expect(new Set(load.statuses().keys())).toEqual(new Set([0, 200, 400, 502]));
    expect([...load.seen].filter(([, { status, left }]) => status === 0 && !left)).toEqual([]);
    expect(load.slowestMs()).toBeLessThan(5_000);
  };

  it(
    'stopped: calls go on, and the ledger has each of them once when it is back',
    async () => {
      await throughout('stopped', async () => {
        await postgres.stop();
        await sleep(OUTAGE_MS);
        await postgres.start();
      });
    },
    120_000 + OUTAGE_MS,
  );

  it('frozen: the same', async () => {
    await throughout('frozen', async () => {
      postgres.freeze();
      await sleep(FROZEN_MS);
      postgres.thaw();
    });
  }, 120_000);

  it('killed in the middle of transactions: nothing is lost and nothing doubled', async () => {
    await postgres.query(DAWDLE);
    await throughout('killed', async (random) => {
      for (let kill = 0; kill < KILLS; kill += 1) {
        await eventually(async () => (await postgres.query(IN_TRANSACTION)).length > 0, 15_000);
        await sleep(random() * 120);
        await postgres.kill();
        await sleep(300);
        await postgres.start();
      }
    });
  }, 120_000);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { allKnow, sellModel } from '../support/budgeted-gateways.js';
import { describeEachHome } from '../support/gateway-home.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { LoadOfCalls } from '../support/load-of-calls.js';
import { freshSeed, seeded } from '../support/seeded-random.js';
import { TallyingUpstream } from '../support/tallying-upstream.js';
import { expectTrueLedger } from '../support/true-ledger.js';

const KILLS = 4;
/** A call whose answer has left is in the journal at the end of the same turn of the event loop; the rest is room for a busy machine. */
const TURN_MS = 500;

describe('kill -9 of gateways under load', () => {
  describeEachHome((home) => {
    const processes = home.kind === 'embedded' ? 1 : 3;
    const places: { dataDir: string; gateway: GatewayProcess | null }[] = [];
    let upstream: TallyingUpstream;
    const start = (dataDir: string): Promise<GatewayProcess> =>
      GatewayProcess.start({
        dataDir,
        env: {
          ...home.env,
          OMNI_HEALTH_CHECKS: 'false',
          OMNI_LOG_CALLS: 'false',
          OMNI_PASSIVE_THRESHOLD: '1000',
          // The counters share two cores with everything else here: late is not away.
          OMNI_REDIS_TIMEOUT_MS: '3000',
        },
      });
    const living = (): GatewayProcess[] => places.flatMap(({ gateway }) => (gateway === null ? [] : [gateway]));
    const first = (): GatewayProcess => living()[0] as GatewayProcess;

    beforeAll(async () => {
      upstream = await TallyingUpstream.start();
      for (let i = 0; i < processes; i += 1) {
        const dataDir = mkdtempSync(join(tmpdir(), 'omni-chaos-'));
        places.push({ dataDir, gateway: await start(dataDir) });
      }
      await sellModel(first(), upstream.server);
    }, 120_000);
    afterAll(async () => {
      await Promise.all(living().map((gateway) => gateway.stop()));
      await upstream?.close();
      for (const { dataDir } of places) rmSync(dataDir, { recursive: true, force: true });
    });

    it('ends with a ledger that says what the upstream says it served, and budgets that say the same', async () => {
      const random = seeded(freshSeed(`kill -9 on the ${home.kind} home`));
      const { key, api_key } = await first().key({
        daily_budget: 100,
        monthly_budget: 1000,
        rpm_limit: 1_000_000,
        tpm_limit: 100_000_000,
      });
      await allKnow(living(), key);
      const load = new LoadOfCalls({
        url: () => {
          const all = living();
          return all[Math.floor(random() * all.length)]?.url ?? null;
        },
        ...{ keys: [key], name: 'kill', random, callers: 24 },
      });
      const killedAt: number[] = [];
      for (let kill = 0; kill < KILLS; kill += 1) {
        await sleep(500 + random() * 1000);
        const place = places[kill % places.length] as (typeof places)[number];
        const { gateway } = place;
        place.gateway = null;
        killedAt.push(performance.now());
        gateway?.kill('SIGKILL');
        await gateway?.exit();
        place.gateway = await start(place.dataDir);
      }
      await sleep(500);
      await load.stop();
      const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = home.env;
      const records = await expectTrueLedger({
        gateway: first(),
        upstream,
        seen: load.seen,
        databaseUrl,
        redisUrl,
        keyIds: [api_key.id],
      });

      expect(load.calls).toBeGreaterThan(400);
      const died = records.filter(({ outcome }) => outcome === 'died');
      // The kills met running calls; how many depends on how busy the machine lets the gateways be.
      expect(died.length).toBeGreaterThan(0);
      const answered = died.flatMap(({ request_id: id }) => {
        const seen = load.seen.get(id);
        return seen?.complete === true ? [seen.endedAt] : [];
      });
      console.log(`calls that died after their answer was whole: ${answered.length} of ${died.length}`);
      expect(answered.filter((at) => !killedAt.some((kill) => kill - at < TURN_MS && at - kill < TURN_MS))).toEqual([]);
      // What a dead call reserved is charged, and its record says so.
      expect(
        died.filter(({ usage_source: source, cost_nano_dollars: cost }) => source !== 'estimated' || cost === null),
      ).toEqual([]);
    }, 120_000);
  });
});

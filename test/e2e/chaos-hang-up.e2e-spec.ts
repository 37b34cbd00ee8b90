import { setTimeout as sleep } from 'node:timers/promises';
import { sellModel } from '../support/budgeted-gateways.js';
import { describeEachHome } from '../support/gateway-home.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { LoadOfCalls } from '../support/load-of-calls.js';
import { freshSeed, seeded } from '../support/seeded-random.js';
import { TallyingUpstream } from '../support/tallying-upstream.js';
import { expectTrueLedger } from '../support/true-ledger.js';

const LOAD_MS = 6_000;

describe('callers who hang up at random points', () => {
  describeEachHome((home) => {
    let upstream: TallyingUpstream;
    let gateway: GatewayProcess;

    beforeAll(async () => {
      upstream = await TallyingUpstream.start();
      const env = { ...home.env, OMNI_HEALTH_CHECKS: 'false', OMNI_LOG_CALLS: 'false', OMNI_PASSIVE_THRESHOLD: '1000' };
      gateway = await GatewayProcess.start({ dataDir: home.dataDir, env });
      await sellModel(gateway, upstream.server);
    }, 60_000);
    afterAll(async () => {
      await gateway?.stop();
      await upstream?.close();
    });

    it('are charged with the usage that was seen, else with the prompt and what was delivered', async () => {
      const random = seeded(freshSeed(`hang-ups on the ${home.kind} home`));
      const { key, api_key } = await gateway.key({
        daily_budget: 100,
        monthly_budget: 1000,
        rpm_limit: 1_000_000,
        concurrency_limit: 1_000,
      });
      const load = new LoadOfCalls({
        ...{ url: () => gateway.url, keys: [key], name: 'leave', random, callers: 24 },
        leaving: 0.4,
        behaviours: ['slow', 'drip', 'drip', 'mute', 'stream', 'break', 'silent', 'whole'],
      });
      await sleep(LOAD_MS);
      await load.stop();
      const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = home.env;
      const records = await expectTrueLedger({
        gateway,
        upstream,
        seen: load.seen,
        databaseUrl,
        redisUrl,
        keyIds: [api_key.id],
      });
      expect(load.calls).toBeGreaterThan(300);
      const hungUp = records.filter(({ outcome }) => outcome === 'hung_up');
      const sources = new Set(hungUp.map(({ usage_source: source }) => source));
      expect(hungUp.length).toBeGreaterThan(load.calls / 10);
      expect(sources).toContain('counted');
      expect(records.filter(({ outcome }) => outcome === 'broken').length).toBeGreaterThan(0);
    }, 60_000);
  });
});

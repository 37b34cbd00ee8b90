import { setTimeout as sleep } from 'node:timers/promises';
import { allKnow, sellModel } from '../support/budgeted-gateways.js';
import { HAS_SERVERS, ServerDatabase } from '../support/gateway-home.js';
import { eventually, GatewayProcess } from '../support/gateway-process.js';
import { LoadOfCalls } from '../support/load-of-calls.js';
import { freshSeed, seeded } from '../support/seeded-random.js';
import { SmallDisk } from '../support/small-disk.js';
import { TallyingUpstream } from '../support/tallying-upstream.js';
import { expectTrueLedger } from '../support/true-ledger.js';

const FILLS = 3;

describe('the disk under the journal filled under load', () => {
  // Only root may make one; the same states on an injected disk are in journal.spec.ts.
  const disk = HAS_SERVERS ? SmallDisk.mount(24) : null;
  let database: ServerDatabase;
  let upstream: TallyingUpstream;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    if (disk === null) return;
    [database, upstream] = await Promise.all([ServerDatabase.create(), TallyingUpstream.start()]);
    gateway = await GatewayProcess.start({
      dataDir: disk.directory,
      env: {
        ...{
          DATABASE_URL: database.url,
          REDIS_URL: process.env['TEST_REDIS_URL'] ?? '',
          OMNI_REDIS_TIMEOUT_MS: '3000',
        },
        ...{ OMNI_HEALTH_CHECKS: 'false', OMNI_LOG_CALLS: 'false', OMNI_PASSIVE_THRESHOLD: '1000' },
      },
    });
    await sellModel(gateway, upstream.server);
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    await upstream?.close();
    await database?.drop();
    disk?.unmount();
  });

  const ready = async (): Promise<number> => (await fetch(`${gateway.url}/health/ready`)).status;

  (disk === null ? it.skip : it)(
    'refuses new calls, accounts for those under way, and takes calls again when there is room',
    async () => {
      const random = seeded(freshSeed('a full disk'));
      const { key, api_key } = await gateway.key({ daily_budget: 100, monthly_budget: 1000 });
      await allKnow([gateway], key);
      const load = new LoadOfCalls({ url: () => gateway.url, keys: [key], name: 'disk', random, callers: 16 });
      for (let fill = 0; fill < FILLS; fill += 1) {
        await sleep(500 + random() * 500);
        disk?.fill();
        await eventually(async () => (await ready()) === 503, 10_000);
        await sleep(500 + random() * 1_000);
        expect((await fetch(`${gateway.url}/health/live`)).status).toBe(200);
        disk?.makeRoom();
        const roomSince = performance.now();
        await eventually(async () => (await ready()) === 200, 10_000);
        console.log(`ready again ${Math.round(performance.now() - roomSince)} ms after there is room`);
      }
      await sleep(500);
      await load.stop();
      await expectTrueLedger({
        ...{ gateway, upstream, seen: load.seen, databaseUrl: database.url, redisUrl: process.env['TEST_REDIS_URL'] },
        keyIds: [api_key.id],
      });
      expect(load.statuses().get(503)).toBeGreaterThan(FILLS);
      expect(new Set(load.statuses().keys())).toEqual(new Set([0, 200, 400, 502, 503]));
    },
    60_000,
  );
});

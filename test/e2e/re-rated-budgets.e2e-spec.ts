import { setTimeout as sleep } from 'node:timers/promises';
import { allKnow, EXACT_ANSWER, EXACT_CALL, sellModel, usd } from '../support/budgeted-gateways.js';
import { omnigate } from '../support/command.js';
import { HAS_SERVERS, ServerDatabase } from '../support/gateway-home.js';
import { eventually, GatewayProcess } from '../support/gateway-process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';

const onServers = HAS_SERVERS ? describe : describe.skip;
describe('on the embedded home', () => follow({ database: false, redis: false, processes: 1 }));
onServers('on PostgreSQL, two gateways with counters of their own', () =>
  follow({ database: true, redis: false, processes: 2 }),
);
onServers('on PostgreSQL and Redis, three gateways', () => follow({ database: true, redis: true, processes: 3 }));

/** Longest time until a replica has heard of a correction. */
const HEARD_MS = 1000;

function follow(home: { database: boolean; redis: boolean; processes: number }): void {
  const gateways: GatewayProcess[] = [];
  let upstream: ScriptedUpstream;
  let database: ServerDatabase | null = null;
  let env: Record<string, string>;

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    upstream.willAnswer(EXACT_ANSWER);
    if (home.database) database = await ServerDatabase.create();
    env = {
      OMNI_HEALTH_CHECKS: 'false',
      OMNI_REDIS_TIMEOUT_MS: '3000',
      ...(database !== null && { DATABASE_URL: database.url }),
      ...(home.redis && { REDIS_URL: process.env['TEST_REDIS_URL'] ?? '' }),
    };
    for (let i = 0; i < home.processes; i += 1) gateways.push(await GatewayProcess.start({ env }));
    await sellModel(gateways[0] as GatewayProcess, upstream);
  }, 90_000);
  afterAll(async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await upstream?.close();
    await database?.drop();
  }, 60_000);

  const spendAfterCall = async (gateway: GatewayProcess, key: string): Promise<(string | null)[]> => {
    const { status, headers } = await gateway.chat(key, EXACT_CALL);
    expect(status).toBe(200);
    return ['key-daily', 'key-monthly', 'org-daily'].map((budget) => headers.get(`x-budget-${budget}-spend`));
  };

  it('budgets follow when calls are charged anew, up and down, on every replica', async () => {
    const [first] = gateways as [GatewayProcess];
    const org = await first.manage('POST', '/orgs', { name: 're-rated', daily_budget: 1 });
    const project = await first.manage('POST', '/projects', { name: 'p', org_id: org.id });
    const { key } = await first.key({ project_id: project.id, daily_budget: 1, monthly_budget: 2 });
    await allKnow(gateways, key);
    const span = {
      from: new Date(Date.now() - 600_000).toISOString(),
      to: new Date(Date.now() + 600_000).toISOString(),
    };
    const [{ id: priceId }] = (await first.manage('GET', '/prices')).data;
    const setPrice = async (price: string): Promise<void> => {
      await first.manage('PATCH', `/prices/${priceId}`, { input: price, output: price });
      await sleep(HEARD_MS);
    };

    // Four calls by each at one dollar, then corrected to two.
    let calls = 0;
    for (const gateway of gateways) {
      for (let i = 0; i < 4; i += 1) await spendAfterCall(gateway, key);
      await recorded((calls += 4));
    }
    await setPrice('2');
    expect(await first.manage('POST', '/usage/re-rate', span)).toMatchObject({ adjusted: calls });
    await sleep(HEARD_MS);
    for (const [i, gateway] of gateways.entries()) {
      // Counters of their own began at what the ledger said of the gateways before, and miss the calls of those after.
      const expected = usd(home.redis ? 2 * calls + 2 * (i + 1) : 4 * (i + 1) + calls + 2);
      expect(await spendAfterCall(gateway, key)).toEqual([expected, expected, expected]);
    }

    // And down again to half a dollar, by the command where there is a database for it.
    await recorded(calls + gateways.length);
    await setPrice('0.5');
    if (database === null) await first.manage('POST', '/usage/re-rate', span);
    else {
      const { code, stderr } = await omnigate(['usage', 're-rate', '--from', span.from, '--to', span.to], env);
      expect({ code, stderr }).toMatchObject({ code: 0 });
    }
    await sleep(HEARD_MS);
    const half = home.redis || gateways.length === 1 ? (calls + gateways.length) / 2 : null;
    if (half === null) return;
    for (const [i, gateway] of gateways.entries()) {
      const expected = usd(half + 0.5 * (i + 1));
      expect(await spendAfterCall(gateway, key)).toEqual([expected, expected, expected]);
    }
  }, 60_000);

  async function recorded(count: number): Promise<void> {
    await eventually(async () => {
      const [first] = gateways as [GatewayProcess];
      const page = await first.manage('GET', '/usage?limit=1000&outcome=ok');
      return page.data.length >= count;
    }, 10_000);
  }
}

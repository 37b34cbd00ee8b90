import { setTimeout as sleep } from 'node:timers/promises';
import {
  CALL_TOKENS,
  EXACT_ANSWER,
  EXACT_CALL,
  Gate,
  sellModel,
  sendAtOnce,
  usd,
  withStatus,
} from '../support/budgeted-gateways.js';
import { eventually, GatewayProcess } from '../support/gateway-process.js';
import { HAS_SERVERS, ServerDatabase } from '../support/gateway-home.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';

const CALLS = 500;
const ROOM = 37;

describe('the embedded gateway', () => exactWith('embedded', 1));
(HAS_SERVERS ? describe : describe.skip)('one gateway on PostgreSQL and Redis', () => exactWith('servers', 1));
(HAS_SERVERS ? describe : describe.skip)('three gateways on PostgreSQL and Redis', () => exactWith('servers', 3));

function exactWith(home: 'embedded' | 'servers', processes: number): void {
  const gateways: GatewayProcess[] = [];
  let upstream: ScriptedUpstream;
  let database: ServerDatabase | null = null;

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    if (home === 'servers') database = await ServerDatabase.create();
    const servers = { DATABASE_URL: database?.url ?? '', REDIS_URL: process.env['TEST_REDIS_URL'] ?? '' };
    // Two shared cores serve everything at once here: the counters may answer late, which must not make them "away".
    const env = { OMNI_HEALTH_CHECKS: 'false', OMNI_REDIS_TIMEOUT_MS: '3000', ...(database !== null && servers) };
    for (let i = 0; i < processes; i += 1) gateways.push(await GatewayProcess.start({ env }));
    await sellModel(first(), upstream);
  }, 90_000);
  beforeEach(() => {
    upstream.calls.length = 0;
    upstream.willAnswer(EXACT_ANSWER);
  });
  afterAll(async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await upstream?.close();
    await database?.drop();
  }, 60_000);

  const first = (): GatewayProcess => gateways[0] as GatewayProcess;

  /** The key, known to every process, and its calls to the model everywhere. */
  async function keyWith(fields: Record<string, unknown>, place: Record<string, unknown> = {}): Promise<string> {
    const project = await first().manage('POST', '/projects', { name: `p${Math.random()}`, ...place });
    const { key } = await first().key({ project_id: project.id, ...fields });
    for (const gateway of gateways) {
      await eventually(async () => (await gateway.chat(key, { ...EXACT_CALL, model: 'none' })).status === 404);
      await eventually(async () => (await models(gateway, key)).includes('m'));
    }
    return key;
  }

  it.each([
    ['a daily budget of the key', { daily_budget: usd(ROOM) }, {}],
    ['a monthly budget of the project', {}, { monthly_budget: usd(ROOM) }],
  ])(
    'lets exactly as many of 500 calls through as fit %s',
    async (_what, fields, place) => {
      const key = await keyWith(fields, place);
      const answers = await sendAtOnce(gateways, key, CALLS);
      expect(withStatus(answers, 200)).toBe(ROOM);
      expect(withStatus(answers, 402)).toBe(CALLS - ROOM);
      expect(upstream.calls).toHaveLength(ROOM);
    },
    60_000,
  );

  it.each([
    ['requests', { rpm_limit: ROOM }],
    ['tokens', { tpm_limit: ROOM * CALL_TOKENS }],
    ['requests on the model', { model_limits: { m: { rpm: ROOM } } }],
  ])(
    'lets exactly as many of 500 calls through as the limit of %s allows',
    async (_what, fields) => {
      const key = await keyWith(fields);
      const answers = await sendAtOnce(gateways, key, CALLS);
      expect(withStatus(answers, 200)).toBe(ROOM);
      expect(withStatus(answers, 429)).toBe(CALLS - ROOM);
      const waits = answers.filter(({ status }) => status === 429).map(({ headers }) => headers.get('retry-after'));
      for (const wait of waits) expect(Number(wait)).toBeGreaterThanOrEqual(1);
      for (const wait of waits) expect(Number(wait)).toBeLessThanOrEqual(61);
    },
    60_000,
  );

  it('lets exactly as many of 500 calls run at the same time as there are slots, and takes every slot back', async () => {
    const key = await keyWith({ concurrency_limit: ROOM });
    const gate = new Gate();
    upstream.will(gate.script);
    let refused = 0;
    const sent = sendAtOnce(gateways, key, CALLS, (status) => (refused += status === 429 ? 1 : 0));
    await eventually(() => refused === CALLS - ROOM, 30_000);
    await upstream.received(ROOM, 20_000);
    expect(upstream.calls).toHaveLength(ROOM);
    gate.open();
    expect(withStatus(await sent, 200)).toBe(ROOM);
    const held = new Gate();
    upstream.calls.length = 0;
    upstream.will(held.script);
    const again = sendAtOnce(gateways, key, ROOM);
    await upstream.received(ROOM, 20_000);
    held.open();
    expect(withStatus(await again, 200)).toBe(ROOM);
  }, 60_000);

  it('lets exactly one of 20 calls through at a budget with room for one', async () => {
    const key = await keyWith({ daily_budget: usd(1) });
    expect(withStatus(await sendAtOnce(gateways, key, 20), 200)).toBe(1);
    expect(withStatus(await sendAtOnce(gateways, key, 20), 200)).toBe(0);
  });

  it('tells the truth in retry-after: who waits that long is admitted (slow)', async () => {
    const key = await keyWith({ rpm_limit: 1 });
    expect((await first().chat(key, EXACT_CALL)).status).toBe(200);
    const refused = await last(gateways).chat(key, EXACT_CALL);
    expect(refused.status).toBe(429);
    const seconds = Number(refused.headers.get('retry-after'));
    const ms = Number(refused.headers.get('retry-after-ms'));
    expect(seconds).toBeGreaterThan(50);
    expect(seconds).toBeLessThanOrEqual(61);
    expect(ms).toBeLessThanOrEqual(seconds * 1000);
    if (processes !== 1) return;
    await sleep(ms - 3_000);
    expect((await first().chat(key, EXACT_CALL)).status).toBe(429);
    await sleep(3_050);
    expect((await first().chat(key, EXACT_CALL)).status).toBe(200);
  }, 90_000);
}

const last = (gateways: readonly GatewayProcess[]): GatewayProcess => gateways.at(-1) as GatewayProcess;

async function models(gateway: GatewayProcess, key: string): Promise<string[]> {
  const response = await fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  const body = (await response.json()) as { data?: { id: string }[] };
  return (body.data ?? []).map(({ id }) => id);
}

import { setTimeout as sleep } from 'node:timers/promises';
import {
  allKnow,
  CALL_NANO,
  EXACT_ANSWER,
  EXACT_CALL,
  Gate,
  PROMPT_TOKENS,
  sellModel,
  sendAtOnce,
  usd,
  withStatus,
} from '../support/budgeted-gateways.js';
import { eventually, GatewayProcess } from '../support/gateway-process.js';
import { describeEachHome, HAS_REDIS_PROGRAM, HAS_SERVERS, ServerDatabase } from '../support/gateway-home.js';
import { chunk, DONE, ScriptedUpstream, STREAM } from '../support/scripted-upstream.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';
import { ThrowawayRedis } from '../integration/counters/throwaway-redis.js';

const ENV = { OMNI_HEALTH_CHECKS: 'false', OMNI_URL_ALLOW_LIST: '127.0.0.1', OMNI_REDIS_TIMEOUT_MS: '2000' };
const ASK = { ...EXACT_CALL, stream: true };

/** The calls a key can still make: sends them one after the other until one is refused. */
async function callsLeft(gateway: GatewayProcess, key: string, most = 20): Promise<number> {
  for (let calls = 0; calls < most; calls += 1) {
    const { status } = await gateway.chat(key, EXACT_CALL);
    if (status === 402) return calls;
    if (status !== 200) throw new Error(`answered ${status}`);
  }
  return most;
}

const spendOf = (response: Response, budget = 'key-daily'): string | null =>
  response.headers.get(`x-budget-${budget}-spend`);

/** Log lines of events, oldest first. */
function eventLines(gateway: GatewayProcess): any[] {
  return gateway.stdout
    .split('\n')
    .filter((line) => line.includes('"budget threshold"'))
    .map((line) => JSON.parse(line) as object);
}

describeEachHome((home) => {
  describe('budgets', () => {
    let gateway: GatewayProcess;
    let upstream: ScriptedUpstream;
    let receiver: WebhookReceiver;

    const start = () => GatewayProcess.start({ env: { ...ENV, ...home.env }, dataDir: home.dataDir });
    beforeAll(async () => {
      upstream = await ScriptedUpstream.start();
      receiver = await WebhookReceiver.start();
      gateway = await start();
      await sellModel(gateway, upstream);
    }, 60_000);
    beforeEach(() => void upstream.willAnswer(EXACT_ANSWER));
    afterAll(async () => {
      await gateway?.stop();
      await upstream?.close();
      await receiver?.close();
    });

    /** A key with an organisation and a project of its own. */
    async function tenant(fields: { org?: object; project?: object; key?: object } = {}) {
      const name = `t${Math.random()}`;
      const org = await gateway.manage('POST', '/orgs', { name, ...fields.org });
      const project = await gateway.manage('POST', '/projects', { name, org_id: org.id, ...fields.project });
      const { key, api_key } = await gateway.key({ project_id: project.id, ...fields.key });
      return { key, keyId: api_key.id as string, orgId: org.id as string, projectId: project.id as string };
    }

    it('refuse with a 402 that says which, how much and what it was about', async () => {
      const { key } = await tenant({ key: { daily_budget: usd(1.5) } });
      expect((await gateway.chat(key, EXACT_CALL)).status).toBe(200);
      const refused = await gateway.chat(key, EXACT_CALL);
      expect(refused.status).toBe(402);
      expect(refused.headers.get('retry-after')).toBeNull();
      expect(refused.headers.get('x-should-retry')).toBe('false');
      expect(refused.headers.get('x-budget-key-daily-limit')).toBe('0.00003');
      expect(spendOf(refused)).toBe('0.00002');
      expect(await refused.json()).toEqual({
        error: {
          message:
            'The daily budget of the API key (0.00003 USD) would be exceeded: 0.00002 USD are spent or reserved, this call may cost up to 0.00002 USD.',
          type: 'budget_error',
          param: 'key_budget_daily',
          code: 'budget_exceeded',
        },
        request_id: refused.headers.get('x-request-id'),
      });
    });

    it('hold on every level, by day and by month, and are told in the headers', async () => {
      for (const [level, period] of [
        ['key', 'daily'],
        ['key', 'monthly'],
        ['project', 'daily'],
        ['project', 'monthly'],
        ['org', 'daily'],
        ['org', 'monthly'],
      ] as const) {
        const { key } = await tenant({ [level]: { [`${period}_budget`]: usd(2) } });
        const first = await gateway.chat(key, EXACT_CALL);
        expect(first.headers.get(`x-budget-${level}-${period}-limit`)).toBe('0.00004');
        expect(spendOf(first, `${level}-${period}`)).toBe('0.00002');
        const others = [...first.headers.keys()].filter((name) => name.startsWith('x-budget-'));
        expect(others).toHaveLength(2);
        expect(await callsLeft(gateway, key)).toBe(1);
      }
    });

    it('claim for all that counts as prompt, and for the cap the model itself sets', async () => {
      const { key } = await tenant({ key: { daily_budget: usd(1) } });
      const amount = async (body: object): Promise<number> => {
        const { error } = (await (await gateway.chat(key, body)).json()) as { error: { message: string } };
        return Math.round(Number(/may cost up to ([\d.]+) USD/.exec(error.message)?.[1]) * 1e9);
      };
      const long = { ...EXACT_CALL, max_tokens: 100 };
      const tool = { type: 'function', function: { name: 'f', description: 'd'.repeat(4000) } };
      expect(await amount(long)).toBe((PROMPT_TOKENS + 100) * 1000);
      expect(await amount({ ...long, tools: [tool] })).toBeGreaterThan((PROMPT_TOKENS + 1100) * 1000);
      await gateway.model('talkative', [upstream.url], {
        default_params: { max_tokens: 5000 },
        transforms: { system_prompt_prefix: 'p'.repeat(400) },
      });
      const { max_tokens: _cap, ...open } = { ...EXACT_CALL, model: 'talkative' };
      const claimed = await eventually(() => amount(open).then((nano) => (Number.isNaN(nano) ? null : nano)));
      expect(claimed).toBeGreaterThanOrEqual((PROMPT_TOKENS + 5099) * 1000);
      expect(claimed).toBeLessThanOrEqual((PROMPT_TOKENS + 5101) * 1000);
    });

    it('take changes at once, upwards and downwards, also beyond nine million dollars', async () => {
      const { key, keyId } = await tenant({ key: { daily_budget: usd(1) } });
      expect(await callsLeft(gateway, key)).toBe(1);
      await gateway.manage('PATCH', `/keys/${keyId}`, { daily_budget: usd(3) });
      expect(await callsLeft(gateway, key)).toBe(2);
      await gateway.manage('PATCH', `/keys/${keyId}`, { daily_budget: 100_000_000 });
      const rich = await gateway.chat(key, EXACT_CALL);
      expect(rich.status).toBe(200);
      expect(rich.headers.get('x-budget-key-daily-limit')).toBe('100000000');
      await gateway.manage('PATCH', `/keys/${keyId}`, { daily_budget: usd(4) });
      expect(await callsLeft(gateway, key)).toBe(0);
      await gateway.manage('PATCH', `/keys/${keyId}`, { daily_budget: 0 });
      expect((await gateway.chat(key, EXACT_CALL)).status).toBe(402);
      await gateway.manage('PATCH', `/keys/${keyId}`, { daily_budget: 'unlimited' });
      expect(await callsLeft(gateway, key, 3)).toBe(3);
    });

    describe('are settled', () => {
      it.each([
        ['refuses', 400],
        ['fails', 500],
      ])('to nothing when the upstream %s', async (_how, status) => {
        const { key } = await tenant({ key: { daily_budget: usd(1) } });
        upstream.willAnswer({ error: { message: 'no' } }, status);
        expect((await gateway.chat(key, EXACT_CALL)).status).not.toBe(402);
        upstream.willAnswer(EXACT_ANSWER);
        await eventually(async () => (await gateway.chat(key, EXACT_CALL)).status === 200, 2000);
        expect(await callsLeft(gateway, key)).toBe(0);
      });

      it('to nothing when the upstream never answers', async () => {
        const { key } = await tenant({ key: { daily_budget: usd(1) } });
        upstream.willHang();
        const late = await gateway.chat(key, EXACT_CALL, { headers: { 'x-omni-timeout-ms': '200' } });
        expect(late.status).toBe(504);
        upstream.willAnswer(EXACT_ANSWER);
        await eventually(async () => (await gateway.chat(key, EXACT_CALL)).status === 200, 2000);
      });

      it('to the prompt when the caller leaves before the answer', async () => {
        const { key } = await tenant({ key: { daily_budget: usd(100) } });
        upstream.willHang();
        const controller = new AbortController();
        const before = upstream.calls.length;
        const call = gateway.chat(key, EXACT_CALL, { signal: controller.signal }).catch(() => null);
        await upstream.received(before + 1);
        upstream.willAnswer(EXACT_ANSWER);
        const during = await gateway.chat(key, EXACT_CALL);
        // What the running call has reserved, and what this one cost.
        expect(spendOf(during)).toBe('0.00004');
        controller.abort();
        await call;
        let others = 1;
        await eventually(async () => {
          others += 1;
          return spendOf(await gateway.chat(key, EXACT_CALL)) === usd(others + PROMPT_TOKENS / 20);
        }, 1500);
      });

      it('to what was delivered and the prompt when the stream breaks', async () => {
        const { key } = await tenant({ key: { daily_budget: usd(100) } });
        upstream.willStream(STREAM, { cutAfter: 3 });
        await (await gateway.chat(key, ASK)).text();
        upstream.willAnswer(EXACT_ANSWER);
        let others = 0;
        await eventually(async () => {
          const spend = Math.round(Number(spendOf(await gateway.chat(key, EXACT_CALL))) * 1e9);
          others += CALL_NANO;
          return spend - others > PROMPT_TOKENS * 1000 && spend - others < CALL_NANO;
        }, 2000);
      });

      it('to what was counted when the upstream reports no usage', async () => {
        const { key } = await tenant({ key: { daily_budget: usd(100) } });
        const { usage: _none, ...silent } = EXACT_ANSWER;
        upstream.willAnswer(silent);
        const response = await gateway.chat(key, EXACT_CALL);
        expect(Number(spendOf(response)) * 1e9).toBeGreaterThan(PROMPT_TOKENS * 1000);
        expect(response.headers.get('x-omni-cost-usd')).toBe(spendOf(response));
      });

      it('to the usage the upstream reported, also where it is more than was claimed', async () => {
        const { key } = await tenant({ key: { daily_budget: usd(3) } });
        upstream.willAnswer({ ...EXACT_ANSWER, usage: { prompt_tokens: 40, completion_tokens: 0, total_tokens: 40 } });
        expect((await gateway.chat(key, EXACT_CALL)).status).toBe(200);
        upstream.willAnswer(EXACT_ANSWER);
        expect(await callsLeft(gateway, key)).toBe(1);
      });
    });

    it('rise while a stream runs past what it had claimed', async () => {
      const { key } = await tenant({ key: { daily_budget: usd(1000) } });
      const words = Array.from({ length: 30 }, () => chunk({ content: 'word '.repeat(40) }));
      upstream.willStream([...words, chunk({}, {}, 'stop'), DONE], { delayMs: 60 });
      const running = await gateway.chat(key, ASK);
      await running.body?.getReader().read();
      upstream.willAnswer(EXACT_ANSWER);
      let others = 0;
      await eventually(async () => {
        others += CALL_NANO;
        return Number(spendOf(await gateway.chat(key, EXACT_CALL))) * 1e9 - others > 20 * CALL_NANO;
      }, 1700);
    });

    it('count by the days of the time zone of the organisation', async () => {
      const buckets: string[] = [];
      for (const time_zone of ['Pacific/Kiritimati', 'Pacific/Pago_Pago']) {
        const { key, keyId } = await tenant({ org: { time_zone }, key: { daily_budget: usd(2) } });
        expect((await gateway.chat(key, EXACT_CALL)).status).toBe(200);
        const line = await eventually(() => eventLines(gateway).find((event) => event.key === keyId));
        const here = new Intl.DateTimeFormat('en-CA', { timeZone: time_zone, dateStyle: 'short' });
        expect(line.bucket).toBe(here.format(Date.now()));
        buckets.push(line.bucket as string);
      }
      expect(buckets[0]).not.toBe(buckets[1]);
    });

    it('raise one event for each percentage, with a log line, a metric and a webhook', async () => {
      const { key, keyId, orgId, projectId } = await tenant({
        org: { budget_webhook_url: receiver.url },
        key: { daily_budget: usd(10), budget_alert_percents: [10, 50, 100] },
      });
      const percents = () => eventLines(gateway).filter((event) => event.key === keyId);
      const told = () => receiver.events.filter(({ body }) => body.key === keyId);
      receiver.answers.push(500);
      expect((await gateway.chat(key, EXACT_CALL)).status).toBe(200);
      await eventually(() => percents().length === 1);
      for (let i = 0; i < 4; i += 1) await gateway.chat(key, EXACT_CALL);
      await eventually(() => percents().length === 2);
      expect(withStatus(await sendAtOnce([gateway], key, 10), 200)).toBe(5);
      await eventually(() => percents().length === 3);
      expect(percents().map(({ percent }) => percent)).toEqual([10, 50, 100]);
      expect(percents()[2]).toMatchObject({
        level: 'warn',
        budget_level: 'key',
        org: orgId,
        project: projectId,
        key: keyId,
        period: 'daily',
        limit_usd: '0.0002',
        spend_usd: '0.0002',
      });
      // The first try was answered with a 500 and is made again.
      await eventually(() => told().length === 4, 8000);
      const ids = told().map(({ body }) => body.id as string);
      expect(new Set(ids).size).toBe(3);
      const full = told().find(({ body }) => body.percent === 100);
      expect(full).toMatchObject({
        path: '/hook?token=t',
        headers: { 'content-type': 'application/json', 'x-omni-event': 'budget.threshold' },
        body: {
          event: 'budget.threshold',
          org: orgId,
          project: projectId,
          key: keyId,
          level: 'key',
          period: 'daily',
          percent: 100,
          limit_usd: '0.0002',
          spend_usd: '0.0002',
        },
      });
      expect(await gateway.metrics()).toMatch(
        /gateway_budget_alerts_total\{level="key",period="daily",percent="100"\} [1-9]/,
      );
      await sleep(1000);
      expect(percents()).toHaveLength(3);
      expect(told()).toHaveLength(4);
    }, 30_000);

    it('try a webhook again in time that failed while another event came', async () => {
      const { key, keyId } = await tenant({
        org: { budget_webhook_url: receiver.url },
        key: { daily_budget: usd(10), budget_alert_percents: [10, 20] },
      });
      const told = () =>
        receiver.events.filter(({ body }) => body.key === keyId).map(({ body }) => body.percent as number);
      receiver.pauseMs = 1000;
      receiver.answers.push(500);
      await gateway.chat(key, EXACT_CALL);
      await eventually(() => told().length === 1);
      await gateway.chat(key, EXACT_CALL);
      await eventually(() => told().length === 3, 8000);
      expect(told().sort((a, b) => a - b)).toEqual([10, 10, 20]);
    }, 30_000);

    it('raise no event for what is only reserved', async () => {
      const { key, keyId } = await tenant({ key: { daily_budget: usd(10) } });
      upstream.willHang();
      const before = upstream.calls.length;
      const controller = new AbortController();
      const held = gateway.chat(key, { ...EXACT_CALL, max_tokens: 160 }, { signal: controller.signal });
      await upstream.received(before + 1);
      upstream.willAnswer(EXACT_ANSWER);
      expect(spendOf(await gateway.chat(key, EXACT_CALL))).toBe(usd((PROMPT_TOKENS + 180) / 20));
      await sleep(1200);
      controller.abort();
      await held.catch(() => null);
      expect(eventLines(gateway).filter((event) => event.key === keyId)).toEqual([]);
    });

    it('reach 100 % with the first refusal after all lower percentages', async () => {
      const { key, keyId } = await tenant({ key: { daily_budget: usd(1.2) } });
      expect(await callsLeft(gateway, key)).toBe(1);
      const percents = () => eventLines(gateway).filter((event) => event.key === keyId);
      await eventually(() => percents().length === 3);
      expect(percents().map(({ percent }) => percent)).toEqual([50, 80, 100]);
    });

    it('let calls pass when they are soft, and tell all the same', async () => {
      const { key, orgId, projectId } = await tenant({
        org: { budget_webhook_url: receiver.url },
        project: { monthly_budget: usd(2), budget_enforcement: 'soft', budget_alert_percents: [100, 200] },
      });
      expect(await callsLeft(gateway, key, 5)).toBe(5);
      const response = await gateway.chat(key, EXACT_CALL);
      expect(response.headers.get('x-budget-project-monthly-limit')).toBe('0.00004');
      expect(spendOf(response, 'project-monthly')).toBe('0.00012');
      const told = await eventually(() => {
        const events = receiver.events.map(({ body }) => body).filter(({ project }) => project === projectId);
        return events.length === 2 ? events : null;
      });
      expect(told.map(({ percent }) => percent as number).sort()).toEqual([100, 200]);
      expect(told[0]).toMatchObject({ org: orgId, level: 'project', period: 'monthly' });
      expect(told[0]).not.toHaveProperty('key');
    });

    it('keep what was spent through a restart', async () => {
      const { key } = await tenant({ key: { daily_budget: usd(5) }, project: { monthly_budget: usd(50) } });
      expect(withStatus(await sendAtOnce([gateway], key, 3), 200)).toBe(3);
      gateway.kill('SIGTERM');
      await gateway.exit();
      gateway = await start();
      expect(await callsLeft(gateway, key)).toBe(2);
    }, 60_000);

    it('keep what was spent, and what was reserved, when the process is killed', async () => {
      const { key, keyId } = await tenant({ key: { daily_budget: usd(5) } });
      expect(withStatus(await sendAtOnce([gateway], key, 2), 200)).toBe(2);
      upstream.willHang();
      const before = upstream.calls.length;
      const lost = gateway.chat(key, EXACT_CALL).catch(() => null);
      await upstream.received(before + 1);
      gateway.kill('SIGKILL');
      await gateway.exit();
      await lost;
      upstream.willAnswer(EXACT_ANSWER);
      gateway = await start();
      await eventually(async () => (await gateway.chat(key, EXACT_CALL)).status === 200, 10_000);
      expect(await callsLeft(gateway, key)).toBe(1);
      const died = await eventually(async () => {
        const { data } = await gateway.manage('GET', `/usage?key_id=${keyId}&limit=100`);
        const found = (data as any[]).filter(({ outcome }) => outcome === 'died');
        return found.length > 0 ? found : null;
      });
      expect(died).toHaveLength(1);
      expect(died[0]).toMatchObject({ usage_source: 'estimated', cost_nano_dollars: String(CALL_NANO) });
    }, 60_000);
  });
});

(HAS_SERVERS && HAS_REDIS_PROGRAM ? describe : describe.skip)('budgets shared by three gateways', () => {
  let database: ServerDatabase;
  let redis: ThrowawayRedis;
  let upstream: ScriptedUpstream;
  let receiver: WebhookReceiver;
  let gateways: GatewayProcess[] = [];

  beforeAll(async () => {
    database = await ServerDatabase.create();
    redis = await ThrowawayRedis.start();
    upstream = await ScriptedUpstream.start();
    receiver = await WebhookReceiver.start();
    const env = { ...ENV, DATABASE_URL: database.url, REDIS_URL: redis.url };
    const first = await GatewayProcess.start({ env });
    gateways = [first, await GatewayProcess.start({ env }), await GatewayProcess.start({ env })];
    await sellModel(first, upstream);
    upstream.willAnswer(EXACT_ANSWER);
  }, 90_000);
  afterAll(async () => {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await upstream?.close();
    await receiver?.close();
    await redis?.end();
    await database?.drop();
  }, 60_000);

  it('keep what was spent when Redis is emptied in the middle', async () => {
    const { key } = await (gateways[0] as GatewayProcess).key({ daily_budget: usd(30) });
    await sleep(1500);
    expect(withStatus(await sendAtOnce(gateways, key, 12), 200)).toBe(12);
    await redis.flush();
    const answers = await sendAtOnce(gateways, key, 60);
    expect(withStatus(answers, 200)).toBe(18);
    expect(withStatus(answers, 402)).toBe(42);
  }, 60_000);

  it('count what is under way when Redis is emptied in the middle', async () => {
    const { key } = await (gateways[0] as GatewayProcess).key({ daily_budget: usd(12) });
    await allKnow(gateways, key);
    const gate = new Gate();
    const before = upstream.calls.length;
    upstream.will((call, response) => gate.script(call, response));
    const held = sendAtOnce(gateways, key, 6);
    await upstream.received(before + 6);
    upstream.willAnswer(EXACT_ANSWER);
    await redis.flush();
    const answers = await sendAtOnce(gateways, key, 30);
    expect([withStatus(answers, 200), withStatus(answers, 402)]).toEqual([6, 24]);
    gate.open();
    expect(withStatus(await held, 200)).toBe(6);
    expect(await callsLeft(gateways[0] as GatewayProcess, key)).toBe(0);
  }, 60_000);

  it('raise each event once', async () => {
    const first = gateways[0] as GatewayProcess;
    const org = await first.manage('POST', '/orgs', { name: 'once', budget_webhook_url: receiver.url });
    const project = await first.manage('POST', '/projects', { name: 'once', org_id: org.id, daily_budget: usd(30) });
    const { key } = await first.key({ project_id: project.id });
    await sleep(1500);
    expect(withStatus(await sendAtOnce(gateways, key, 60), 200)).toBe(30);
    await eventually(() => receiver.events.length >= 3, 10_000);
    await sleep(2000);
    expect(receiver.events.map(({ body }) => body.percent as number).sort((a, b) => a - b)).toEqual([50, 80, 100]);
    const rows = await database.query<{ webhook_outcome: string }>(
      'SELECT webhook_outcome FROM budget_events WHERE org_id = $1',
      [org.id],
    );
    expect(rows).toEqual(Array.from({ length: 3 }, () => ({ webhook_outcome: 'delivered' })));
  }, 60_000);
});

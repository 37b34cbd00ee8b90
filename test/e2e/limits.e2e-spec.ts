import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { chunk, DONE, ScriptedUpstream, STREAM } from '../support/scripted-upstream.js';

describe('limits', () => {
  let gateway: GatewayProcess;
  let upstream: ScriptedUpstream;

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    gateway = await GatewayProcess.start({ env: { OMNI_HEALTH_CHECKS: 'false' } });
    await gateway.model('m', [upstream.url]);
  });
  afterAll(async () => {
    await gateway?.stop();
    await upstream?.close();
  });

  it('admits exactly as many calls as the limit of requests allows when 100 arrive together', async () => {
    upstream.willAnswer();
    const { key } = await gateway.key({ rpm_limit: 7 });
    const responses = await Promise.all(Array.from({ length: 100 }, () => gateway.chat(key, QUESTION)));
    const statuses = responses.map((response) => response.status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(7);
    expect(statuses.filter((status) => status === 429)).toHaveLength(93);
    const refused = responses.find((response) => response.status === 429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused?.headers.get('x-ratelimit-limit-requests')).toBe('7');
    expect(refused?.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    expect(await refused?.json()).toMatchObject({ error: { type: 'rate_limit_error', code: 'rate_limit_exceeded' } });
  });

  it('denies everything at 0 and nothing at "unlimited"', async () => {
    upstream.willAnswer();
    const none = await gateway.key({ rpm_limit: 0 });
    expect((await gateway.chat(none.key, QUESTION)).status).toBe(429);
    const all = await gateway.key({ rpm_limit: 'unlimited', tpm_limit: 'unlimited' });
    expect((await gateway.chat(all.key, QUESTION)).status).toBe(200);
  });

  it('settles tokens to what the upstream reported', async () => {
    upstream.willAnswer();
    const { key } = await gateway.key({ tpm_limit: 1000 });
    const first = await gateway.chat(key, { ...QUESTION, max_tokens: 500 });
    expect(Number(first.headers.get('x-ratelimit-remaining-tokens'))).toBeLessThan(500);
    await first.text();
    const second = await gateway.chat(key, { ...QUESTION, max_tokens: 500 });
    expect(second.status).toBe(200);
    // 18 tokens were used by the first call; the second holds its prompt and 500.
    expect(Number(second.headers.get('x-ratelimit-remaining-tokens'))).toBeGreaterThan(1000 - 18 - 500 - 30);
  });

  it('shows a second call the tokens of a running stream', async () => {
    const words = Array.from({ length: 20 }, () => chunk({ content: 'word '.repeat(40) }));
    upstream.willStream([...words, chunk({}, {}, 'stop'), DONE], { delayMs: 60 });
    const { key } = await gateway.key({ tpm_limit: 100_000 });
    const running = gateway.chat(key, { ...QUESTION, max_tokens: 10, stream: true });
    await (await running).body?.getReader().read();
    await sleep(900);
    upstream.willAnswer();
    const other = await gateway.chat(key, { ...QUESTION, max_tokens: 1 });
    expect(100_000 - Number(other.headers.get('x-ratelimit-remaining-tokens'))).toBeGreaterThan(300);
  });

  it('gives the slot back however the call ends', async () => {
    const { key } = await gateway.key({ concurrency_limit: 1 });
    upstream.willStream(STREAM, { stallAfter: 2 });
    const controller = new AbortController();
    const running = await gateway.chat(key, { ...QUESTION, stream: true }, { signal: controller.signal });
    await running.body?.getReader().read();
    upstream.willAnswer();
    expect((await gateway.chat(key, QUESTION)).status).toBe(429);
    controller.abort();
    await eventually(async () => (await gateway.chat(key, QUESTION)).status === 200);
    upstream.willAnswer({ error: { message: 'no' } }, 500);
    expect((await gateway.chat(key, QUESTION)).status).toBe(502);
    upstream.willAnswer();
    await eventually(async () => (await gateway.chat(key, QUESTION)).status === 200);
  });

  it('leaves a record of refused calls too', async () => {
    const { key } = await gateway.key({ rpm_limit: 0 });
    const response = await gateway.chat(key, QUESTION);
    const line = await gateway.callLine(response.headers.get('x-request-id') ?? '');
    expect(line).toMatchObject({ status: 429, error_kind: 'rate_limit_exceeded', attempts: 0 });
  });

  it('lets a lowered limit bite at once', async () => {
    upstream.willAnswer();
    const { key, api_key } = await gateway.key({ rpm_limit: 100 });
    expect((await gateway.chat(key, QUESTION)).status).toBe(200);
    await gateway.manage('PATCH', `/keys/${api_key.id}`, { rpm_limit: 1 });
    await eventually(async () => (await gateway.chat(key, QUESTION)).status === 429, 1000);
  });
});

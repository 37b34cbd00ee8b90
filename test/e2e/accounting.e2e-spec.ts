import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { ANSWER, ScriptedUpstream } from '../support/scripted-upstream.js';

describe('what a call leaves behind', () => {
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
  beforeEach(() => void upstream.willAnswer());

  const record = async (requestId: string): Promise<any> =>
    eventually(async () => (await gateway.manage('GET', `/usage?request_id=${requestId}`)).data[0]);

  it('carries one request id in the answer, the log, the record and the upstream’s header', async () => {
    const { key } = await gateway.key();
    const response = await gateway.chat(key, QUESTION, { headers: { 'x-request-id': 'my-id:42' } });
    expect(response.headers.get('x-request-id')).toBe('my-id:42');
    expect(upstream.calls.at(-1)?.headers['x-request-id']).toBe('my-id:42');
    expect(await gateway.callLine('my-id:42')).toMatchObject({ request_id: 'my-id:42' });
    expect(await record('my-id:42')).toMatchObject({ request_id: 'my-id:42' });
  });

  it('replaces a request id that is not sane', async () => {
    const { key } = await gateway.key();
    for (const id of ['a b', 'x'.repeat(129), '"quoted"']) {
      const response = await gateway.chat(key, QUESTION, { headers: { 'x-request-id': id } });
      expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('names model, backend, provider and key in the log line and counts the call in the metrics', async () => {
    const { key, api_key } = await gateway.key();
    const response = await gateway.chat(key, { ...QUESTION, omni_metadata: { team: 'search' } });
    const requestId = response.headers.get('x-request-id') ?? '';
    expect(await gateway.callLine(requestId)).toMatchObject({
      method: 'POST',
      path: '/v1/chat/completions',
      status: 200,
      model: 'm',
      backend: upstream.url,
      provider: 'openai-compatible',
      key_prefix: api_key.key_prefix,
      attempts: 1,
      fallback: false,
      stream: false,
      prompt_tokens: 10,
      completion_tokens: 8,
      total_tokens: 18,
      metadata: { team: 'search' },
      error_kind: null,
    });
    const line = await gateway.callLine(requestId);
    expect(line['input_hash']).toMatch(/^[0-9a-f]{64}$/);
    expect(gateway.stdout).not.toContain(QUESTION.messages[0]?.content);
    expect(gateway.stdout).not.toContain(key);
    const metrics = await gateway.metrics();
    expect(metrics).toMatch(/gateway_requests_total\{model="m",status_code="200",streaming="false"\} [1-9]/);
    expect(metrics).toContain(
      `gateway_backend_request_duration_seconds_count{model="m",backend_url="${upstream.url}"}`,
    );
    expect(metrics).toMatch(/gateway_overhead_seconds_count\{model="m"\} [1-9]/);
    expect(metrics).toMatch(/gateway_prompt_tokens_total\{model="m"\} [1-9]/);
  });

  it('leaves exactly one record, with tokens, timings, attempts and outcome', async () => {
    const { key, api_key } = await gateway.key();
    const ids = await Promise.all(
      Array.from({ length: 25 }, async () => (await gateway.chat(key, QUESTION)).headers.get('x-request-id')),
    );
    const all = await eventually(async () => {
      const { data } = await gateway.manage('GET', `/usage?key_id=${api_key.id}&limit=100`);
      return data.length >= 25 ? (data as any[]) : null;
    });
    expect(all.map((row) => row.request_id).sort()).toEqual([...ids].sort());
    for (const row of all) {
      expect(row).toMatchObject({
        outcome: 'ok',
        status: 200,
        model: 'm',
        upstream_model: 'upstream-model',
        attempts: 1,
        prompt_tokens: 10,
        completion_tokens: 8,
        total_tokens: 18,
        usage_source: 'upstream',
        finish_reason: 'stop',
        stream: false,
      });
      expect(row.duration_ms).toBeGreaterThan(0);
      expect(row.upstream_ms).toBeGreaterThan(0);
      expect(row.upstream_ms).toBeLessThanOrEqual(row.duration_ms);
    }
  });

  it.each([
    ['an unknown key', 401, 'invalid_api_key', { model: 'm' }],
    ['an unknown model', 404, 'model_not_found', { model: 'nope' }],
    ['a bad body', 400, 'invalid_request', { model: 17 }],
  ])('records a call refused for %s', async (what, status, kind, fields) => {
    const { key } = await gateway.key();
    const secret = what === 'an unknown key' ? 'og-unknown' : key;
    const response = await gateway.chat(secret, { ...QUESTION, ...fields });
    expect(response.status).toBe(status);
    const requestId = response.headers.get('x-request-id') ?? '';
    expect(await record(requestId)).toMatchObject({
      outcome: 'refused',
      status,
      error_kind: kind,
      attempts: 0,
      total_tokens: 0,
    });
    expect(await gateway.callLine(requestId)).toMatchObject({ status, error_kind: kind });
  });

  it('counts tokens itself where the upstream reports none, and says so', async () => {
    const { key } = await gateway.key();
    const { usage: _left, ...silent } = ANSWER;
    upstream.willAnswer(silent);
    const response = await gateway.chat(key, QUESTION);
    const row = await record(response.headers.get('x-request-id') ?? '');
    expect(row.usage_source).toBe('counted');
    expect(row.completion_tokens).toBeGreaterThan(0);
  });

  it.each([
    [{ prompt_tokens: -5, completion_tokens: 3, total_tokens: -2 }],
    [{ prompt_tokens: 1.5, completion_tokens: 'x' }],
    [{ prompt_tokens: 1e300, completion_tokens: 1, total_tokens: 1 }],
    ['a lot'],
    [null],
  ])('never records negative or absurd usage: %j', async (usage) => {
    const { key } = await gateway.key();
    upstream.willAnswer({ ...ANSWER, usage });
    const response = await gateway.chat(key, QUESTION);
    expect(response.status).toBe(200);
    const row = await record(response.headers.get('x-request-id') ?? '');
    for (const name of ['prompt_tokens', 'completion_tokens', 'total_tokens']) {
      expect(row[name]).toBeGreaterThanOrEqual(0);
      expect(row[name]).toBeLessThan(2 ** 41);
    }
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayProcess, QUESTION } from '../support/gateway-process.js';
import {
  ANSWER,
  answerJson,
  event,
  type ReceivedCall,
  ScriptedUpstream,
  STREAM,
  streamTo,
} from '../support/scripted-upstream.js';

const SECRETS = ['sk-pool-one-0123456789', 'sk-pool-two-0123456789', 'sk-pool-three-0123456789'];
const [ONE, TWO, THREE] = SECRETS as [string, string, string];

type Reply = (call: ReceivedCall) => { status: number; body?: unknown; headers?: Record<string, string> } | null;

describe('the pool of a provider’s keys', () => {
  let gateway: GatewayProcess;
  let upstream: ScriptedUpstream;
  let key: string;
  let made = 0;

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    gateway = await GatewayProcess.start({
      env: {
        OMNI_MASTER_KEY: '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff',
        OMNI_HEALTH_CHECKS: 'false',
        OMNI_PASSIVE_THRESHOLD: '1000',
        OMNI_BREAKER_MS: '1500',
      },
    });
    key = (await gateway.key()).key;
  });
  afterAll(async () => {
    await gateway?.stop();
    await upstream?.close();
  });
  beforeEach(() => {
    upstream.calls.length = 0;
    upstream.willBehave();
  });

  /** A provider of its own for every test, with a model on it. */
  async function pool(credentials: Record<string, unknown>[], backends = 1): Promise<{ model: string; provider: any }> {
    const name = `pool-${++made}`;
    const provider = await gateway.manage('POST', '/providers', { name, base_url: `${upstream.url}/v1` });
    for (const [index, credential] of credentials.entries()) {
      await gateway.manage('POST', `/providers/${provider.id}/credentials`, { label: `k${index}`, ...credential });
    }
    const urls = [undefined, `${upstream.url}/second/v1`].slice(0, backends);
    await gateway.model(name, [], {
      backends: urls.map((url, priority) => ({
        provider_id: provider.id,
        priority,
        ...(url !== undefined && { url }),
      })),
    });
    return { model: name, provider };
  }

  const ask = (model: string, fields: Record<string, unknown> = {}) =>
    gateway.chat(key, { ...QUESTION, model, ...fields });
  const secretOf = ({ headers }: ReceivedCall) => headers.authorization?.replace('Bearer ', '');
  const used = () => upstream.calls.map(secretOf);

  /** What one of the keys meets; the others are served. */
  function willAnswer(reply: Reply): void {
    upstream.will((call, response) => {
      const { status, body, headers } = reply(call) ?? { status: 200 };
      if (status === 200 && call.body['stream'] === true) return streamTo(response, STREAM, {});
      answerJson(
        response,
        status,
        body ?? (status === 200 ? ANSWER : { error: { message: `no: ${status}` } }),
        headers,
      );
    });
  }

  it('is used in turn', async () => {
    const { model } = await pool(SECRETS.map((secret) => ({ secret })));
    for (let call = 0; call < 6; call += 1) expect((await ask(model)).status).toBe(200);
    expect(used()).toEqual([ONE, TWO, THREE, ONE, TWO, THREE]);
  });

  it.each([
    ['429', { status: 429, headers: { 'retry-after': '30' } }],
    ['429 of an empty account', { status: 429, body: { error: { message: 'x', code: 'insufficient_quota' } } }],
    ['401', { status: 401 }],
    ['403', { status: 403 }],
    [
      '400 that means a bad key',
      {
        status: 400,
        body: {
          error: {
            status: 'INVALID_ARGUMENT',
            message: 'API key not valid.',
            details: [{ reason: 'API_KEY_INVALID' }],
          },
        },
      },
    ],
  ])(
    'moves to the next key in the same call after a %s, and does not come back to the first at once',
    async (_what, refusal) => {
      const { model } = await pool([{ secret: ONE }, { secret: TWO }], 2);
      willAnswer((call) => (secretOf(call) === ONE ? refusal : null));
      const response = await ask(model);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ model });
      expect(response.headers.get('x-omni-attempts')).toBe('2');
      // The next key comes before the next backend.
      expect(response.headers.get('x-omni-fallback')).toBe('false');
      expect(upstream.calls.map(({ path }) => path)).toEqual(['/v1/chat/completions', '/v1/chat/completions']);
      expect((await ask(model)).status).toBe(200);
      expect((await ask(model)).status).toBe(200);
      expect(used()).toEqual([ONE, TWO, TWO, TWO]);
    },
  );

  it('moves on for a stream as well, also when the refusal is its first event', async () => {
    const { model } = await pool([{ secret: ONE }, { secret: TWO }]);
    upstream.will((call, response) => {
      const events =
        secretOf(call) === ONE ? [event({ error: { message: 'slow down', code: 'rate_limit_exceeded' } })] : STREAM;
      return streamTo(response, events, {});
    });
    const response = await ask(model, { stream: true });
    const text = await response.text();
    expect(text).toContain('Hello');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(used()).toEqual([ONE, TWO]);
  });

  it('does not try another key for what the caller did wrong, and holds it against none', async () => {
    const { model } = await pool([{ secret: ONE }, { secret: TWO }]);
    willAnswer(() => ({ status: 400, body: { error: { message: 'bad', type: 'invalid_request_error', code: 'x' } } }));
    for (let call = 0; call < 12; call += 1) expect((await ask(model)).status).toBe(400);
    expect(upstream.calls).toHaveLength(12);
    upstream.willBehave();
    for (let call = 0; call < 4; call += 1) expect((await ask(model)).status).toBe(200);
    expect(new Set(used().slice(12))).toEqual(new Set([ONE, TWO]));
  });

  it('goes on to the next backend when no key has room', async () => {
    const { model } = await pool([{ secret: ONE }]);
    await gateway.model(`${model}-two`, [], {
      backends: [
        { provider_id: (await gateway.manage('GET', `/providers?q=${model}`)).data[0].id, priority: 0 },
        { url: `${upstream.url}/other`, priority: 1 },
      ],
    });
    willAnswer((call) => (call.path.startsWith('/v1') ? { status: 429, headers: { 'retry-after': '60' } } : null));
    for (let call = 0; call < 2; call += 1) expect((await ask(`${model}-two`)).status).toBe(200);
    expect(upstream.calls.map(({ path }) => path.split('/')[1])).toEqual(['v1', 'other', 'other']);
  });

  it('keeps the requests per minute of each key, and says truly when there is room again', async () => {
    const { model } = await pool([
      { secret: ONE, rpm_limit: 2 },
      { secret: TWO, rpm_limit: 1 },
    ]);
    const statuses = [];
    for (let call = 0; call < 5; call += 1) statuses.push(await ask(model));
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 200, 503, 503]);
    expect(used().sort()).toEqual([ONE, ONE, TWO].sort());
    const refused = statuses[3] as Response;
    expect(((await refused.json()) as any).error).toMatchObject({ type: 'api_error', code: 'service_unavailable' });
    const wait = Number(refused.headers.get('retry-after-ms'));
    expect(wait).toBeGreaterThan(50_000);
    expect(wait).toBeLessThanOrEqual(61_000);
  });

  it('keeps the tokens per minute of each key: by estimate at first, then by what was used', async () => {
    const { model } = await pool([{ secret: ONE, tpm_limit: 200 }]);
    // The answer says that it used 18.
    for (let call = 0; call < 4; call += 1) expect((await ask(model, { max_tokens: 100 })).status).toBe(200);
    upstream.will(async (_call, response) => {
      await sleep(300);
      answerJson(response, 200, ANSWER);
    });
    const status = (await Promise.all([1, 2, 3, 4].map(() => ask(model, { max_tokens: 100 })))).map(
      (answer) => answer.status,
    );
    expect(status.filter((code) => code === 200)).toHaveLength(1);
    expect(status.filter((code) => code === 503)).toHaveLength(3);
  });

  it('refuses at once while the vendor wants to be left alone, and goes on when the time is over', async () => {
    const { model } = await pool([{ secret: ONE }]);
    willAnswer(() => ({ status: 429, headers: { 'retry-after-ms': '700' } }));
    const first = await ask(model);
    expect(first.status).toBe(502);
    expect(first.headers.get('retry-after-ms')).toBe('700');
    const second = await ask(model);
    expect(second.status).toBe(503);
    expect(upstream.calls).toHaveLength(1);
    upstream.willBehave();
    await sleep(Number(second.headers.get('retry-after-ms')) + 5);
    expect((await ask(model)).status).toBe(200);
  });

  it('is used again after one 403, and after a new secret at once', async () => {
    const { model, provider } = await pool([{ secret: ONE }]);
    willAnswer(() => ({ status: 403 }));
    expect((await ask(model)).status).toBe(502);
    upstream.willBehave();
    expect((await ask(model)).status).toBe(200);
    const [credential] = (await gateway.manage('GET', `/providers/${provider.id}/credentials`)).data;
    willAnswer(() => ({ status: 429, headers: { 'retry-after': '60' } }));
    expect((await ask(model)).status).toBe(502);
    expect((await ask(model)).status).toBe(503);
    await gateway.manage('PATCH', `/providers/${provider.id}/credentials/${credential.id}`, { secret: TWO });
    upstream.willBehave();
    expect((await ask(model)).status).toBe(200);
    expect(used().at(-1)).toBe(TWO);
  });

  it('is left alone for a while after five failures in a row, then tried by one call', async () => {
    const { model } = await pool([{ secret: ONE }]);
    willAnswer(() => ({ status: 500 }));
    for (let call = 0; call < 5; call += 1) expect((await ask(model)).status).toBe(502);
    const refused = await ask(model);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after-ms'))).toBeLessThanOrEqual(1500);
    expect(upstream.calls).toHaveLength(5);
    upstream.willBehave();
    await sleep(1500);
    expect((await ask(model)).status).toBe(200);
    expect((await ask(model)).status).toBe(200);
  });

  it('is not emptied by callers who leave', async () => {
    const { model } = await pool([{ secret: ONE, tpm_limit: 300 }]);
    upstream.willHang();
    for (let call = 0; call < 3; call += 1) {
      const controller = new AbortController();
      const running = gateway.chat(key, { ...QUESTION, model, max_tokens: 100 }, { signal: controller.signal });
      await upstream.received(call + 1);
      controller.abort();
      await expect(running).rejects.toThrow();
      await upstream.calls[call]?.abandoned;
      await sleep(50);
    }
    upstream.willBehave();
    expect((await ask(model, { max_tokens: 100 })).status).toBe(200);
  });

  it('tells a vendor that is named and not there from a model that is not', async () => {
    const codeOf = async (model: string) => ((await (await ask(model)).json()) as any).error.code;
    expect(await codeOf('azure/my-deployment')).toBe('provider_not_found');
    expect(await codeOf('meta-llama/llama-4')).toBe('model_not_found');
    expect(await codeOf('gpt-4o')).toBe('model_not_found');
  });
});

describe('testing a provider', () => {
  let gateway: GatewayProcess;
  let upstream: ScriptedUpstream;

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    gateway = await GatewayProcess.start({
      env: {
        OMNI_MASTER_KEY: '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff',
        OMNI_HEALTH_CHECKS: 'false',
        ANTHROPIC_API_KEY: 'sk-ant-from-environment',
        ANTHROPIC_BASE_URL: upstream.url,
      },
    });
  });
  afterAll(async () => {
    await gateway?.stop();
    await upstream?.close();
  });

  it('reads the list of models with each key, or with one, and shows no secret', async () => {
    const provider = await gateway.manage('POST', '/providers', {
      name: 'p',
      kind: 'openai',
      base_url: `${upstream.url}/v1`,
    });
    const ids: string[] = [];
    for (const [index, secret] of SECRETS.entries()) {
      const path = `/providers/${provider.id}/credentials`;
      ids.push((await gateway.manage('POST', path, { label: `k${index}`, secret })).id);
    }
    upstream.calls.length = 0;
    upstream.will((call, response) =>
      call.headers.authorization === `Bearer ${TWO}`
        ? answerJson(response, 401, { error: { message: `Incorrect API key provided: ${TWO}` } })
        : answerJson(response, 200, { object: 'list', data: [] }),
    );
    const all = await gateway.admin('POST', `/providers/${provider.id}/test`, {});
    expect(all.status).toBe(200);
    expect(all.body).toMatchObject({ ok: false, status: 401, latency_ms: expect.any(Number) });
    expect(all.body.error).toMatch(/^authentication: Incorrect API key provided: \[redacted\]$/);
    expect((all.body.credentials as any[]).map(({ ok }: any) => ok)).toEqual([true, false, true]);
    expect(upstream.calls.map(({ method, path }) => `${method} ${path}`)).toEqual(Array(3).fill('GET /v1/models'));
    expect(JSON.stringify(all.body)).not.toContain('sk-pool');
    const one = await gateway.manage('POST', `/providers/${provider.id}/test`, { credential_id: ids[2] });
    expect(one).toMatchObject({ ok: true, status: 200, error: null });
    expect(one.credentials).toHaveLength(1);
    expect((await gateway.admin('POST', `/providers/${provider.id}/test`, { credential_id: 'x' })).status).toBe(400);
    expect((await gateway.admin('POST', `/providers/${provider.id}/test`, { credential_id: provider.id })).status).toBe(
      404,
    );
    expect((await gateway.admin('POST', `/providers/${ids[0]}/test`, {})).status).toBe(404);
  });

  it('takes no body for an empty one', async () => {
    const [provider] = (await gateway.manage('GET', '/providers?q=anthropic')).data;
    upstream.willAnswer({ data: [] });
    upstream.calls.length = 0;
    expect(await gateway.manage('POST', `/providers/${provider.id}/test`)).toMatchObject({ ok: true, status: 200 });
    expect(upstream.calls[0]).toMatchObject({
      path: '/v1/models',
      headers: { 'x-api-key': 'sk-ant-from-environment', 'anthropic-version': '2023-06-01' },
    });
  });

  it('tells what cannot be reached, and what is not active', async () => {
    const gone = await gateway.manage('POST', '/providers', { name: 'gone', base_url: 'http://127.0.0.1:9/v1' });
    expect(await gateway.manage('POST', `/providers/${gone.id}/test`, {})).toMatchObject({
      ok: false,
      status: null,
      error: 'The vendor could not be asked: unreachable.',
    });
    await gateway.manage('PATCH', `/providers/${gone.id}`, { active: false });
    expect((await gateway.admin('POST', `/providers/${gone.id}/test`, {})).body.error.code).toBe('conflict');
  });

  it('is in the documentation of the API', async () => {
    const docs = (await (await fetch(`${gateway.url}/docs-json`)).json()) as any;
    expect(docs.paths['/admin/v1/providers/{id}/test'].post.responses['200']).toBeDefined();
  });

  it('makes the base URL of a vendor from its options, and checks them', async () => {
    const create = (body: unknown) => gateway.admin('POST', '/providers', body);
    expect(
      (await create({ name: 'v', kind: 'vertex', options: { project: 'my-project', location: 'eu' } })).body,
    ).toMatchObject({
      base_url: 'https://aiplatform.eu.rep.googleapis.com',
      options: { project: 'my-project', location: 'eu' },
      source: 'database',
    });
    expect((await create({ name: 'c', kind: 'cohere' })).body.base_url).toBe('https://api.cohere.com');
    for (const [body, param] of [
      [{ name: 'a', kind: 'azure' }, 'base_url'],
      [{ name: 'b', kind: 'bedrock' }, 'options.region'],
      [{ name: 'b', kind: 'bedrock', options: { region: 'moon' } }, 'options.region'],
      [{ name: 'o', kind: 'openai', options: { nonsense: 'x' } }, 'options.nonsense'],
      [{ name: 'o', kind: 'openai', options: { project: 7 } }, 'options.project'],
      [{ name: 'o', kind: 'nobody', base_url: 'https://x.example' }, 'kind'],
    ] as const) {
      const refused = await create(body);
      expect(refused.status).toBe(400);
      expect(refused.body.error.param).toBe(param);
    }
    const azure = await gateway.manage('POST', '/providers', {
      name: 'a',
      kind: 'azure',
      base_url: 'https://r.openai.azure.com',
    });
    const patch = (body: unknown) => gateway.admin('PATCH', `/providers/${azure.id}`, body);
    expect((await patch({ options: { api_version: '2024-10-21' } })).body.options).toEqual({
      api_version: '2024-10-21',
    });
    expect((await patch({ options: { region: 'us-east-1' } })).status).toBe(400);
    expect((await patch({ kind: 'openai' })).status).toBe(400);
    expect((await gateway.manage('GET', `/providers/${azure.id}`)).kind).toBe('azure');
  });
});

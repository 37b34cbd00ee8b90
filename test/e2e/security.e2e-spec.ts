import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { answerJson, chunk, event, ScriptedUpstream, STREAM, type Script } from '../support/scripted-upstream.js';

const SECRET = 'sk-vendor-one-0123456789abcdefghijklmnop';
const OTHER_SECRET = 'sk-vendor-two-zyxwvutsrqponmlkjihgfedcba';

describe('security', () => {
  let gateway: GatewayProcess;
  let one: ScriptedUpstream;
  let two: ScriptedUpstream;
  let bare: ScriptedUpstream;
  let key: string;
  const secrets = [SECRET, OTHER_SECRET];

  beforeAll(async () => {
    one = await ScriptedUpstream.start();
    two = await ScriptedUpstream.start();
    bare = await ScriptedUpstream.start();
    gateway = await GatewayProcess.start({
      env: {
        OMNI_HEALTH_CHECKS: 'false',
        OMNI_PASSIVE_THRESHOLD: '1000',
        OMNI_BREAKER_FAILURES: '1000',
        OMNI_COOL_DOWN_MS: '0',
        OMNI_MASTER_KEY: '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff',
        LOG_LEVEL: 'trace',
      },
    });
    for (const [name, upstream, secret] of [
      ['one', one, SECRET],
      ['two', two, OTHER_SECRET],
    ] as const) {
      const provider = await gateway.manage('POST', '/providers', { name, base_url: `${upstream.url}/v1` });
      await gateway.manage('POST', `/providers/${provider.id}/credentials`, { secret });
      await gateway.model(name, [], { backends: [{ provider_id: provider.id }] });
    }
    await gateway.model('bare', [bare.url]);
    key = await issue();
    secrets.push(gateway.adminKey);
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all([one, two, bare].map((upstream) => upstream?.close()));
  });
  beforeEach(() => {
    for (const upstream of [one, two, bare]) {
      upstream.willBehave();
      upstream.calls.length = 0;
    }
  });

  async function issue(fields: Record<string, unknown> = {}): Promise<string> {
    const issued = await gateway.key(fields);
    secrets.push(issued.key);
    return issued.key;
  }

  const ask = (model: string, secret = key, headers: Record<string, string> = {}): Promise<Response> =>
    gateway.chat(secret, { ...QUESTION, model }, { headers });
  const codeOf = async (response: Response): Promise<string> =>
    `${response.status} ${((await response.json()) as any).error?.code as string}`;

  describe('towards upstreams', () => {
    it('sends none of the caller’s headers', async () => {
      const headers = {
        'x-api-key': 'caller-secret-1',
        'x-goog-api-key': 'caller-secret-2',
        'api-key': 'caller-secret-3',
        'proxy-authorization': 'Basic caller-secret-4',
        cookie: 'session=caller-secret-5',
        'x-forwarded-for': '10.1.2.3',
        'x-custom': 'caller-secret-6',
        'openai-organization': 'org-of-the-caller',
        'x-omni-metadata': '{"team":"caller-secret-7"}',
        referer: 'http://caller-secret-8',
        'user-agent': 'caller-secret-9',
      };
      for (const stream of [false, true]) {
        for (const model of ['one', 'bare']) {
          const body = { ...QUESTION, model, stream, omni_metadata: { team: 'caller-secret-10' } };
          expect((await gateway.chat(key, body, { headers })).status).toBe(200);
        }
      }
      for (const [upstream, authorization] of [
        [one, `Bearer ${SECRET}`],
        [bare, undefined],
      ] as const) {
        expect(upstream.calls).toHaveLength(2);
        for (const call of upstream.calls) {
          const { host, connection, 'content-length': length, ...sent } = call.headers;
          expect({ host: typeof host, connection, length: Number(length) }).toEqual({
            host: 'string',
            connection: 'keep-alive',
            length: Buffer.byteLength(call.text),
          });
          expect(sent).toEqual({
            'content-type': 'application/json',
            'accept-encoding': 'identity',
            'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
            ...(authorization !== undefined && { authorization }),
          });
          expect(call.path).toBe('/v1/chat/completions');
          expect(call.text).not.toContain('caller-secret');
        }
      }
    });

    it('sends each credential to its own provider only, also when one fails over to the other', async () => {
      const [first, second] = (await gateway.manage('GET', '/providers')).data as any[];
      await gateway.model('both', [], {
        backends: [
          { provider_id: first.id, priority: 0 },
          { provider_id: second.id, priority: 1 },
          { url: bare.url, priority: 2 },
        ],
      });
      one.willAnswer({ error: { message: 'no' } }, 500);
      two.willAnswer({ error: { message: 'no' } }, 500);
      expect((await ask('both')).status).toBe(200);
      expect(one.calls.map((call) => call.headers.authorization)).toEqual([`Bearer ${SECRET}`]);
      expect(two.calls.map((call) => call.headers.authorization)).toEqual([`Bearer ${OTHER_SECRET}`]);
      expect(bare.calls.map((call) => call.headers.authorization)).toEqual([undefined]);
    });

    const words = `Incorrect API key provided: ${SECRET}, ${SECRET}.`;
    const error = { message: words, type: `type_${SECRET}`, code: `code_${SECRET}`, param: `param_${SECRET}` };
    const echoes: [string, boolean, Script][] = [
      ...[400, 401, 403, 404, 422, 429, 500].map((status): [string, boolean, Script] => [
        `a ${status}`,
        false,
        (_call, response) => answerJson(response, status, { error }),
      ]),
      ['plain text', false, (_call, response) => answerJson(response, 401, words)],
      [
        'text so long that it is cut within the key',
        false,
        (_call, response) => answerJson(response, 400, { error: { message: 'x'.repeat(1980) + SECRET } }),
      ],
      ['long plain text', false, (_call, response) => answerJson(response, 401, 'x'.repeat(1980) + SECRET)],
      ['an error inside a 200', false, (_call, response) => answerJson(response, 200, { error })],
      [
        'an error inside a 200 that blames the caller',
        false,
        (_call, response) => answerJson(response, 200, { error: { message: words, code: 400 } }),
      ],
      ['the text of an error inside a 200', false, (_call, response) => answerJson(response, 200, { error: words })],
      [
        'a header',
        false,
        (_call, response) =>
          answerJson(
            response,
            401,
            { error: { message: 'no' } },
            { 'www-authenticate': SECRET, 'x-request-id': SECRET },
          ),
      ],
      ['the first event of a stream', true, (_call, response) => void response.end(event({ error }))],
      [
        'a later event of a stream',
        true,
        (_call, response) => void response.end(chunk({ content: 'hi' }) + event({ error })),
      ],
      [
        'an event of type error',
        true,
        (_call, response) => void response.end(`${STREAM[0] ?? ''}event: error\ndata: ${words}\n\n`),
      ],
    ];

    it.each(echoes)('never repeats a credential that the upstream echoes in %s', async (_what, stream, script) => {
      one.will(script);
      const response = await gateway.chat(key, { ...QUESTION, model: 'one', stream });
      const said = `${JSON.stringify([...response.headers])} ${await response.text()}`;
      expect(one.calls).toHaveLength(1);
      expect(said).toMatch(/error/);
      expect(said).not.toContain(SECRET);
      expect(said).not.toContain(SECRET.slice(0, 16));
      const id = response.headers.get('x-request-id') ?? '';
      const record = await eventually(async () => (await gateway.manage('GET', `/usage?request_id=${id}`)).data[0]);
      expect(JSON.stringify(record)).not.toContain(SECRET.slice(0, 16));
    });
  });

  describe('of keys', () => {
    it.each([
      ['authorization', (secret: string) => `Bearer ${secret}`],
      ['authorization', (secret: string) => `bearer   ${secret} `],
      ['x-api-key', (secret: string) => secret],
      ['x-goog-api-key', (secret: string) => secret],
      ['api-key', (secret: string) => secret],
    ])('takes them in the header %s', async (name, value) => {
      const response = await fetch(`${gateway.url}/v1/models`, { headers: { [name]: value(key) } });
      expect(response.status).toBe(200);
    });

    it('takes them in the query of paths of Google’s dialect, and repeats them nowhere', async () => {
      const ask = async (path: string, init?: RequestInit): Promise<Response> =>
        fetch(`${gateway.url}${path}?key=${key}`, init);
      expect((await ask('/v1beta/models')).status).toBe(200);
      const json = { method: 'POST', headers: { 'content-type': 'application/json' } };
      const body = JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] });
      const calls = ['/v1beta/models/none:generateContent', '/v1/models/none:streamGenerateContent'];
      for (const path of calls) expect((await ask(path, { ...json, body })).status).toBe(404);
      const unknown = await ask('/v1beta/nothing');
      expect([unknown.status, (await unknown.text()).includes(key)]).toEqual([404, false]);
      expect((await ask('/v1/chat/completions', { ...json, body: '{}' })).status).toBe(401);
    });

    it.each([
      ['none', {}],
      ['an empty one', { authorization: 'Bearer ' }],
      ['no scheme', { authorization: 'og-1234' }],
      ['another scheme', { authorization: 'Basic b2c6eA==' }],
      ['an unknown one', { authorization: 'Bearer og-unknown' }],
      ['one of 10,000 characters', { 'x-api-key': 'k'.repeat(10_000) }],
      ['one with a quote', { 'x-api-key': "og-' OR '1'='1" }],
      ['a word of JavaScript', { 'x-api-key': '__proto__' }],
      ['blanks', { 'x-api-key': '   ' }],
      ['one in the query', {}],
    ])('answers 401 to %s', async (what, headers) => {
      const query = what === 'one in the query' ? `?key=${key}&api_key=${key}` : '';
      const response = await fetch(`${gateway.url}/v1/models${query}`, { headers: headers as Record<string, string> });
      expect(response.headers.get('x-should-retry')).toBe('false');
      const text = await response.text();
      expect(text).not.toContain('og-');
      expect(JSON.parse(text)).toMatchObject({ error: { type: 'authentication_error', code: 'invalid_api_key' } });
      expect(response.status).toBe(401);
    });

    it('does not take an admin key for a client key, nor the other way round', async () => {
      expect(await codeOf(await ask('one', gateway.adminKey))).toBe('401 invalid_api_key');
      const response = await fetch(`${gateway.url}/admin/v1/keys`, { headers: { authorization: `Bearer ${key}` } });
      expect(response.status).toBe(401);
    });

    it('takes a key with a changed last character for a stranger', async () => {
      const changed = key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a');
      expect(await codeOf(await ask('one', changed))).toBe('401 invalid_api_key');
      expect(await codeOf(await ask('one', key.toUpperCase()))).toBe('401 invalid_api_key');
      expect(await codeOf(await ask('one', `${key}x`))).toBe('401 invalid_api_key');
    });

    it('refuses addresses that are not on the list, whatever the caller claims to be', async () => {
      const elsewhere = await issue({ allowed_ips: ['10.1.2.3', '192.168.0.0/16', '2001:db8::/32'] });
      expect(await codeOf(await ask('one', elsewhere))).toBe('403 ip_not_allowed');
      for (const name of ['x-forwarded-for', 'x-real-ip', 'forwarded', 'true-client-ip', 'cf-connecting-ip']) {
        expect(await codeOf(await ask('one', elsewhere, { [name]: '10.1.2.3' }))).toBe('403 ip_not_allowed');
      }
      expect((await ask('one', await issue({ allowed_ips: ['127.0.0.0/8'] }))).status).toBe(200);
      expect((await ask('one', await issue({ allowed_ips: ['::1', '127.0.0.1'] }))).status).toBe(200);
    });

    it('refuses models that are not on the list, however they are named', async () => {
      const limited = await issue({ allowed_models: ['one'] });
      expect((await ask('one', limited)).status).toBe(200);
      for (const model of ['two', 'bare', 'two/upstream-model', 'one/upstream-model', 'One']) {
        const response = await ask(model, limited);
        expect([403, 404]).toContain(response.status);
        expect(['model_not_allowed', 'model_not_found']).toContain(((await response.json()) as any).error.code);
      }
      expect(await codeOf(await ask('two', limited))).toBe('403 model_not_allowed');
      const query = await fetch(`${gateway.url}/v1/chat/completions?provider=two`, {
        method: 'POST',
        headers: { authorization: `Bearer ${limited}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ...QUESTION, model: 'two/one' }),
      });
      expect(query.status).toBe(403);
      expect(two.calls).toHaveLength(0);
      expect(bare.calls).toHaveLength(0);
    });

    it('refuses keys without the scope', async () => {
      expect(await codeOf(await ask('one', await issue({ scopes: ['metrics'] })))).toBe('403 insufficient_scope');
      expect(one.calls).toHaveLength(0);
    });

    it('refuses expired, disabled, revoked and deleted keys at once', async () => {
      const soon = await issue({ expires_at: new Date(Date.now() + 1500).toISOString() });
      expect((await ask('one', soon)).status).toBe(200);
      await sleep(1600);
      expect(await codeOf(await ask('one', soon))).toBe('401 invalid_api_key');
      const ends: ((id: string) => Promise<unknown>)[] = [
        (id) => gateway.manage('PATCH', `/keys/${id}`, { active: false }),
        (id) => gateway.manage('POST', `/keys/${id}/revoke`),
        (id) => gateway.manage('DELETE', `/keys/${id}`),
      ];
      for (const end of ends) {
        const issued = await gateway.key();
        expect((await ask('one', issued.key)).status).toBe(200);
        await end(issued.api_key.id);
        expect(await codeOf(await ask('one', issued.key))).toBe('401 invalid_api_key');
      }
    });

    it('takes the old secret of a rotated key until its grace is over', async () => {
      const issued = await gateway.key();
      const rotated = await gateway.manage('POST', `/keys/${issued.api_key.id}/rotate`, { grace_seconds: 1 });
      secrets.push(issued.key, rotated.key);
      expect((await ask('one', issued.key)).status).toBe(200);
      expect((await ask('one', rotated.key)).status).toBe(200);
      await sleep(1200);
      expect(await codeOf(await ask('one', issued.key))).toBe('401 invalid_api_key');
      const again = await gateway.manage('POST', `/keys/${issued.api_key.id}/rotate`, { grace_seconds: 0 });
      expect(await codeOf(await ask('one', rotated.key))).toBe('401 invalid_api_key');
      expect((await ask('one', again.key)).status).toBe(200);
    });
  });

  describe('of addresses', () => {
    const forbidden = [
      'http://169.254.169.254',
      'http://169.254.169.254:80/latest/meta-data',
      'http://2852039166',
      'http://0xa9fea9fe',
      'http://0xA9.0xFE.0xA9.0xFE',
      'http://0251.0376.0251.0376',
      'http://169.254.43518',
      'http://169.16689662',
      'http://169.254.169.254.',
      'http://１６９.254.169.254',
      'http://[::ffff:169.254.169.254]',
      'http://[::ffff:a9fe:a9fe]',
      'http://[64:ff9b::a9fe:a9fe]',
      'http://[2002:a9fe:a9fe::]',
      'http://[fe80::1]',
      'http://[fd00:ec2::254]',
      'http://[::]',
      'http://0.0.0.0',
      'http://0',
      'http://100.100.100.200',
      'http://metadata.google.internal',
      'http://Metadata.Google.Internal.',
      'http://224.0.0.1',
      'http://255.255.255.255',
      'http://user:password@127.0.0.1',
      'http://127.0.0.1@169.254.169.254',
      'file:///etc/passwd',
      'gopher://127.0.0.1',
      'http:169.254.169.254',
      'http:///169.254.169.254',
      'http://127.0.0.1\\@169.254.169.254',
      'http://127.0.0.1/?x=1',
      'http://127.0.0.1#169.254.169.254',
      'not a url',
    ];

    it.each(forbidden)('refuses the backend %s', async (url) => {
      const answer = await gateway.admin('POST', '/models', { name: 'forbidden', backends: [{ url }] });
      expect(answer.status).toBe(400);
      expect(answer.body.error.param).toBe('backends[0].url');
      const provider = await gateway.admin('POST', '/providers', { name: 'forbidden', base_url: url });
      expect(provider.status).toBe(400);
      expect(provider.body.error.param).toBe('base_url');
    });

    it('refuses to turn a good address into a forbidden one', async () => {
      const model = await gateway.model('turning', [bare.url]);
      const path = `/models/${model.id}/backends/${model.backends[0].id}`;
      expect((await gateway.admin('PATCH', path, { url: 'http://169.254.169.254' })).status).toBe(400);
      const provider = await gateway.manage('POST', '/providers', { name: 'turning', base_url: bare.url });
      const change = await gateway.admin('PATCH', `/providers/${provider.id}`, { base_url: 'http://[fe80::1]' });
      expect(change.status).toBe(400);
      expect((await ask('turning')).status).toBe(200);
    });
  });

  describe('of the admin API', () => {
    it('answers 401 on every path without a key, with a wrong one and with a client’s', async () => {
      const docs = (await (await fetch(`${gateway.url}/docs-json`)).json()) as { paths: Record<string, object> };
      const operations = Object.entries(docs.paths).flatMap(([path, methods]) =>
        Object.keys(methods).map(
          (method) =>
            [method.toUpperCase(), path.replaceAll(/\{\w+\}/g, '01900000-0000-7000-8000-000000000001')] as const,
        ),
      );
      const closed = operations.filter(([, path]) => path.startsWith('/admin/'));
      expect(closed.length).toBeGreaterThan(30);
      for (const [method, path] of closed) {
        for (const headers of [
          {},
          { 'x-admin-key': 'wrong' },
          { authorization: `Bearer ${key}` },
          { 'x-admin-key': '' },
        ]) {
          const response = await fetch(gateway.url + path, { method, headers: headers as Record<string, string> });
          expect(`${method} ${path} ${response.status}`).toBe(`${method} ${path} 401`);
          expect(await response.json()).toMatchObject({ error: { type: 'authentication_error' } });
        }
      }
    });

    it('refuses characters that no database takes, wherever they stand', async () => {
      for (const name of ['model', 'provider', 'request_id']) {
        expect((await gateway.admin('GET', `/usage?${name}=%00`)).body.error?.param).toBe(name);
      }
      expect((await gateway.admin('GET', '/usage/export?model=%00')).status).toBe(400);
      const provider = await gateway.manage('POST', '/providers', { name: 'odd', base_url: one.url });
      for (const options of [{ '\u0000': 'x' }, { region: '\ud800' }, { region: 'a\u0000' }]) {
        expect((await gateway.admin('PATCH', `/providers/${provider.id}`, { options })).status).toBe(400);
      }
    });

    it('never gives a secret out again', async () => {
      const admin = await gateway.manage('POST', '/admins', { name: 'second', role: 'owner' });
      const adminSecret = Object.values(admin as object).find((value) => typeof value === 'string') as string;
      secrets.push(adminSecret);
      const providers = (await gateway.manage('GET', '/providers')).data as any[];
      const paths = [
        '/keys?limit=200',
        '/admins',
        '/providers',
        ...providers.map((provider) => `/providers/${provider.id}/credentials`),
        '/models?limit=100',
        '/orgs',
        '/projects',
        '/audit?limit=200',
        '/usage?limit=200',
        '/snapshot',
      ];
      for (const path of paths) {
        const text = JSON.stringify(await gateway.manage('GET', path));
        for (const secret of secrets) expect(`${path} ${text.includes(secret)}`).toBe(`${path} false`);
      }
      const { id } = providers.find((provider) => provider.name === 'one');
      const credential = (await gateway.manage('GET', `/providers/${id}/credentials`)).data[0];
      expect(Object.keys(credential)).not.toContain('secret');
    });
  });

  it('keeps every secret out of the metrics, the log and the files', async () => {
    await sleep(300);
    const metrics = await gateway.metrics();
    gateway.kill('SIGTERM');
    expect(await gateway.exit()).toBe(0);
    const files = readdirSync(gateway.dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => statSync(file).size < 64 * 1024 * 1024);
    expect(files.length).toBeGreaterThan(5);
    for (const secret of secrets) {
      expect(metrics.includes(secret)).toBe(false);
      expect(gateway.stdout.includes(secret)).toBe(false);
      expect(gateway.stderr.includes(secret)).toBe(false);
      for (const file of files) expect(`${file} ${readFileSync(file).includes(secret)}`).toBe(`${file} false`);
    }
    expect(gateway.stdout).not.toContain('unforeseen error');
    expect(gateway.stdout).not.toContain('caller-secret-1"');
  });
});

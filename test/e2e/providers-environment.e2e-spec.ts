import { omnigate } from '../support/command.js';
import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { ANSWER, answerJson, ScriptedUpstream } from '../support/scripted-upstream.js';

const SECRET = 'sk-from-the-environment-0123456789';
const MASTER_KEY = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';

describe('providers of the environment', () => {
  let gateway: GatewayProcess;
  let openai: ScriptedUpstream;
  let mistral: ScriptedUpstream;
  let key: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    openai = await ScriptedUpstream.start();
    mistral = await ScriptedUpstream.start();
    env = {
      OMNI_MASTER_KEY: MASTER_KEY,
      OMNI_HEALTH_CHECKS: 'false',
      OPENAI_API_KEY: SECRET,
      OPENAI_BASE_URL: `${openai.url}/v1/`,
      MISTRAL_API_KEY: 'mistral-key-0123456789',
      MISTRAL_BASE_URL: mistral.url,
      ANTHROPIC_API_KEY: 'sk-ant-0123456789',
      AZURE_OPENAI_API_KEY: 'no endpoint beside it'.replaceAll(' ', '-'),
      AZURE_OPENAI_ENDPOINT: '',
      OMNI_DEFAULT_PROVIDER: 'mistral',
    };
    gateway = await GatewayProcess.start({ env });
    key = (await gateway.key()).key;
  });
  afterAll(async () => {
    await gateway?.stop();
    await openai?.close();
    await mistral?.close();
  });
  beforeEach(() => {
    for (const upstream of [openai, mistral]) {
      upstream.calls.length = 0;
      upstream.willBehave();
    }
  });

  const ask = (model: string, fields: Record<string, unknown> = {}, secret = key, query = '') =>
    fetch(`${gateway.url}/v1/chat/completions${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...QUESTION, model, ...fields }),
    });
  const codeOf = async (response: Response) => `${response.status} ${((await response.json()) as any).error.code}`;

  it.each([
    ['a well-known prefix', 'gpt-4o-mini', {}, '', 'gpt-4o-mini'],
    ['its name before the model', 'openai/my-model', {}, '', 'my-model'],
    ['omni_provider', 'my-model', { omni_provider: 'openai' }, '', 'my-model'],
    ['omni_provider and its name', 'openai/my-model', { omni_provider: 'openai' }, '', 'my-model'],
    ['the query', 'my-model', {}, '?provider=openai', 'my-model'],
  ] as const)('is reached by %s', async (_how, model, fields, query, upstreamModel) => {
    const response = await ask(model, fields, key, query);
    expect(response.status).toBe(200);
    expect(((await response.json()) as any).model).toBe(model);
    expect(response.headers.get('x-omni-provider')).toBe('openai');
    const [call] = openai.calls;
    expect(call).toMatchObject({ path: '/v1/chat/completions', body: { model: upstreamModel } });
    expect(call?.headers.authorization).toBe(`Bearer ${SECRET}`);
    expect(call?.text).not.toContain('omni_provider');
  });

  it('streams too', async () => {
    const response = await ask('gpt-4o', { stream: true });
    expect(await response.text()).toContain('Hello');
    expect(openai.calls[0]?.body['stream_options']).toEqual({ include_usage: true });
  });

  it('takes the default provider for names nothing else explains, with that vendor’s own ways', async () => {
    const response = await ask('some-model', { stream: true });
    expect(await response.text()).toContain('Hello');
    expect(response.headers.get('x-omni-provider')).toBe('mistral');
    expect(mistral.calls[0]?.path).toBe('/v1/chat/completions');
    expect(mistral.calls[0]?.body).not.toHaveProperty('stream_options');
  });

  it('names no provider that is not there', async () => {
    expect(await codeOf(await ask('m', { omni_provider: 'nobody' }))).toBe('404 provider_not_found');
    expect(await codeOf(await ask('m', {}, key, '?provider=nobody'))).toBe('404 provider_not_found');
    expect(await codeOf(await ask('azure/my-deployment', { omni_provider: 'azure' }))).toBe('404 provider_not_found');
  });

  it('lets a registered model or alias come before the names of vendors', async () => {
    await gateway.model('gpt-registered', [mistral.url]);
    const response = await ask('gpt-registered');
    expect(response.status).toBe(200);
    expect(openai.calls).toHaveLength(0);
    expect(mistral.calls).toHaveLength(1);
  });

  it('is closed to keys whose list does not name the model', async () => {
    const limited = (await gateway.key({ allowed_models: ['openai/allowed', 'gpt-4o'] })).key;
    expect((await ask('openai/allowed', {}, limited)).status).toBe(200);
    expect((await ask('gpt-4o', {}, limited)).status).toBe(200);
    for (const model of ['openai/other', 'gpt-4o-mini', 'openai/gpt-4o', 'anything']) {
      expect(await codeOf(await ask(model, {}, limited))).toBe('403 model_not_allowed');
    }
    expect(openai.calls).toHaveLength(2);
  });

  it('keeps names that callers invent out of the metrics', async () => {
    for (let name = 0; name < 20; name += 1) expect((await ask(`openai/invented-${name}`)).status).toBe(200);
    const metrics = await gateway.metrics();
    expect(metrics).toContain('model="openai/*"');
    expect(metrics).not.toContain('invented');
  });

  it('writes the provider into the record of the call', async () => {
    const id = 'by-environment-1';
    await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'x-request-id': id },
      body: JSON.stringify({ ...QUESTION, model: 'gpt-4o' }),
    });
    const record = await eventually(async () => (await gateway.manage('GET', `/usage?request_id=${id}`)).data[0]);
    expect(record).toMatchObject({ provider: 'openai', upstream_model: 'gpt-4o', outcome: 'ok' });
  });

  describe('in the admin API', () => {
    const found = async (name: string) =>
      ((await gateway.manage('GET', `/providers?limit=500`)).data as any[]).find(
        (provider: any) => provider.name === name,
      );

    it('are listed with their source and without their secret', async () => {
      const list = await gateway.admin('GET', '/providers');
      expect(JSON.stringify(list.body)).not.toContain(SECRET);
      expect(await found('openai')).toMatchObject({
        kind: 'openai',
        source: 'environment',
        base_url: `${openai.url}/v1`,
        credentials: [{ label: 'OPENAI_API_KEY', last4: SECRET.slice(-4) }],
      });
      expect((await found('anthropic')).base_url).toBe('https://api.anthropic.com');
      expect(await found('azure')).toBeUndefined();
    });

    it('come page by page behind the others', async () => {
      await gateway.manage('POST', '/providers', { name: 'registered', base_url: 'http://127.0.0.1:9/v1' });
      const names: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const page: any = await gateway.manage('GET', `/providers?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
        expect(page.data).toHaveLength(1);
        names.push(page.data[0].name);
        cursor = page.next_cursor;
      }
      expect(names).toEqual(['registered', 'anthropic', 'mistral', 'openai']);
      expect((await gateway.manage('GET', '/providers?q=MISTR')).data).toHaveLength(1);
    });

    it('can be read alone, and not be changed', async () => {
      const { id, credentials } = await found('openai');
      expect(await gateway.manage('GET', `/providers/${id}`)).toMatchObject({ name: 'openai', source: 'environment' });
      expect((await gateway.manage('GET', `/providers/${id}/credentials`)).data).toHaveLength(1);
      const credential = `/providers/${id}/credentials/${credentials[0].id}`;
      expect(await gateway.manage('GET', credential)).toMatchObject({ label: 'OPENAI_API_KEY' });
      for (const [method, path, body] of [
        ['PATCH', `/providers/${id}`, { base_url: 'http://evil.example' }],
        ['DELETE', `/providers/${id}`, undefined],
        ['POST', `/providers/${id}/credentials`, { secret: 'x' }],
        ['PATCH', credential, { secret: 'x' }],
        ['DELETE', credential, undefined],
      ] as const) {
        expect((await gateway.admin(method, path, body)).body.error.code).toBe('conflict');
      }
    });

    it('give way to a registered provider of the same name, active or not', async () => {
      const other = await ScriptedUpstream.start();
      const registered = await gateway.manage('POST', '/providers', {
        name: 'openai',
        kind: 'openai',
        base_url: `${other.url}/v1`,
      });
      expect((await ask('gpt-4o')).status).toBe(200);
      expect(other.calls).toHaveLength(1);
      expect(other.calls[0]?.headers.authorization).toBeUndefined();
      expect(await found('openai')).toMatchObject({ id: registered.id, source: 'database' });
      await gateway.manage('PATCH', `/providers/${registered.id}`, { active: false });
      expect(await codeOf(await ask('m', { omni_provider: 'openai' }))).toBe('404 provider_not_found');
      await gateway.manage('DELETE', `/providers/${registered.id}`);
      expect((await ask('gpt-4o')).status).toBe(200);
      expect(openai.calls).toHaveLength(1);
      await other.close();
    });
  });

  it('says in the log what is set in vain, and in config-check what is in force, masked', async () => {
    expect(gateway.stdout).toContain('AZURE_OPENAI_API_KEY is set, but AZURE_BASE_URL is not');
    const { stdout, stderr, code } = await omnigate(['config-check'], env);
    expect(code).toBe(0);
    expect(stdout).toContain(`providers.openai.baseUrl: ${openai.url}/v1\n`);
    expect(stdout).toContain('providers.openai.apiKey: ********\n');
    expect(stdout + stderr).not.toContain(SECRET);
    expect(stderr).toContain('the provider azure is not registered');
  });

  it('stops at a base URL that is none, with the other faults', async () => {
    const { stderr, code } = await omnigate(['config-check'], {
      OPENAI_BASE_URL: 'localhost:8000',
      PORT: 'x',
      GROQ_API_KEY: 'two words',
    });
    expect(code).toBe(2);
    for (const name of ['OPENAI_BASE_URL', 'PORT', 'GROQ_API_KEY']) expect(stderr).toContain(name);
    expect(stderr).not.toContain('two words');
  });

  it('prefers the gateway’s own variables to those other programs read too', async () => {
    const own = await ScriptedUpstream.start();
    own.will((_call, response) => answerJson(response, 200, ANSWER));
    const other = await GatewayProcess.start({
      env: { ...env, OMNI_OPENAI_API_KEY: 'sk-own-0123456789', OMNI_OPENAI_BASE_URL: `${own.url}/v1` },
    });
    const secret = (await other.key()).key;
    expect((await other.chat(secret, { ...QUESTION, model: 'gpt-4o' })).status).toBe(200);
    expect(own.calls[0]?.headers.authorization).toBe('Bearer sk-own-0123456789');
    await other.stop();
    await own.close();
  });
});

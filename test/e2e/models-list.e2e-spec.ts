import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';

const NAMES = [
  'plain',
  'org/model',
  'org/deep/er/model.v1.2',
  'dots.and-dashes_1',
  'имя',
  'x'.repeat(200),
  'a b',
  '50%',
  'a+b',
  'q?a=b',
  '..',
  'models',
];

describe('the list of models', () => {
  let gateway: GatewayProcess;
  let upstream: ScriptedUpstream;
  let key: string;

  beforeAll(async () => {
    upstream = (await ScriptedUpstream.start()).willAnswer();
    gateway = await GatewayProcess.start({ env: { OMNI_HEALTH_CHECKS: 'false' } });
    for (const name of NAMES) await gateway.model(name, [upstream.url]);
    key = (await gateway.key()).key;
  });
  afterAll(async () => {
    await gateway?.stop();
    await upstream?.close();
  });

  const get = async (path: string, secret = key): Promise<{ status: number; body: any }> => {
    const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${secret}` } });
    return { status: response.status, body: await response.json() };
  };
  const names = async (secret = key): Promise<string[]> =>
    ((await get('/v1/models', secret)).body.data as { id: string }[]).map(({ id }) => id).sort();
  const retrieve = async (name: string, secret = key): Promise<{ status: number; body: any }> =>
    get(`/v1/models/${encodeURIComponent(name).replace(/^\.\.$/, '%2E%2E')}`, secret);

  it('has the shape of OpenAI’s', async () => {
    const { status, body } = await get('/v1/models');
    expect(status).toBe(200);
    expect(body.object).toBe('list');
    expect(body.data).toHaveLength(NAMES.length);
    for (const model of body.data) {
      expect(model).toMatchObject({ object: 'model', id: expect.any(String), owned_by: expect.any(String) });
      expect(model.created).toBeGreaterThan(1_700_000_000);
    }
  });

  it.each(NAMES.filter((name) => name !== '..'))('gives the model %s by its name', async (name) => {
    expect(await retrieve(name)).toMatchObject({ status: 200, body: { id: name, object: 'model' } });
  });

  it('takes slashes in names as they are, too', async () => {
    for (const name of ['org/model', 'org/deep/er/model.v1.2']) {
      expect(await get(`/v1/models/${name}`)).toMatchObject({ status: 200, body: { id: name } });
    }
  });

  it.each(['nothing', 'org', 'org/', 'org/model/', 'Plain', '__proto__', 'constructor', 'plain%00'])(
    'answers 404 for the model %s',
    async (name) => {
      const { status, body } = await get(`/v1/models/${name}`);
      expect(status).toBe(404);
      expect(body).toMatchObject({ error: { type: 'invalid_request_error', code: 'model_not_found', param: 'model' } });
      expect(typeof body.request_id).toBe('string');
    },
  );

  it('shows a key what it may call and nothing else', async () => {
    const { key: limited } = await gateway.key({ allowed_models: ['plain', 'org/model', 'does-not-exist'] });
    expect(await names(limited)).toEqual(['org/model', 'plain']);
    expect((await retrieve('plain', limited)).status).toBe(200);
    // Not a 403: what a key may not use it need not know of.
    expect(await retrieve('a b', limited)).toMatchObject({ status: 404, body: { error: { code: 'model_not_found' } } });
  });

  it.each(['', 'nonsense'])('needs a key: "%s" is none', async (secret) => {
    expect((await get('/v1/models', secret)).status).toBe(401);
    expect((await get('/v1/models/plain', secret)).status).toBe(401);
  });

  const ask = async (model: string): Promise<number> => (await gateway.chat(key, { ...QUESTION, model })).status;

  it('shows a new model at once, and calls of it go through', async () => {
    const model = await gateway.model('new', [upstream.url]);
    expect(await names()).toContain('new');
    expect(await ask('new')).toBe(200);
    await gateway.manage('DELETE', `/models/${model.id}`);
  });

  it('forgets a deleted model at once', async () => {
    const model = await gateway.model('short-lived', [upstream.url]);
    expect(await ask('short-lived')).toBe(200);
    await gateway.manage('DELETE', `/models/${model.id}`);
    expect(await ask('short-lived')).toBe(404);
    expect(await names()).not.toContain('short-lived');
    expect((await retrieve('short-lived')).status).toBe(404);
  });

  it('forgets the old name of a renamed model at once, and knows the new one', async () => {
    const model = await gateway.model('before', [upstream.url]);
    await gateway.manage('PATCH', `/models/${model.id}`, { name: 'after' });
    expect(await ask('before')).toBe(404);
    expect(await ask('after')).toBe(200);
    const all = await names();
    expect(all).not.toContain('before');
    expect(all).toContain('after');
    await gateway.manage('DELETE', `/models/${model.id}`);
  });

  it('hides a model that is switched off until it is switched on again', async () => {
    const model = await gateway.model('switched', [upstream.url]);
    await gateway.manage('PATCH', `/models/${model.id}`, { active: false });
    expect(await ask('switched')).toBe(404);
    expect(await names()).not.toContain('switched');
    await gateway.manage('PATCH', `/models/${model.id}`, { active: true });
    expect(await ask('switched')).toBe(200);
    await gateway.manage('DELETE', `/models/${model.id}`);
  });

  it('leaves the stream that is running on a model alone when it is deleted', async () => {
    const model = await gateway.model('running', [upstream.url]);
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    upstream.will(async (_call, response) => {
      await released;
      response.end('{"choices":[],"model":"upstream-model"}');
    });
    const running = gateway.chat(key, { ...QUESTION, model: 'running' });
    await upstream.received(upstream.calls.length + 1);
    await gateway.manage('DELETE', `/models/${model.id}`);
    release();
    const response = await running;
    expect(response.status).toBe(200);
    expect(((await response.json()) as any).model).toBe('running');
    upstream.willAnswer();
  });

  it('keeps no record of reading lists', async () => {
    await get('/v1/models');
    await ask('plain');
    const rows = await eventually(async () => {
      const { data } = await gateway.manage('GET', '/usage?limit=100');
      return data.length > 0 ? (data as { path: string }[]) : null;
    });
    expect(rows.filter((row) => row.path.startsWith('/v1/models'))).toEqual([]);
  });
});

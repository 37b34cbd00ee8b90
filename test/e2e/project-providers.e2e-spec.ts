import { describeEachHome } from '../support/gateway-home.js';
import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';

const PATH = '/v1/keys/providers';
const SECRET = 'sk-own-0123456789abcdef';

describeEachHome((home) => {
  describe('a project’s own accounts at vendors', () => {
    let gateway: GatewayProcess;
    let upstream: ScriptedUpstream;
    let elsewhere: ScriptedUpstream;
    let key: string;
    let other: string;

    beforeAll(async () => {
      upstream = await ScriptedUpstream.start();
      elsewhere = await ScriptedUpstream.start();
      const env = {
        ...home.env,
        OMNI_HEALTH_CHECKS: 'false',
        OMNI_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
        OMNI_URL_ALLOW_LIST: new URL(elsewhere.url).host,
      };
      gateway = await GatewayProcess.start({ env, dataDir: home.dataDir });
      const provider = await gateway.manage('POST', '/providers', { name: 'groq', base_url: upstream.url });
      await gateway.manage('POST', `/providers/${provider.id}/credentials`, { secret: 'sk-of-the-company' });
      const model = await gateway.manage('POST', '/models', { name: 'm', model_id: 'upstream-model' });
      await gateway.manage('POST', `/models/${model.id}/backends`, { provider_id: provider.id });
      const project = await gateway.manage('POST', '/projects', { name: 'brings its own' });
      const scopes = ['inference', 'keys'];
      key = (await gateway.key({ name: 'a', project_id: project.id, scopes })).key;
      other = (await gateway.key({ name: 'b', scopes })).key;
    }, 60_000);
    afterAll(async () => {
      await gateway?.stop();
      await upstream?.close();
      await elsewhere?.close();
    });

    async function own(
      method: string,
      provider = '',
      body?: object,
      secret = key,
    ): Promise<{ status: number; text: string; json: any }> {
      const response = await fetch(`${gateway.url}${PATH}${provider === '' ? '' : `/${provider}`}`, {
        method,
        headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, text, json: text === '' ? null : JSON.parse(text) };
    }

    /** What the upstream was shown by the last call. */
    async function shown(secret: string, question: object = QUESTION, where = upstream): Promise<string | undefined> {
      const before = where.calls.length;
      const response = await gateway.chat(secret, question);
      expect([response.status, where.calls.length - before]).toEqual([200, 1]);
      return where.calls.at(-1)?.headers['authorization'] as string | undefined;
    }

    it('take the place of the gateway’s in this project’s calls and in nobody else’s', async () => {
      expect(await shown(key)).toBe('Bearer sk-of-the-company');
      const put = await own('PUT', 'groq', { api_key: SECRET });
      expect(put.status).toBe(200);
      expect(put.json).toMatchObject({
        provider: 'groq',
        kind: null,
        base_url: null,
        last4: 'cdef',
        decryptable: true,
      });
      expect(await shown(key)).toBe(`Bearer ${SECRET}`);
      expect(await shown(key, { ...QUESTION, model: 'groq/llama' })).toBe(`Bearer ${SECRET}`);
      expect(await shown(other)).toBe('Bearer sk-of-the-company');
      expect(await shown(other, { ...QUESTION, model: 'groq/llama' })).toBe('Bearer sk-of-the-company');
    });

    it('are shown without their key, to this project alone, and are gone when they are deleted', async () => {
      await own('PUT', 'groq', { api_key: SECRET });
      const list = await own('GET');
      expect(list.json.data).toMatchObject([{ provider: 'groq', last4: 'cdef' }]);
      expect(list.text + (await own('GET', 'groq')).text).not.toContain(SECRET);
      expect((await own('GET', '', undefined, other)).json).toEqual({ data: [] });
      expect((await own('GET', 'groq', undefined, other)).status).toBe(404);
      expect((await own('DELETE', 'groq', undefined, other)).status).toBe(404);
      const { data: audit } = await gateway.manage('GET', '/audit?limit=1&sort=-at');
      expect(audit[0]).toMatchObject({ action: 'project-provider.put', role: 'key' });
      expect(JSON.stringify(audit)).not.toContain(SECRET);
      expect((await own('DELETE', 'groq')).status).toBe(204);
      expect((await own('GET', 'groq')).status).toBe(404);
      expect(await shown(key)).toBe('Bearer sk-of-the-company');
    });

    it('bring a vendor the gateway has no account at, at a place of their own', async () => {
      const question = { ...QUESTION, model: 'azure/gpt' };
      expect((await gateway.chat(key, question)).status).toBe(404);
      const meta = { endpoint: elsewhere.url, deployment: 'mine', api_version: '2024-10-21' };
      const put = await own('PUT', 'azure', { api_key: SECRET, meta });
      expect([put.status, put.json.kind, put.json.base_url]).toEqual([200, 'azure', elsewhere.url]);
      await shown(key, question, elsewhere);
      const { path, headers } = elsewhere.calls.at(-1) ?? {};
      expect(path).toBe('/openai/deployments/mine/chat/completions?api-version=2024-10-21');
      expect(headers?.['api-key']).toBe(SECRET);
      expect((await gateway.chat(other, question)).status).toBe(404);
      await eventually(async () => {
        const { data } = (await gateway.manage('GET', '/usage?limit=20')) as { data: any[] };
        return data.find((record: any) => record.provider === 'azure' && record.status === 200);
      });
      await own('DELETE', 'azure');
    });

    it('never fall back to the gateway’s key when the own one is refused', async () => {
      await own('PUT', 'groq', { api_key: SECRET });
      upstream.willAnswer({ error: { message: 'no such key' } }, 401);
      const before = upstream.calls.length;
      const response = await gateway.chat(key, QUESTION);
      upstream.willAnswer();
      expect(response.status).toBe(502);
      const tried = upstream.calls.slice(before).map(({ headers }) => headers['authorization']);
      expect(new Set(tried)).toEqual(new Set([`Bearer ${SECRET}`]));
      expect(await shown(other)).toBe('Bearer sk-of-the-company');
      await own('DELETE', 'groq');
    });

    it('are refused at places that are not public', async () => {
      const urls = [
        'http://127.0.0.1:9',
        upstream.url,
        'http://api.example.com',
        'https://169.254.169.254',
        'https://db.internal',
      ];
      for (const base_url of urls) {
        const { status, json } = await own('PUT', 'openai', { api_key: SECRET, base_url });
        expect([status, json.error.param]).toEqual([400, 'base_url']);
      }
      // Where nobody says a place, that vendor's own is this machine.
      expect((await own('PUT', 'ollama', { api_key: SECRET })).status).toBe(400);
    });

    it.each([
      ['an unknown vendor', 'nobody', { api_key: SECRET }, 404, null],
      ['no key', 'openai', {}, 400, 'api_key'],
      ['a key with blanks', 'openai', { api_key: 'a b' }, 400, 'api_key'],
      ['an unknown field', 'openai', { api_key: SECRET, secret: 'x' }, 400, 'secret'],
      [
        'an unknown fact',
        'azure',
        { api_key: SECRET, meta: { endpoint: 'https://a.example.com', x: 'y' } },
        400,
        'meta.x',
      ],
      ['a fact of a wrong type', 'azure', { api_key: SECRET, meta: { endpoint: 5 } }, 400, 'meta.endpoint'],
      ['no place where one is needed', 'azure', { api_key: SECRET }, 400, 'base_url'],
    ])('are refused with %s', async (_what, provider, body, status, param) => {
      const answer = await own('PUT', provider, body);
      expect(answer.status).toBe(status);
      if (param !== null) expect(answer.json.error.param).toBe(param);
    });

    it('are kept by keys with the scope alone', async () => {
      const { key: plain } = await gateway.key({ name: 'plain', scopes: ['inference'] });
      expect((await own('GET', '', undefined, plain)).status).toBe(403);
      expect((await own('PUT', 'groq', { api_key: SECRET }, plain)).status).toBe(403);
      expect((await own('GET', '', undefined, 'og-nobody')).status).toBe(401);
    });
  });
});

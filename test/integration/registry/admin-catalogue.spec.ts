import { describeEachDatabase } from '../../support/databases.js';
import { ENV, RegistryGateway } from './registry-gateway.js';

const MISSING = '019b0000-0000-7000-8000-000000000000';

/** Any resource; looked into field by field. */

type Row = Record<string, any>;

describeEachDatabase((database) => {
  describe('the catalogue over the admin API', () => {
    let gateway: RegistryGateway;

    beforeAll(async () => {
      gateway = await RegistryGateway.start(database.config);
    }, 60_000);
    afterAll(async () => {
      await gateway.close();
    }, 30_000);

    let serial = 0;
    const aName = (stem: string) => `${stem}-${(serial += 1)}`;
    const aModel = async (fields: object = {}) => {
      const answer = await gateway.admin('POST', '/models', { name: aName('model'), ...fields });
      expect(answer.status).toBe(201);
      return answer.body as Row;
    };
    const aProvider = async (fields: object = {}) => {
      const answer = await gateway.admin('POST', '/providers', {
        name: aName('provider'),
        base_url: 'https://api.example.com/v1',
        ...fields,
      });
      expect(answer.status).toBe(201);
      return answer.body as Row;
    };

    describe('models', () => {
      it('takes a model as older gateways wrote it and gives it back whole', async () => {
        const name = aName('llama');
        const { status, body, headers } = await gateway.admin('POST', '/models', {
          name,
          model_id: 'meta/llama-3.3',
          active: true,
          default_params: { temperature: 0.5, stop: ['\n'] },
          reasoning_config: { enable_thinking: false },
          transforms: { system_prompt_prefix: 'Be brief.', rewrite_model_name: false },
          rate_limits: { rpm: 10, tpm: 'unlimited' },
          max_output_tokens: 4096,
          context_window: 131072,
          timeouts: { connect_ms: 500 },
        });
        expect(status).toBe(201);
        expect(headers.get('etag')).toBe('"1"');
        expect(body).toMatchObject({
          name,
          model_id: 'meta/llama-3.3',
          active: true,
          default_params: { temperature: 0.5, stop: ['\n'] },
          reasoning_config: { enabled: false, enable_thinking: false },
          transforms: { system_prompt_prefix: 'Be brief.', rewrite_model_name: false },
          rate_limits: { rpm: 10, tpm: 'unlimited', concurrency: null },
          max_output_tokens: 4096,
          context_window: 131072,
          timeouts: { connect_ms: 500, first_byte_ms: null, idle_ms: null, total_ms: null },
          backends: [],
          version: 1,
        });
        expect((await gateway.admin('GET', `/models/${body.id}`)).body).toEqual(body);
        expect(gateway.registry.current().models.get(name)).toMatchObject({
          id: body.id,
          upstreamModel: 'meta/llama-3.3',
          defaultParams: { temperature: 0.5, stop: ['\n'] },
          enableThinking: false,
          systemPrefix: 'Be brief.',
          rewriteModelName: false,
          rpmLimit: 10,
          tpmLimit: null,
          maxOutputTokens: 4096,
          contextWindow: 131072,
          timeouts: { connectMs: 500 },
          createdAtSeconds: Math.floor(Date.parse(body.created_at) / 1000),
        });
      });

      it('gives a model what was left out: its own name upstream, rewriting on, no limits', async () => {
        const model = await aModel();
        expect(model).toMatchObject({
          model_id: model.name,
          active: true,
          default_params: {},
          reasoning_config: { enabled: null },
          transforms: { system_prompt_prefix: null, rewrite_model_name: true },
          rate_limits: { rpm: null, tpm: null, concurrency: null },
        });
      });

      it('creates backends with the model, or neither', async () => {
        const model = await aModel({
          backends: [{ url: 'http://10.0.0.1:8000' }, { url: 'http://10.0.0.2:8000/', weight: 3 }],
        });
        expect(model.backends).toMatchObject([
          { url: 'http://10.0.0.1:8000', weight: 1, priority: 0, active: true, healthy: true, last_health_check: null },
          { url: 'http://10.0.0.2:8000', weight: 3 },
        ]);
        const name = aName('neither');
        const refused = await gateway.admin('POST', '/models', {
          name,
          backends: [{ url: 'http://h' }, { url: 'nonsense' }],
        });
        expect(refused.status).toBe(400);
        expect(refused.body.error.param).toBe('backends[1].url');
        expect((await gateway.admin('GET', `/models?q=${name}`)).body.data).toEqual([]);
        const twice = await gateway.admin('POST', '/models', {
          name,
          backends: [{ url: 'http://h' }, { url: 'http://h/' }],
        });
        expect(twice.status).toBe(409);
      });

      it('changes only what is sent, by PATCH as by PUT', async () => {
        const model = await aModel({
          default_params: { temperature: 1, top_p: 0.5 },
          transforms: { system_prompt_prefix: 'x', rewrite_model_name: false },
          rate_limits: { rpm: 5, tpm: 50 },
          timeouts: { connect_ms: 100, idle_ms: 200 },
        });
        const patched = await gateway.admin('PATCH', `/models/${model.id}`, {
          default_params: { temperature: 0 },
          transforms: { rewrite_model_name: true },
          rate_limits: { rpm: 0 },
          timeouts: { idle_ms: null },
        });
        expect(patched.status).toBe(200);
        expect(patched.headers.get('etag')).toBe('"2"');
        expect(patched.body).toMatchObject({
          name: model.name,
          default_params: { temperature: 0 },
          transforms: { system_prompt_prefix: 'x', rewrite_model_name: true },
          rate_limits: { rpm: 0, tpm: 50 },
          timeouts: { connect_ms: 100, idle_ms: null },
          version: 2,
        });
        expect(patched.body.default_params).toEqual({ temperature: 0 });
        const put = await gateway.admin('PUT', `/models/${model.id}`, {
          active: false,
          transforms: null,
          timeouts: null,
        });
        expect(put.body).toMatchObject({
          active: false,
          transforms: { system_prompt_prefix: null, rewrite_model_name: true },
          rate_limits: { rpm: 0, tpm: 50 },
          timeouts: { connect_ms: null },
          version: 3,
        });
        expect(gateway.registry.current().models.has(model.name)).toBe(false);
      });

      it('says 409 for a name that is taken, at creation and at change', async () => {
        const [first, second] = [await aModel(), await aModel()];
        expect((await gateway.admin('POST', '/models', { name: first.name })).status).toBe(409);
        const renamed = await gateway.admin('PATCH', `/models/${second.id}`, { name: first.name });
        expect(renamed.status).toBe(409);
        expect(renamed.body.error).toMatchObject({ code: 'conflict', param: 'name' });
      });

      it('forgets the old name of a renamed model and everything of a deleted one', async () => {
        const model = await aModel({ backends: [{ url: 'http://127.0.0.1:9' }] });
        const name = aName('renamed');
        await gateway.admin('PATCH', `/models/${model.id}`, { name });
        expect(gateway.registry.current().models.has(model.name)).toBe(false);
        expect(gateway.registry.current().models.get(name)?.backends).toHaveLength(1);
        expect((await gateway.admin('DELETE', `/models/${model.id}`)).status).toBe(204);
        expect(gateway.registry.current().models.has(name)).toBe(false);
        expect((await gateway.admin('GET', `/models/${model.id}`)).status).toBe(404);
        expect((await gateway.admin('GET', `/backends/${model.backends[0].id}/health`)).status).toBe(404);
      });

      it.each([
        ['{}', 'name'],
        [{ name: '' }, 'name'],
        [{ name: ' x' }, 'name'],
        [{ name: 'a\u0000b' }, 'name'],
        [{ name: 7 }, 'name'],
        [{ name: 'm', unknown: 1 }, 'unknown'],
        [{ name: 'm', healthy: true }, 'healthy'],
        [{ name: 'm', active: 'yes' }, 'active'],
        [{ name: 'm', active: null }, 'active'],
        [{ name: 'm', model_id: '' }, 'model_id'],
        [{ name: 'm', default_params: [] }, 'default_params'],
        [{ name: 'm', default_params: 'x' }, 'default_params'],
        [{ name: 'm', default_params: { model: 'other' } }, 'default_params.model'],
        [{ name: 'm', default_params: { messages: [] } }, 'default_params.messages'],
        [{ name: 'm', default_params: { stream: true } }, 'default_params.stream'],
        [{ name: 'm', default_params: { stream_options: {} } }, 'default_params.stream_options'],
        [{ name: 'm', default_params: { omni_route: 'x' } }, 'default_params.omni_route'],
        [{ name: 'm', default_params: { stop: 'a\u0000' } }, 'default_params'],
        [{ name: 'm', default_params: { user: 'x'.repeat(16_384) } }, 'default_params'],
        [{ name: 'm', reasoning_config: true }, 'reasoning_config'],
        [{ name: 'm', reasoning_config: { enabled: 'on' } }, 'reasoning_config.enabled'],
        [
          { name: 'm', reasoning_config: { enabled: true, enable_thinking: false } },
          'reasoning_config.enable_thinking',
        ],
        [{ name: 'm', reasoning_config: { level: 1 } }, 'reasoning_config.level'],
        [{ name: 'm', transforms: { rewrite_model_name: null } }, 'transforms.rewrite_model_name'],
        [{ name: 'm', transforms: { system_prompt_prefix: 'a\u0000' } }, 'transforms.system_prompt_prefix'],
        [{ name: 'm', rate_limits: { rpm: -1 } }, 'rate_limits.rpm'],
        [{ name: 'm', rate_limits: { rpm: 1.5 } }, 'rate_limits.rpm'],
        [{ name: 'm', rate_limits: { tpm: 'many' } }, 'rate_limits.tpm'],
        [{ name: 'm', max_output_tokens: 0 }, 'max_output_tokens'],
        [{ name: 'm', context_window: '8k' }, 'context_window'],
        [{ name: 'm', timeouts: { idle_ms: 5 } }, 'timeouts.idle_ms'],
        [{ name: 'm', timeouts: { idle: 50 } }, 'timeouts.idle'],
        [{ name: 'm', backends: {} }, 'backends'],
        [{ name: 'm', backends: [{}] }, 'backends[0].url'],
        [{ name: 'm', backends: [{ url: 'http://h', wheight: 1 }] }, 'backends[0].wheight'],
        ['[]', null],
        ['"x"', null],
        ['{"name":', null],
      ])('refuses %j with a 400 that names %s', async (body, param) => {
        const answer = await gateway.admin('POST', '/models', body);
        expect(answer.status).toBe(400);
        expect(answer.body.error.param).toBe(param);
      });

      it('keeps deeply odd default parameters as they are', async () => {
        const default_params = {
          chat_template_kwargs: { a: [1, 'ü', null, { 'b\\u0000': '💡' }] },
          logit_bias: { '50256': -100 },
        };
        const model = await aModel({ default_params });
        expect(model.default_params).toEqual(default_params);
        expect((await gateway.admin('GET', `/models/${model.id}`)).body.default_params).toEqual(default_params);
        expect(gateway.registry.current().models.get(model.name)?.defaultParams).toEqual(default_params);
      });

      it('pages through models without repeating or losing one', async () => {
        const stem = aName('paged');
        for (let index = 0; index < 5; index += 1) await aModel({ name: `${stem}-${index}` });
        const seen: string[] = [];
        let cursor = '';
        do {
          const { body } = await gateway.admin('GET', `/models?q=${stem}&limit=2&sort=name${cursor}`);
          seen.push(...(body.data as Row[]).map((model) => String(model['name'])));
          cursor = body.next_cursor === null ? '' : `&cursor=${body.next_cursor}`;
        } while (cursor !== '' && seen.length < 10);
        expect(seen).toEqual([0, 1, 2, 3, 4].map((index) => `${stem}-${index}`));
        expect((await gateway.admin('GET', '/models?sort=default_params')).status).toBe(400);
      });
    });

    describe('backends', () => {
      it('creates, reads, lists, changes and deletes them', async () => {
        const model = await aModel();
        const path = `/models/${model.id}/backends`;
        const created = await gateway.admin('POST', path, { url: 'http://127.0.0.1:8001/v1/', weight: 5, priority: 1 });
        expect(created.status).toBe(201);
        expect(created.headers.get('etag')).toBe('"1"');
        expect(created.body).toMatchObject({
          model_id: model.id,
          provider_id: null,
          url: 'http://127.0.0.1:8001/v1',
          weight: 5,
          priority: 1,
          active: true,
          healthy: true,
        });
        const own = `${path}/${created.body.id}`;
        expect((await gateway.admin('GET', own)).body).toEqual(created.body);
        expect((await gateway.admin('GET', path)).body).toEqual({ data: [created.body], next_cursor: null });
        expect(gateway.registry.current().models.get(model.name)?.backends[0]).toMatchObject({
          id: created.body.id,
          origin: 'http://127.0.0.1:8001',
          basePath: '/v1',
          rootPath: '',
          weight: 5,
          priority: 1,
          provider: null,
        });
        const changed = await gateway.admin('PUT', own, { weight: 1, timeouts: { total_ms: 1000 } });
        expect(changed.body).toMatchObject({ weight: 1, priority: 1, timeouts: { total_ms: 1000 }, version: 2 });
        await gateway.admin('PATCH', own, { active: false });
        expect(gateway.registry.current().models.get(model.name)?.backends).toEqual([]);
        expect((await gateway.admin('DELETE', own)).status).toBe(204);
        expect((await gateway.admin('GET', own)).status).toBe(404);
        expect((await gateway.admin('DELETE', own)).status).toBe(404);
      });

      it('takes the base URL of the provider where it has none of its own, and follows the provider', async () => {
        const provider = await aProvider({ base_url: 'https://api.example.com/v1/' });
        const model = await aModel({ backends: [{ provider_id: provider.id }] });
        const backend = () => gateway.registry.current().models.get(model.name)?.backends[0];
        expect(model.backends[0]).toMatchObject({ url: null, provider_id: provider.id });
        expect(backend()).toMatchObject({
          url: 'https://api.example.com/v1',
          origin: 'https://api.example.com',
          basePath: '/v1',
        });
        expect(backend()?.provider).toBe(gateway.registry.current().providers.get(provider.name));
        await gateway.admin('PATCH', `/providers/${provider.id}`, { base_url: 'https://other.example.com/openai' });
        expect(backend()).toMatchObject({
          origin: 'https://other.example.com',
          basePath: '/openai',
          rootPath: '/openai',
        });
        await gateway.admin('PATCH', `/providers/${provider.id}`, { active: false });
        expect(backend()).toBeUndefined();
        expect((await gateway.admin('DELETE', `/providers/${provider.id}`)).status).toBe(204);
        expect((await gateway.admin('GET', `/models/${model.id}`)).body.backends).toEqual([]);
      });

      it('orders them by priority, then by age', async () => {
        const model = await aModel();
        for (const [url, priority] of [
          ['http://a', 2],
          ['http://b', 0],
          ['http://c', 1],
          ['http://d', 0],
        ] as const) {
          await gateway.admin('POST', `/models/${model.id}/backends`, { url, priority });
        }
        const urls = gateway.registry
          .current()
          .models.get(model.name)
          ?.backends.map((backend) => backend.url);
        expect(urls).toEqual(['http://b', 'http://d', 'http://c', 'http://a']);
      });

      it('says 409 for a second one with the same url and provider', async () => {
        const [provider, model] = [await aProvider(), await aModel()];
        const path = `/models/${model.id}/backends`;
        expect((await gateway.admin('POST', path, { url: 'http://twin' })).status).toBe(201);
        expect((await gateway.admin('POST', path, { url: 'http://twin/' })).status).toBe(409);
        expect((await gateway.admin('POST', path, { url: 'http://twin', provider_id: provider.id })).status).toBe(201);
        expect((await gateway.admin('POST', path, { provider_id: provider.id })).status).toBe(201);
        expect((await gateway.admin('POST', path, { provider_id: provider.id })).status).toBe(409);
        const other = await gateway.admin('POST', path, { url: 'http://other' });
        expect((await gateway.admin('PATCH', `${path}/${other.body.id}`, { url: 'http://twin' })).status).toBe(409);
      });

      it.each([
        [{}, 'url'],
        [{ url: null }, 'url'],
        [{ url: 'nonsense' }, 'url'],
        [{ url: 'ftp://host' }, 'url'],
        [{ url: 'http://user:pw@host' }, 'url'],
        [{ url: 'http://host?x=1' }, 'url'],
        [{ url: 'http://169.254.169.254' }, 'url'],
        [{ url: 'http://metadata.google.internal/' }, 'url'],
        [{ url: 'http://h', weight: 0 }, 'weight'],
        [{ url: 'http://h', weight: 1.5 }, 'weight'],
        [{ url: 'http://h', weight: null }, 'weight'],
        [{ url: 'http://h', priority: -1 }, 'priority'],
        [{ url: 'http://h', provider_id: 'x' }, 'provider_id'],
        [{ url: 'http://h', provider_id: MISSING }, 'provider_id'],
        [{ url: 'http://h', model_id: MISSING }, 'model_id'],
        [{ url: 'http://h', timeouts: [] }, 'timeouts'],
      ])('refuses %j with a 400 that names %s', async (body, param) => {
        const model = await aModel();
        const answer = await gateway.admin('POST', `/models/${model.id}/backends`, body);
        expect(answer.status).toBe(400);
        expect(answer.body.error.param).toBe(param);
      });

      it('knows a backend only under its own model', async () => {
        const [model, other] = [await aModel({ backends: [{ url: 'http://h' }] }), await aModel()];
        const stranger = `/models/${other.id}/backends/${model.backends[0].id}`;
        for (const method of ['GET', 'PATCH', 'DELETE']) {
          expect((await gateway.admin(method, stranger, method === 'PATCH' ? { weight: 2 } : undefined)).status).toBe(
            404,
          );
        }
        expect((await gateway.admin('GET', `/models/${MISSING}/backends`)).status).toBe(404);
        expect((await gateway.admin('POST', `/models/${MISSING}/backends`, { url: 'http://h' })).status).toBe(404);
      });

      it('shows what probes say', async () => {
        const model = await aModel({ backends: [{ url: 'http://h' }] });
        const { body } = await gateway.admin('GET', `/backends/${model.backends[0].id}/health`);
        expect(body).toEqual({
          backend_id: model.backends[0].id,
          healthy: true,
          checked_at: null,
          changed_at: null,
          last_error: null,
          successes: 0,
          failures: 0,
        });
      });
    });

    describe('providers', () => {
      it('creates, reads, lists, changes and deletes them', async () => {
        const provider = await aProvider();
        expect(provider).toMatchObject({
          kind: 'openai-compatible',
          base_url: 'https://api.example.com/v1',
          active: true,
          credentials: [],
        });
        expect((await gateway.admin('GET', `/providers/${provider.id}`)).body).toEqual(provider);
        const listed = await gateway.admin('GET', `/providers?q=${provider.name}`);
        expect(listed.body.data).toEqual([provider]);
        expect((await gateway.admin('POST', '/providers', { name: provider.name, base_url: 'http://h' })).status).toBe(
          409,
        );
        const changed = await gateway.admin('PUT', `/providers/${provider.id}`, { name: aName('renamed') });
        expect(changed.body).toMatchObject({ base_url: provider.base_url, version: 2 });
        expect(gateway.registry.current().providers.has(provider.name)).toBe(false);
        expect((await gateway.admin('DELETE', `/providers/${provider.id}`)).status).toBe(204);
        expect((await gateway.admin('GET', `/providers/${provider.id}`)).status).toBe(404);
      });

      it.each([
        [{ base_url: 'http://h' }, 'name'],
        [{ name: 'OpenAI', base_url: 'http://h' }, 'name'],
        [{ name: 'a/b', base_url: 'http://h' }, 'name'],
        [{ name: 'p' }, 'base_url'],
        [{ name: 'p', base_url: 'http://169.254.1.1' }, 'base_url'],
        [{ name: 'p', base_url: 'http://h', kind: 'telepathy' }, 'kind'],
        [{ name: 'p', base_url: 'http://h', api_key: 'x' }, 'api_key'],
      ])('refuses %j with a 400 that names %s', async (body, param) => {
        const answer = await gateway.admin('POST', '/providers', body);
        expect(answer.status).toBe(400);
        expect(answer.body.error.param).toBe(param);
      });
    });

    it.each(['/models', '/providers'])(
      'answers 404 for what is not there, and for what can be no id: %s',
      async (path) => {
        for (const id of [MISSING, 'not-a-uuid', '1']) {
          expect((await gateway.admin('GET', `${path}/${id}`)).status).toBe(404);
          expect((await gateway.admin('PATCH', `${path}/${id}`, { active: true })).status).toBe(404);
          expect((await gateway.admin('DELETE', `${path}/${id}`)).status).toBe(404);
        }
      },
    );

    it('refuses changes of something that has moved on', async () => {
      const [model, provider] = [await aModel({ backends: [{ url: 'http://h' }] }), await aProvider()];
      const backend = `/models/${model.id}/backends/${model.backends[0].id}`;
      for (const path of [`/models/${model.id}`, `/providers/${provider.id}`, backend]) {
        expect((await gateway.admin('PATCH', path, { active: true }, { 'if-match': '"1"' })).status).toBe(200);
        expect((await gateway.admin('PATCH', path, { active: false }, { 'if-match': '"1"' })).status).toBe(412);
        expect((await gateway.admin('DELETE', path, undefined, { 'if-match': '"1"' })).status).toBe(412);
        expect((await gateway.admin('GET', path)).body).toMatchObject({ active: true, version: 2 });
      }
    });

    it('writes every change to the audit log', async () => {
      const model = await aModel({ backends: [{ url: 'http://h' }] });
      await gateway.admin('PATCH', `/models/${model.id}`, { active: false });
      await gateway.admin('DELETE', `/models/${model.id}`);
      const { body } = await gateway.admin('GET', `/audit?resource_id=${model.id}`);
      const entries = body.data as { action: string; before: object | null; after: object | null }[];
      expect(entries.map((entry) => entry.action).toSorted()).toEqual(['model.change', 'model.create', 'model.delete']);
      const change = entries.find((entry) => entry.action === 'model.change');
      expect(change).toMatchObject({ before: { active: true, version: 1 }, after: { active: false, version: 2 } });
      expect(entries.find((entry) => entry.action === 'model.delete')).toMatchObject({
        before: { backends: [{ url: 'http://h' }] },
      });
    });

    it('shows the version, age and freshness of the snapshot', async () => {
      const before = (await gateway.admin('GET', '/snapshot')).body;
      const model = await aModel({ backends: [{ url: 'http://h' }] });
      const after = (await gateway.admin('GET', '/snapshot')).body;
      expect(after.version).toBeGreaterThan(before.version);
      expect(after).toMatchObject({
        fresh: true,
        models: Number(before.models) + 1,
        backends: Number(before.backends) + 1,
      });
      expect(after.age_ms).toBeLessThan(5000);
      await gateway.admin('DELETE', `/models/${model.id}`);
    });

    it('is closed to strangers', async () => {
      for (const path of [
        '/models',
        '/providers',
        '/snapshot',
        `/models/${MISSING}/backends`,
        `/providers/${MISSING}/credentials`,
      ]) {
        expect((await gateway.admin('GET', path, undefined, { 'x-admin-key': 'wrong' })).status).toBe(401);
      }
    });
  });
}, ENV);

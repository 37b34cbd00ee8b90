import { costOf, type PriceCard, usageOf } from '../../../libs/protocol/index.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { isKnownPrice, Prices } from '../../../src/registry/prices.service.js';
import type { ModelEntry, ProviderEntry } from '../../../src/registry/snapshot.js';
import { describeEachDatabase } from '../../support/databases.js';
import { ENV, RegistryGateway } from './registry-gateway.js';

const MISSING = '019b0000-0000-7000-8000-000000000000';
const NOW = Date.parse('2026-11-01T12:00:00Z');
const A_MILLION = usageOf({ promptTokens: 1_000_000 });

/** Any resource; looked into field by field. */

type Row = Record<string, any>;

describeEachDatabase((database) => {
  describe('prices', () => {
    let gateway: RegistryGateway;

    beforeAll(async () => {
      gateway = await RegistryGateway.start(database.config);
    }, 60_000);
    afterAll(async () => {
      await gateway.close();
    }, 30_000);

    let serial = 0;
    const aName = (stem: string) => `${stem}-${(serial += 1)}`;
    const made = async (path: string, fields: object): Promise<Row> => {
      const answer = await gateway.admin('POST', path, fields);
      expect(answer).toMatchObject({ status: 201 });
      return answer.body as Row;
    };
    const aPrice = (fields: object = {}) =>
      made('/prices', { model: aName('priced'), input: '2.5', output: '10', ...fields });
    const aProvider = (fields: object = {}) =>
      made('/providers', { name: aName('acme'), base_url: 'https://llm.acme.example/v1', ...fields });
    const aModel = (upstream: string, provider?: Row): Promise<Row> =>
      made('/models', {
        name: aName('model'),
        model_id: upstream,
        backends: [provider === undefined ? { url: 'http://vllm.example:8000' } : { provider_id: provider['id'] }],
      });
    const entry = (model: Row): { model: ModelEntry; provider: ProviderEntry | null } => {
      const found = gateway.registry.current().models.get(model['name'] as string);
      if (found === undefined) throw new Error('no such model');
      return { model: found, provider: found.backends[0]?.provider ?? null };
    };
    const priceAt = (model: Row, atMs = NOW): PriceCard | null => {
      const found = entry(model);
      return gateway.registry.current().prices.priceAt(found.model, found.provider, atMs);
    };

    describe('the admin API', () => {
      it('takes a whole price in decimal USD and gives it back to the digit', async () => {
        const provider = await aProvider();
        const fields = {
          provider_id: provider['id'] as string,
          model: 'everything-*',
          input: '2.5',
          output: '1000000',
          cached_input: '0.000000001',
          cache_write_5m: '3.125',
          cache_write_1h: '5',
          audio_input: '32',
          cached_audio_input: '0.4',
          image_input: '5.01',
          cached_image_input: '0.5',
          reasoning: '3',
          audio_output: '64',
          image_output: '120',
          per_request: '0.005',
          per_web_search: '0.01',
          per_audio_hour: '0.36',
          tiers: [{ above_input_tokens: 200_000, input: '5', cached_input: '0.25' }],
          effective_from: '2026-01-01T00:00:00.000Z',
          effective_to: '2027-01-01T00:00:00.000Z',
        };
        const { status, body, headers } = await gateway.admin('POST', '/prices', fields);
        expect(status).toBe(201);
        expect(headers.get('etag')).toBe('"1"');
        expect(body).toMatchObject({ ...fields, version: 1 });
        expect((await gateway.admin('GET', `/prices/${body.id}`)).body).toEqual(body);

        const model = await aModel('Everything-Large', provider);
        const card = priceAt(model) as PriceCard;
        expect(card).toMatchObject({ id: body.id, source: 'own', provider: provider['name'], model: 'everything-*' });
        const usage = { promptTokens: 1000, cachedTokens: 400, cacheWrite1hTokens: 100, audioInputTokens: 50 };
        // 450 × 2.5 + 400 × 0.000000001 + 100 × 5 + 50 × 32 = 3225.0000004 millionths, a request a search and a second of audio
        expect(costOf(usageOf({ ...usage, webSearches: 1, audioSeconds: 1 }), card)).toBe(3_225_000 + 15_100_000);
        expect(costOf(usageOf({ promptTokens: 200_001 }), card)).toBe(1_000_005_000 + 5_000_000);
      });

      it('takes numbers for decimals too, and leaves out what was left out', async () => {
        const price = await aPrice({ input: 1e-7, output: 0, per_request: 0.25 });
        expect(price).toMatchObject({
          input: '0.0000001',
          output: '0',
          per_request: '0.25',
          reasoning: null,
          tiers: [],
        });
        expect(price).toMatchObject({ provider_id: null, effective_from: null, effective_to: null });
      });

      it('changes, lists, searches and deletes', async () => {
        const price = await aPrice({ cached_input: '1', tiers: [{ above_input_tokens: 10, input: '9' }] });
        const path = `/prices/${price['id'] as string}`;
        const changed = await gateway.admin('PATCH', path, { output: '12', cached_input: null, tiers: [] });
        expect(changed.body).toMatchObject({ input: '2.5', output: '12', cached_input: null, tiers: [], version: 2 });
        const stale = await gateway.admin('PATCH', path, { output: '13' }, { 'if-match': '"1"' });
        expect(stale.status).toBe(412);
        const { body: page } = await gateway.admin('GET', `/prices?q=${price['model'] as string}&sort=model`);
        expect(page).toMatchObject({ data: [{ id: price['id'], output: '12' }], next_cursor: null });
        expect((await gateway.admin('DELETE', path)).status).toBe(204);
        expect((await gateway.admin('GET', path)).status).toBe(404);
        const { body: audit } = await gateway.admin('GET', `/audit?resource_id=${price['id'] as string}`);
        const actions = (audit as { data: Row[] }).data.map((line) => line['action'] as string);
        expect(actions.sort()).toEqual(['price.change', 'price.create', 'price.delete']);
      });

      it.each([
        ['input', { input: '-1' }],
        ['input', { input: '0.0000000001' }],
        ['input', { input: '1e3' }],
        ['input', { input: 1e-10 }],
        ['input', { input: '1000000.5' }],
        ['input', { input: null }],
        ['output', { output: undefined }],
        ['output', { output: true }],
        ['cached_input', { cached_input: 'free' }],
        ['per_request', { per_request: {} }],
        ['model', { model: 'gpt-*-mini' }],
        ['model', { model: '' }],
        ['model', { model: 'a b' }],
        ['provider_id', { provider_id: 'openai' }],
        ['provider_id', { provider_id: MISSING }],
        ['tiers[0].above_input_tokens', { tiers: [{ above_input_tokens: 0 }] }],
        ['tiers[1].output', { tiers: [{ above_input_tokens: 1 }, { above_input_tokens: 2, output: 'x' }] }],
        ['tiers', { tiers: [{ above_input_tokens: 1 }, { above_input_tokens: 1 }] }],
        ['tiers', { tiers: Array.from({ length: 11 }, (_, i) => ({ above_input_tokens: i + 1 })) }],
        ['effective_from', { effective_from: '2026-01-01' }],
        ['effective_to', { effective_from: '2026-01-02T00:00:00Z', effective_to: '2026-01-02T00:00:00Z' }],
        ['currency', { currency: 'EUR' }],
      ])('refuses a price whose %s is not right: %j', async (param, fields) => {
        const answer = await gateway.admin('POST', '/prices', {
          model: aName('m'),
          input: '1',
          output: '1',
          ...fields,
        });
        expect(answer).toMatchObject({ status: 400, body: { error: { param } } });
      });

      it('refuses a price that holds at the same time as another of the same provider and model', async () => {
        const provider = await aProvider();
        const model = aName('dated');
        const [january, march] = ['2026-01-01T00:00:00.000Z', '2026-03-01T00:00:00.000Z'];
        const price = (fields: object) =>
          gateway.admin('POST', '/prices', { model, input: '1', output: '1', ...fields });
        expect((await price({ effective_from: january, effective_to: march })).status).toBe(201);
        const clash = await price({ model: model.toUpperCase(), effective_from: '2026-02-28T23:59:59Z' });
        expect(clash).toMatchObject({ status: 409, body: { error: { param: 'effective_from' } } });
        expect(clash.body.error.message).toContain(january);
        expect((await price({})).status).toBe(409);
        // The end is not part of it, and another provider is another matter.
        const next = await price({ effective_from: march });
        expect(next.status).toBe(201);
        expect((await price({ provider_id: provider['id'] as string })).status).toBe(201);
        const back = await gateway.admin('PATCH', `/prices/${next.body.id}`, { effective_from: january });
        expect(back.status).toBe(409);
        expect((await gateway.admin('GET', `/prices/${next.body.id}`)).body).toMatchObject({ effective_from: march });
      });

      it('takes one of many equal prices that are set at the same time', async () => {
        const fields = { model: aName('raced'), input: '1', output: '1' };
        const answers = await Promise.all(Array.from({ length: 8 }, () => gateway.admin('POST', '/prices', fields)));
        expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
        expect(answers.filter(({ status }) => status === 409)).toHaveLength(7);
      });

      it('deletes the prices of a provider with it', async () => {
        const provider = await aProvider();
        const price = await aPrice({ provider_id: provider['id'] as string });
        expect((await gateway.admin('DELETE', `/providers/${provider['id'] as string}`)).status).toBe(204);
        expect((await gateway.admin('GET', `/prices/${price['id'] as string}`)).status).toBe(404);
      });
    });

    describe('which one holds', () => {
      const inputOf = (card: PriceCard | null) => (card === null ? null : costOf(A_MILLION, card) / 1e9);

      it('is the own price of provider and model, then that of the model, then the published one', async () => {
        const provider = await aProvider({ name: 'openai', base_url: 'https://api.openai.com/v1' });
        const model = await aModel('gpt-4o', provider);
        const published = priceAt(model) as PriceCard;
        expect(published).toMatchObject({ source: 'published', provider: 'openai', model: 'gpt-4o' });
        expect(inputOf(published)).toBe(2.5);
        await aPrice({ model: 'gpt-4*', input: '7' });
        expect(inputOf(priceAt(model))).toBe(7);
        await aPrice({ model: 'gpt-4o', input: '6' });
        expect(inputOf(priceAt(model))).toBe(6);
        await aPrice({ model: 'gpt-*', input: '5', provider_id: provider['id'] as string });
        expect(inputOf(priceAt(model))).toBe(5);
        await aPrice({ model: 'gpt-4o*', input: '4', provider_id: provider['id'] as string });
        expect(inputOf(priceAt(model))).toBe(4);
        const last = await aPrice({ model: 'GPT-4o', input: '3', provider_id: provider['id'] as string });
        expect(inputOf(priceAt(model))).toBe(3);
        await gateway.admin('DELETE', `/prices/${last['id'] as string}`);
        expect(inputOf(priceAt(model))).toBe(4);
      });

      it('changes at its moment, without any change of the catalogue', async () => {
        const provider = await aProvider();
        const model = await aModel('dated-model', provider);
        const atMs = Date.now() + 86_400_500;
        const moment = new Date(atMs).toISOString();
        const end = new Date(atMs + 86_400_000).toISOString();
        await aPrice({ model: 'dated-model', input: '1', effective_to: moment });
        await aPrice({ model: 'dated-model', input: '2', effective_from: moment, effective_to: end });
        const { revision } = gateway.registry.current();
        expect(inputOf(priceAt(model, atMs - 1))).toBe(1);
        expect(inputOf(priceAt(model, atMs))).toBe(2);
        expect(priceAt(model, Date.parse(end))).toBeNull();
        expect(gateway.registry.current().revision).toBe(revision);
      });

      it('is unknown for a model nobody has a price for, and the policy decides', async () => {
        const model = await aModel('my-own-weights');
        expect(priceAt(model)).toBeNull();
        const found = entry(model);
        const policy = (env: Record<string, string>) => new Prices(gateway.registry, loadConfig(env));

        const zero = policy({});
        const free = zero.priceAt(found.model, null, NOW);
        expect(free.source).toBe('unknown');
        expect(costOf(A_MILLION, free)).toBe(0);
        expect(() => zero.expectKnown(found.model, NOW)).not.toThrow();

        const prices = { OMNI_DEFAULT_INPUT_PRICE: '1.5', OMNI_DEFAULT_OUTPUT_PRICE: '2' };
        const charged = policy({ OMNI_UNKNOWN_PRICE: 'default', ...prices }).priceAt(found.model, null, NOW);
        expect(charged.source).toBe('default');
        expect(isKnownPrice(charged)).toBe(false);
        expect(inputOf(charged)).toBe(1.5);

        const strict = policy({ OMNI_UNKNOWN_PRICE: 'refuse' });
        expect(() => strict.expectKnown(found.model, NOW)).toThrow(
          expect.objectContaining({ status: 403, code: 'price_unknown', param: 'model' }),
        );
        await aPrice({ model: 'my-own-weights', input: '0', output: '0' });
        const known = entry(model);
        expect(() => strict.expectKnown(known.model, NOW)).not.toThrow();
        expect(isKnownPrice(strict.priceAt(known.model, null, NOW))).toBe(true);
      });
    });
  });
}, ENV);

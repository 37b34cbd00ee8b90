import { buildSnapshot } from './build-snapshot.js';
import type { OpenCredential } from './project-accounts.js';
import type { BackendRow, CatalogueRows, CredentialRow, ModelRow, ProviderRow } from './catalogue.repository.js';

const aModel = (fields: Partial<ModelRow> = {}): ModelRow => ({
  id: 'm1',
  name: 'gpt',
  model_id: 'gpt-upstream',
  default_params: {},
  enable_thinking: null,
  system_prompt_prefix: null,
  rewrite_model_name: true,
  rpm_limit: null,
  tpm_limit: null,
  concurrency_limit: null,
  max_output_tokens: null,
  context_window: null,
  timeouts: {},
  created_at_seconds: '1760000000',
  ...fields,
});
const aBackend = (fields: Partial<BackendRow> = {}): BackendRow => ({
  id: 'b1',
  model_id: 'm1',
  provider_id: null,
  url: 'http://host:8000',
  weight: 1,
  priority: 0,
  timeouts: {},
  ...fields,
});
const aProvider = (fields: Partial<ProviderRow> = {}): ProviderRow => ({
  id: 'p1',
  name: 'openai',
  kind: 'openai-compatible',
  base_url: 'https://api.openai.com/v1',
  options: {},
  active: true,
  ...fields,
});
const aCredential = (fields: Partial<CredentialRow> = {}): CredentialRow => ({
  id: 'c1',
  provider_id: 'p1',
  label: 'default',
  ciphertext: 'sealed',
  key_id: 'k',
  rpm_limit: null,
  tpm_limit: null,
  ...fields,
});
const build = (rows: Partial<CatalogueRows>, open: OpenCredential = () => 'secret') =>
  buildSnapshot(
    {
      revision: '7',
      models: [],
      backends: [],
      providers: [],
      credentials: [],
      projectProviders: [],
      prices: [],
      ...rows,
    },
    42,
    open,
  );

describe('buildSnapshot', () => {
  it('puts backends under their models in the order given, and one provider object under all', () => {
    const snapshot = build({
      models: [aModel(), aModel({ id: 'm2', name: 'other' })],
      backends: [
        aBackend({ id: 'b1', provider_id: 'p1', url: null }),
        aBackend({ id: 'b2', model_id: 'm2' }),
        aBackend({ id: 'b3', provider_id: 'p1', url: 'http://proxy' }),
      ],
      providers: [aProvider()],
    });
    expect(snapshot).toMatchObject({ revision: '7', takenAtMs: 42 });
    const [first, second] = snapshot.models.get('gpt')?.backends ?? [];
    expect(first).toMatchObject({ id: 'b1', url: 'https://api.openai.com/v1', origin: 'https://api.openai.com' });
    expect(first).toMatchObject({ basePath: '/v1', rootPath: '' });
    expect(second).toMatchObject({ id: 'b3', origin: 'http://proxy', basePath: '/v1' });
    expect(first?.provider).toBe(snapshot.providers.get('openai'));
    expect(second?.provider).toBe(first?.provider);
    expect(snapshot.models.get('other')?.backends.map(({ id }) => id)).toEqual(['b2']);
  });

  it('leaves out backends without an active provider, and what is no URL, and keeps the model', () => {
    const backends = [aBackend({ provider_id: 'inactive' }), aBackend({ id: 'b2', url: 'nonsense' })];
    expect(build({ models: [aModel()], backends }).models.get('gpt')?.backends).toEqual([]);
  });

  it('leaves out a credential that does not open and keeps its siblings', () => {
    const credentials = [aCredential(), aCredential({ id: 'c2', label: 'second', rpm_limit: '5' })];
    const snapshot = build({ providers: [aProvider()], credentials }, (row) => (row.id === 'c1' ? null : 'open'));
    expect(snapshot.providers.get('openai')?.credentials).toEqual([
      { id: 'c2', label: 'second', secret: 'open', rpmLimit: 5, tpmLimit: null },
    ]);
  });

  it('keeps a limit of 0 apart from none, and takes unlimited for none', () => {
    const model = build({ models: [aModel({ rpm_limit: '0', tpm_limit: '-1', concurrency_limit: '7' })] }).models.get(
      'gpt',
    );
    expect(model).toMatchObject({ rpmLimit: 0, tpmLimit: null, concurrencyLimit: 7 });
  });

  it('builds 5,000 models with two backends each', () => {
    const models = Array.from({ length: 5000 }, (_unused, n) => aModel({ id: `m${n}`, name: `model-${n}` }));
    const backends = models.flatMap(({ id }, n) => [
      aBackend({ id: `${id}a`, model_id: id, url: `http://10.0.0.${n % 250}:8000` }),
      aBackend({ id: `${id}b`, model_id: id, provider_id: 'p1', url: null }),
    ]);
    const snapshot = build({ models, backends, providers: [aProvider()] });
    expect(snapshot.models.size).toBe(5000);
    expect(snapshot.models.get('model-4999')?.backends).toHaveLength(2);
  });
});

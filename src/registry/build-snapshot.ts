import type { BackendRow, CatalogueRows, CredentialRow, ModelRow, ProviderRow } from './catalogue.repository.js';
import { backendAddress, type BackendAddress } from './backend-address.js';
import { type OpenCredential, projectProviders } from './project-accounts.js';
import { PriceBook, type PublishedPriceList } from './price-book.js';
import type { BackendEntry, CredentialEntry, ModelEntry, ProviderEntry, RegistrySnapshot } from './snapshot.js';

const NOTHING_PUBLISHED: PublishedPriceList = { find: () => [] };

/** What belongs into the catalogue and is not in the database. */
export interface BesidesRows {
  readonly published?: PublishedPriceList;
  /** Providers the environment registers; a row of the same name, active or not, hides them. */
  readonly environment?: readonly ProviderEntry[];
}

/** Makes the immutable catalogue from its rows. Pure, and linear in their number. */
export function buildSnapshot(
  rows: CatalogueRows,
  takenAtMs: number,
  open: OpenCredential,
  { published = NOTHING_PUBLISHED, environment = [] }: BesidesRows = {},
): RegistrySnapshot {
  const credentials = Map.groupBy(rows.credentials, (row) => row.provider_id);
  const active = rows.providers.filter((row) => row.active);
  const providersById = new Map(active.map((row) => [row.id, providerEntry(row, credentials.get(row.id) ?? [], open)]));
  const taken = new Set(rows.providers.map(({ name }) => name));
  const providers = [...environment.filter(({ name }) => !taken.has(name)), ...providersById.values()];
  const providersByName = new Map(providers.map((provider) => [provider.name, provider]));
  const addresses = new Map<string, BackendAddress>();
  const backends = new Map<string, BackendEntry[]>();
  for (const row of rows.backends) {
    const backend = backendEntry(row, providersById, addresses);
    if (backend === null) continue;
    const siblings = backends.get(row.model_id);
    if (siblings === undefined) backends.set(row.model_id, [backend]);
    else siblings.push(backend);
  }
  return Object.freeze({
    revision: rows.revision,
    takenAtMs,
    models: new Map(rows.models.map((row) => [row.name, modelEntry(row, backends.get(row.id) ?? [])])),
    providers: providersByName,
    projectProviders: projectProviders(rows.projectProviders, providersByName, open),
    prices: new PriceBook(rows.prices, providersById, published),
  });
}

/** The catalogue before the database was read. */
export function emptySnapshot(): RegistrySnapshot {
  return buildSnapshot(
    { revision: '', models: [], backends: [], providers: [], credentials: [], projectProviders: [], prices: [] },
    0,
    () => null,
  );
}

function providerEntry(row: ProviderRow, rows: readonly CredentialRow[], open: OpenCredential): ProviderEntry {
  const credentials = rows.flatMap((credential): CredentialEntry[] => {
    const secret = open(credential);
    if (secret === null) return [];
    return [
      {
        id: credential.id,
        label: credential.label,
        secret,
        rpmLimit: limit(credential.rpm_limit),
        tpmLimit: limit(credential.tpm_limit),
      },
    ];
  });
  return Object.freeze({
    id: row.id,
    name: row.name,
    kind: row.kind,
    baseUrl: row.base_url,
    options: row.options,
    active: true,
    credentials,
  });
}

/** `null` when its provider is not active, or its URL is none (only a hand in the database can do that; it must not stop the rest). */
function backendEntry(
  row: BackendRow,
  providers: ReadonlyMap<string, ProviderEntry>,
  addresses: Map<string, BackendAddress>,
): BackendEntry | null {
  const provider = row.provider_id === null ? null : providers.get(row.provider_id);
  if (provider === undefined) return null;
  const url = row.url ?? provider?.baseUrl;
  if (url === undefined || !URL.canParse(url)) return null;
  const whose = row.url === null ? 'provider' : 'backend';
  const key = `${whose} ${url}`;
  let address = addresses.get(key);
  if (address === undefined) {
    address = backendAddress(url, whose);
    addresses.set(key, address);
  }
  const { origin, basePath, rootPath } = address;
  const { id, weight, priority, timeouts } = row;
  return Object.freeze({
    id,
    modelId: row.model_id,
    url,
    origin,
    basePath,
    rootPath,
    weight,
    priority,
    provider,
    timeouts,
    urlFrom: 'administrator',
  });
}

function modelEntry(row: ModelRow, backends: readonly BackendEntry[]): ModelEntry {
  return Object.freeze({
    id: row.id,
    name: row.name,
    upstreamModel: row.model_id,
    defaultParams: row.default_params,
    enableThinking: row.enable_thinking,
    systemPrefix: row.system_prompt_prefix,
    rewriteModelName: row.rewrite_model_name,
    rpmLimit: limit(row.rpm_limit),
    tpmLimit: limit(row.tpm_limit),
    concurrencyLimit: limit(row.concurrency_limit),
    maxOutputTokens: number(row.max_output_tokens),
    contextWindow: number(row.context_window),
    timeouts: row.timeouts,
    createdAtSeconds: Number(row.created_at_seconds),
    backends,
  });
}

/** A model or a credential inherits from nobody: "unlimited" (-1) and "inherit" (`null`) are the same. */
function limit(text: string | null): number | null {
  const value = number(text);
  return value === null || value < 0 ? null : value;
}

function number(text: string | null): number | null {
  return text === null ? null : Number(text);
}

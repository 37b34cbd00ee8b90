import type { PriceCard } from '../../libs/protocol/index.js';
import type { UrlOrigin } from '../infra/http/address-policy.js';

/** Timeouts of one attempt in milliseconds; an absent one falls back to backend → model → configuration. */
export interface Timeouts {
  connectMs?: number;
  firstByteMs?: number;
  idleMs?: number;
  totalMs?: number;
}

/** A credential for one upstream account, decrypted. Lives only in memory. */
export interface CredentialEntry {
  readonly id: string;
  readonly label: string;
  readonly secret: string;
  readonly rpmLimit: number | null;
  readonly tpmLimit: number | null;
}

/** A vendor account: whose language is spoken and with which credentials. */
export interface ProviderEntry {
  readonly id: string;
  /** Unique, lower-case, e.g. `openai`; what `omni_provider` and `provider/model` name. */
  readonly name: string;
  /** Which vendor it is: a folder of `src/providers`. */
  readonly kind: string;
  /** What the vendor's own SDK takes as base URL, e.g. `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** Facts of the account that are no secrets, by the names its vendor's folder gives them. */
  readonly options: Readonly<Record<string, string>>;
  readonly active: boolean;
  /** Active ones only. */
  readonly credentials: readonly CredentialEntry[];
}

/** A project's own account: its calls use it where they would use the provider of that name. */
export interface ProjectProviderEntry extends ProviderEntry {
  readonly projectId: string;
  /** The project gave the base URL; otherwise it is the one of the gateway's provider. */
  readonly hasOwnAddress: boolean;
}

/** Where a model runs. */
export interface BackendEntry {
  readonly id: string;
  readonly modelId: string;
  /** As the administrator wrote it (or the provider's base URL). Shown in logs and metrics. */
  readonly url: string;
  /** Scheme, host and port, e.g. `http://127.0.0.1:8000`; the key of the connection pool. */
  readonly origin: string;
  /** Path before `/chat/completions`, e.g. `/v1`. */
  readonly basePath: string;
  /** Path prefix before the version segment, for health probes, e.g. `` or `/openai`. */
  readonly rootPath: string;
  readonly weight: number;
  /** Lower is tried first. */
  readonly priority: number;
  readonly provider: ProviderEntry | null;
  readonly timeouts: Timeouts;
  /** Who gave the URL: what may be connected to depends on it. */
  readonly urlFrom: UrlOrigin;
}

/** What callers name. */
export interface ModelEntry {
  readonly id: string;
  /** The alias callers use; unique. */
  readonly name: string;
  /** What the upstream calls it. */
  readonly upstreamModel: string;
  /** Injected where the caller left the field out. */
  readonly defaultParams: Readonly<Record<string, unknown>>;
  /** Overrides `chat_template_kwargs.enable_thinking`; `null` leaves the caller's alone. */
  readonly enableThinking: boolean | null;
  readonly systemPrefix: string | null;
  /** Whether answers carry the caller's name for the model instead of the upstream's. */
  readonly rewriteModelName: boolean;
  readonly rpmLimit: number | null;
  readonly tpmLimit: number | null;
  readonly concurrencyLimit: number | null;
  /** The model's own cap on generated tokens, where known. */
  readonly maxOutputTokens: number | null;
  readonly contextWindow: number | null;
  readonly timeouts: Timeouts;
  readonly createdAtSeconds: number;
  /** Active backends, lowest priority number first. */
  readonly backends: readonly BackendEntry[];
}

/** Which price holds. */
export interface PriceLookup {
  /** The known price of a model at a provider at a moment (epoch ms: the start of the call); `null`: nobody knows one. */
  priceAt(model: ModelEntry, provider: ProviderEntry | null, atMs: number): PriceCard | null;
}

/** The whole catalogue at one revision. Immutable: a change makes a new one, swapped in whole. */
export interface RegistrySnapshot {
  readonly revision: string;
  readonly takenAtMs: number;
  /** Active models by alias. */
  readonly models: ReadonlyMap<string, ModelEntry>;
  /** Active providers by name. */
  readonly providers: ReadonlyMap<string, ProviderEntry>;
  /** Projects' own accounts, by project and name. */
  readonly projectProviders: ReadonlyMap<string, ReadonlyMap<string, ProjectProviderEntry>>;
  readonly prices: PriceLookup;
}

import type { Timeouts } from './snapshot.js';

/** What every row of the catalogue has. */
export interface Stamped {
  readonly id: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Raised by every change; the ETag. */
  readonly version: number;
}

/** A limit as stored: `null` none of its own, `0` nothing allowed, `-1` unlimited. */
type Limit = number | null;

export interface Model extends Stamped {
  /** The alias callers use. */
  readonly name: string;
  /** What the upstream calls it. */
  readonly modelId: string;
  readonly active: boolean;
  readonly defaultParams: Readonly<Record<string, unknown>>;
  readonly enableThinking: boolean | null;
  readonly systemPromptPrefix: string | null;
  readonly rewriteModelName: boolean;
  readonly rpmLimit: Limit;
  readonly tpmLimit: Limit;
  readonly concurrencyLimit: Limit;
  readonly maxOutputTokens: number | null;
  readonly contextWindow: number | null;
  readonly timeouts: Timeouts;
}

export interface Backend extends Stamped {
  readonly modelId: string;
  readonly providerId: string | null;
  /** `null`: the provider's base URL. */
  readonly url: string | null;
  readonly weight: number;
  readonly priority: number;
  readonly active: boolean;
  readonly timeouts: Timeouts;
}

export interface Provider extends Stamped {
  readonly name: string;
  readonly kind: string;
  readonly baseUrl: string;
  /** Facts of the account that are no secrets, by the names its vendor's folder gives them. */
  readonly options: Readonly<Record<string, string>>;
  readonly active: boolean;
}

/** A provider and where it comes from. What the environment registers cannot be changed. */
export interface ProviderFacts extends Provider {
  readonly source: 'database' | 'environment';
}

/** An upstream credential as it may be shown: without its secret. */
export interface Credential extends Stamped {
  readonly providerId: string;
  readonly label: string;
  /** Which master key sealed the secret. */
  readonly keyId: string;
  /** The last 4 characters of the secret; `null` when it is too short to show any. */
  readonly secretTail: string | null;
  readonly active: boolean;
  readonly rpmLimit: Limit;
  readonly tpmLimit: Limit;
}

/** A vendor account of one project: with its own key, at the place of the gateway's provider of that name or at its own. */
export interface ProjectProvider extends Stamped {
  readonly projectId: string;
  /** Of the provider it stands in for, or of a vendor. */
  readonly name: string;
  /** `null`: all but what `options` says is as the gateway's provider of that name has it. */
  readonly kind: string | null;
  /** Set where `kind` is. */
  readonly baseUrl: string | null;
  readonly options: Readonly<Record<string, string>>;
  /** Which master key sealed the secret. */
  readonly keyId: string;
  /** The last 4 characters of the secret; `null` when it is too short to show any. */
  readonly secretTail: string | null;
}

/** What an administrator decides about a row at its creation; what is left out takes its default. Never `undefined`. */
export type Patch<T extends Stamped> = { -readonly [K in keyof Omit<T, keyof Stamped>]?: T[K] };
export type ModelPatch = Omit<Patch<Model>, 'timeouts'> & WithTimeouts;
export type BackendPatch = Omit<Patch<Backend>, 'modelId' | 'timeouts'> & WithTimeouts;
export type ProviderPatch = Patch<Provider>;
export type CredentialPatch = Omit<Patch<Credential>, 'providerId' | 'keyId' | 'secretTail'> & { secret?: string };

/** Time-outs that were sent; `null` takes one away, the others stay. `timeouts: null` takes all away. */
export type TimeoutsPatch = { [K in keyof Timeouts]?: number | null };
interface WithTimeouts {
  timeouts?: TimeoutsPatch | null;
}

/** The row before and after a change. */
export interface Changed<T> {
  readonly before: T;
  readonly after: T;
}

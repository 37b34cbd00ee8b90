import type { EmbeddingFormatId, FormatId, RerankFormatId } from '../../libs/protocol/index.js';
import type { TargetTraits } from '../../libs/wire/index.js';

/** How a vendor wants its credential. */
export type AuthScheme =
  | { readonly by: 'bearer' }
  | { readonly by: 'header'; readonly name: string }
  /** In the URL; for those that know nothing else. */
  | { readonly by: 'query'; readonly name: string }
  /** By an adapter of its own. */
  | { readonly by: 'own' };

/**
 * A path with places to fill: `{base}` is the path of the base URL, `{root}` the same without its version segment, `{model}` the
 * upstream's name of the model, and any other name an option of the provider. May have a query.
 */
export type PathTemplate = string;

/** A wire format a vendor speaks, and where. */
export interface Dialect {
  readonly format: FormatId;
  readonly path: PathTemplate;
  /** Where streams are asked for at another place. */
  readonly streamPath?: PathTemplate;
  readonly countTokensPath?: PathTemplate;
  /** Where it differs from the vendor's usual one. */
  readonly auth?: AuthScheme;
  /** Sent along always, lower-case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers of a caller of the same dialect that go on to the vendor, lower-case. They win over `headers`. */
  readonly forwards?: readonly string[];
  /** What a body must say besides what its format does; absent: nothing. */
  readonly body?: Partial<Record<Purpose, BodyRules>>;
}

/** What a body is sent for. */
export type Purpose = 'generate' | 'count-tokens';

/** What a vendor wants in a request's body besides what its format says. */
export interface BodyRules {
  /** `false`: the URL names the model, and the body must not. */
  readonly namesModel: boolean;
  /** Added at the top. */
  readonly fields: Readonly<Record<string, string>>;
}

/** What vendors offer besides generation, by OpenAI's names. */
export const ENDPOINTS = [
  'models',
  'completions',
  'embeddings',
  'rerank',
  'moderations',
  'images/generations',
  'images/edits',
  'images/variations',
  'audio/transcriptions',
  'audio/translations',
  'audio/speech',
  'files',
  'uploads',
  'batches',
  'realtime',
] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

/** A fact of the vendor account that is no secret: Azure's version, Google's project, a region. */
export interface ProviderOption {
  readonly name: string;
  /** Environment variables that give it; the first that is set wins. */
  readonly env: readonly string[];
  /** Of those, the ones that by themselves say that the provider is wanted. */
  readonly registers?: readonly string[];
  readonly required?: boolean;
  /** Whole values it may have. */
  readonly pattern: RegExp;
  readonly fallback?: string;
  /** Sent as this header where it is set. */
  readonly header?: string;
  readonly about: string;
}

/** Options as they are set, by name. */
export type ProviderOptions = Readonly<Record<string, string>>;

/** Everything the gateway knows about one vendor, as data. What data cannot say is in an adapter beside it. */
export interface ProviderProfile {
  /** The folder's name: what `kind` of a registered provider says, and the name of one registered by the environment. */
  readonly kind: string;
  readonly title: string;
  /** What the vendor's own SDK calls if told nothing else; may name options in braces, or be made of them; `null`: none. */
  readonly baseUrl: string | null | ((options: ProviderOptions) => string | null);
  /** Added to base URLs that end in no version segment, as the vendor's SDK does. */
  readonly versionPath?: string;
  /** The end of `{root}` that belongs to the vendor's usual dialect alone. */
  readonly rootSuffix?: string;
  readonly auth: AuthScheme;
  /** Sent with what is no generation, lower-case; dialects have their own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Serves calls without a credential too. */
  readonly keyless?: boolean;
  readonly environment: { readonly apiKey: readonly string[]; readonly baseUrl: readonly string[] };
  readonly options?: readonly ProviderOption[];
  /** The one to be translated to first. */
  readonly dialects: readonly [Dialect, ...Dialect[]];
  readonly endpoints: Readonly<Partial<Record<Endpoint, PathTemplate>>>;
  /** In which format `endpoints.embeddings` and `endpoints.rerank` are spoken. */
  readonly embeddings?: EmbeddingFormatId;
  readonly rerank?: RerankFormatId;
  /** Models that are embedded with in another format: the first rule that fits the name. */
  readonly embeddingsByModel?: readonly { readonly model: RegExp; readonly format: EmbeddingFormatId }[];
  /** A cheap read that only a good credential may; absent: the list of models, which some show to anybody. */
  readonly proofPath?: PathTemplate;
  /** A page of the server that says it is well; none: the list of models is asked for. */
  readonly healthPath?: PathTemplate;
  /** The option that names the only dialect to be used, where one is wanted. */
  readonly dialectOption?: string;
  /** Which dialects a model is behind, where not all are behind all: the first rule that fits its name. */
  readonly dialectsByModel?: readonly { readonly model: RegExp; readonly formats: readonly FormatId[] }[];
  /** What the vendor does differently from others who speak its formats. */
  readonly traits: TargetTraits;
  /** What some of its models do differently again: the first rule that fits the name. */
  readonly traitsByModel?: readonly { readonly model: RegExp; readonly traits: TargetTraits }[];
  /** Where reasoning stands in answers of the first dialect. */
  readonly reasoning: 'none' | 'reasoning_content' | 'reasoning' | 'think-tags' | 'parts';
}

const PLACE = /\{([a-z_]+)\}/g;

/** The vendor's own base URL under these options; `null`: it has none, or an option it is made of is not set. */
export function ownBaseUrl({ baseUrl }: ProviderProfile, options: ProviderOptions): string | null {
  if (baseUrl === null) return null;
  if (typeof baseUrl === 'function') return baseUrl(options);
  const missing = [...baseUrl.matchAll(PLACE)].some(([, name = '']) => options[name] === undefined);
  return missing ? null : baseUrl.replace(PLACE, (_place, name: string) => options[name] ?? '');
}

/** Endpoints of OpenAI's shape under the base URL. */
export function underBase(...names: Endpoint[]): Readonly<Partial<Record<Endpoint, PathTemplate>>> {
  return Object.fromEntries(names.map((name) => [name, `{base}/${name}`]));
}

export const BEARER: AuthScheme = { by: 'bearer' };
export const OPENAI_CHAT: Dialect = { format: 'openai-chat', path: '{base}/chat/completions' };
export const OPENAI_RESPONSES: Dialect = { format: 'openai-responses', path: '{base}/responses' };

/** Anthropic's Messages API, as others offer it too. */
export function anthropicMessages(path: PathTemplate, more: Partial<Dialect> = {}): Dialect {
  return {
    format: 'anthropic-messages',
    path,
    headers: { 'anthropic-version': '2023-06-01' },
    forwards: ['anthropic-version', 'anthropic-beta'],
    ...more,
  };
}

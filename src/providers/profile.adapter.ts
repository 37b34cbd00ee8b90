import type { EmbeddingFormatId, FormatId, RerankFormatId } from '../../libs/protocol/index.js';
import type { TargetTraits } from '../../libs/wire/index.js';
import type { BackendEntry } from '../registry/snapshot.js';
import { compilePath, type FillPath } from './path-template.js';
import { type OutgoingRequest, ProviderAdapter, type Target } from './provider-adapter.js';
import type { AuthScheme, BodyRules, Dialect, Endpoint, ProviderProfile, Purpose } from './provider-profile.js';

interface Paths {
  readonly whole: FillPath;
  readonly stream: FillPath;
  readonly countTokens: FillPath | null;
}

const PLAIN: BodyRules = { namesModel: true, fields: {} };

/** Speaks to any vendor whose profile says it all. */
export class ProfileAdapter extends ProviderAdapter {
  private readonly all: readonly FormatId[];
  /** Each dialect alone, for providers that are told to use no other. */
  private readonly alone: ReadonlyMap<string, readonly FormatId[]>;
  private readonly dialects: ReadonlyMap<FormatId, Dialect>;
  private readonly paths: ReadonlyMap<FormatId, Paths>;
  private readonly endpoints: ReadonlyMap<string, FillPath>;
  private readonly health: FillPath | null;
  private readonly proof: FillPath | null;
  private readonly traitsByModel: readonly { readonly model: RegExp; readonly traits: TargetTraits }[];

  constructor(readonly profile: ProviderProfile) {
    super();
    const { dialects, endpoints, healthPath, proofPath, traits, traitsByModel = [] } = profile;
    this.all = dialects.map(({ format }) => format);
    this.alone = new Map(this.all.map((format) => [format, [format]]));
    this.dialects = new Map(dialects.map((dialect) => [dialect.format, dialect]));
    this.paths = new Map(dialects.map((dialect) => [dialect.format, pathsOf(dialect, profile)]));
    this.endpoints = new Map(Object.entries(endpoints).map(([name, path]) => [name, compilePath(path, profile)]));
    this.traitsByModel = traitsByModel.map((rule) => ({ model: rule.model, traits: { ...traits, ...rule.traits } }));
    this.proof = proofPath === undefined ? null : compilePath(proofPath, profile);
    this.health = healthPath === undefined ? null : compilePath(healthPath, profile);
  }

  formats({ backend, model }: Target): readonly FormatId[] {
    const { dialectOption } = this.profile;
    const chosen = dialectOption === undefined ? undefined : backend.provider?.options[dialectOption];
    if (chosen !== undefined) return this.alone.get(chosen) ?? this.all;
    const rule = this.profile.dialectsByModel?.find((candidate) => candidate.model.test(model));
    return rule?.formats ?? this.all;
  }

  generatePath(target: Target, format: FormatId, stream: boolean): string | null {
    const paths = this.paths.get(format);
    if (paths === undefined || !this.formats(target).includes(format)) return null;
    const path = (stream ? paths.stream : paths.whole)(target.backend, target.model);
    return this.withSecret(target, path);
  }

  countTokensPath(target: Target, format: FormatId): string | null {
    const countTokens = this.paths.get(format)?.countTokens ?? null;
    if (countTokens === null || !this.formats(target).includes(format)) return null;
    return this.withSecret(target, countTokens(target.backend, target.model));
  }

  endpointPath(target: Target, endpoint: Endpoint): string | null {
    const path = this.endpoints.get(endpoint)?.(target.backend, target.model);
    return path === undefined ? null : this.withSecret(target, path);
  }

  endpointFormat({ model }: Target, endpoint: 'embeddings' | 'rerank'): EmbeddingFormatId | RerankFormatId | null {
    const { rerank, embeddings, embeddingsByModel } = this.profile;
    if (endpoint === 'rerank') return rerank ?? null;
    const rule = embeddingsByModel?.find((candidate) => candidate.model.test(model));
    return rule?.format ?? embeddings ?? null;
  }

  proofRequest(target: Target): { origin: string; path: string } | null {
    const { backend } = target;
    const path =
      this.proof === null ? this.endpointPath(target, 'models') : this.withSecret(target, this.proof(backend, ''));
    return path === null ? null : { origin: backend.origin, path };
  }

  healthPath(backend: BackendEntry): string | null {
    return this.health?.(backend, '') ?? null;
  }

  authorize(target: Target, request: OutgoingRequest): string[] | Promise<string[]> {
    const headers = this.plainHeaders(target, request);
    const { credential } = target;
    if (credential !== null) this.prove(headers, credential.secret, this.schemeOf(request.format));
    return headers;
  }

  traits({ model }: Target): TargetTraits {
    return this.traitsByModel.find((rule) => rule.model.test(model))?.traits ?? this.profile.traits;
  }

  bodyRules(format: FormatId, purpose: Purpose): BodyRules {
    return this.dialects.get(format)?.body?.[purpose] ?? PLAIN;
  }

  /** Everything but the proof of who we are. */
  protected plainHeaders(target: Target, request: OutgoingRequest): string[] {
    const headers = [
      'content-type',
      request.contentType ?? 'application/json',
      'accept-encoding',
      'identity',
      'x-request-id',
      request.requestId,
    ];
    this.addOptions(headers, target.backend);
    if (request.format === null) {
      headers.push(...Object.entries(this.profile.headers ?? {}).flat());
    } else {
      const dialect = this.dialects.get(request.format);
      if (dialect !== undefined) addDialect(headers, dialect, request);
    }
    return headers;
  }

  protected schemeOf(format: FormatId | null): AuthScheme {
    return (format === null ? undefined : this.dialects.get(format)?.auth) ?? this.profile.auth;
  }

  private prove(headers: string[], secret: string, scheme: AuthScheme): void {
    if (scheme.by === 'bearer') headers.push('authorization', `Bearer ${secret}`);
    else if (scheme.by === 'header') headers.push(scheme.name, secret);
  }

  private addOptions(headers: string[], { provider }: BackendEntry): void {
    if (provider === null || this.profile.options === undefined) return;
    for (const { name, header } of this.profile.options) {
      const value = provider.options[name];
      if (header !== undefined && value !== undefined) headers.push(header, value);
    }
  }

  private withSecret({ credential }: Target, path: string): string {
    const { auth } = this.profile;
    if (auth.by !== 'query' || credential === null) return path;
    return `${path}${path.includes('?') ? '&' : '?'}${auth.name}=${encodeURIComponent(credential.secret)}`;
  }
}

function pathsOf({ path, streamPath, countTokensPath }: Dialect, profile: ProviderProfile): Paths {
  const whole = compilePath(path, profile);
  return {
    whole,
    stream: streamPath === undefined ? whole : compilePath(streamPath, profile),
    countTokens: countTokensPath === undefined ? null : compilePath(countTokensPath, profile),
  };
}

/** A caller's own word for one of the dialect's headers goes on, where the dialect lets it. */
function addDialect(
  headers: string[],
  { headers: fixed, forwards }: Dialect,
  { callersHeaders }: OutgoingRequest,
): void {
  const passed = callersHeaders === undefined ? [] : (forwards ?? []);
  for (const name of passed) {
    const value = callersHeaders?.[name];
    if (typeof value === 'string' && value !== '') headers.push(name, value);
  }
  if (fixed === undefined) return;
  for (const [name, value] of Object.entries(fixed)) if (!headers.includes(name)) headers.push(name, value);
}

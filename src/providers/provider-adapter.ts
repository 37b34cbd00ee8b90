import type { EmbeddingFormatId, FormatId, RerankFormatId } from '../../libs/protocol/index.js';
import type { TargetTraits } from '../../libs/wire/index.js';
import type { BackendEntry, CredentialEntry } from '../registry/snapshot.js';
import type { BodyRules, Endpoint, ProviderProfile, Purpose } from './provider-profile.js';

/** The backend and the credential chosen for one attempt. */
export interface Target {
  readonly backend: BackendEntry;
  /** `null` for backends that take no credential. */
  readonly credential: CredentialEntry | null;
  /** What the upstream calls the model. */
  readonly model: string;
}

/** A request about to be sent, as far as proving who we are depends on it. */
export interface OutgoingRequest {
  readonly method: 'GET' | 'POST';
  /** With its query, as one of the adapter's paths gave it. */
  readonly path: string;
  readonly body: Buffer | null;
  readonly requestId: string;
  /** The dialect it is written in; `null` for what is no generation. */
  readonly format: FormatId | null;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Headers of a caller of the same dialect, lower-case; the dialect knows which of them go on. */
  readonly callersHeaders?: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Speaks to one vendor, or to a family of them: which formats it understands, where a call goes and how it proves who we are.
 * Knows nothing of calls under way.
 */
export abstract class ProviderAdapter {
  abstract readonly profile: ProviderProfile;
  /** What the target understands, the one to be translated to first. */
  abstract formats(target: Target): readonly FormatId[];
  /**
   * Where generation is asked for in a format; `null`: the target does not speak it.
   * @throws GatewayError model_not_found where no path can carry the model's name
   */
  abstract generatePath(target: Target, format: FormatId, stream: boolean): string | null;
  abstract countTokensPath(target: Target, format: FormatId): string | null;
  /** Where one of the other things a vendor may offer is; `null`: it does not. */
  abstract endpointPath(target: Target, endpoint: Endpoint): string | null;
  /** In which format embeddings or reranking are asked for there; `null`: not known. */
  abstract endpointFormat(target: Target, endpoint: 'embeddings' | 'rerank'): EmbeddingFormatId | RerankFormatId | null;
  /** A cheap read that proves a credential; `null`: there is none. */
  abstract proofRequest(target: Target): { readonly origin: string; readonly path: string } | null;
  /** A page that says that the server is well, without proof of who asks; `null`: there is none. */
  abstract healthPath(backend: BackendEntry): string | null;
  /**
   * All headers of a request as name, value, name, value…: at once where the credential is at hand, as for most vendors.
   * @throws GatewayError upstream_error when no proof can be had, also as a rejection
   */
  abstract authorize(target: Target, request: OutgoingRequest): string[] | Promise<string[]>;
  abstract traits(target: Target): TargetTraits;
  abstract bodyRules(format: FormatId, purpose: Purpose): BodyRules;
}

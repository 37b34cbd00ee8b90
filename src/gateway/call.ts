import type { IncomingHttpHeaders } from 'node:http';
import type { AnyFormatId, CanonicalRequest } from '../../libs/protocol/index.js';
import type { ChatRequest } from '../../libs/wire/index.js';
import type { ModelEntry } from '../registry/snapshot.js';
import type { EndpointAsk } from './endpoint/endpoint-ask.js';

/** One decoded call: what was asked, and of which model. */
export interface Call {
  /** What the caller speaks, and is answered in. */
  readonly dialect: AnyFormatId;
  /** The name the caller used for the model. */
  readonly modelName: string;
  readonly stream: boolean;
  /** Whether the caller asked for usage on the stream; of the dialects that ask, only Chat Completions has a field for it. */
  readonly includeUsage: boolean;
  /** `omni_strict`: a loss in translation is refused before anything is sent. */
  readonly strict: boolean;
  /** The request's bytes and where things stand in them: what the relay lane cuts from. `null`: the dialect is always translated. */
  readonly chat: ChatRequest | null;
  /**
   * The request in no vendor's words, made at first use.
   * @throws GatewayError `invalid_request`
   */
  readonly canonical: () => CanonicalRequest;
  /** Where it is no generation: what is asked. `chat` and `canonical` then say nothing. */
  readonly endpoint: EndpointAsk | null;
  /** The caller's own headers, some of which a dialect passes on to a provider that speaks it too. */
  readonly headers: IncomingHttpHeaders;
  readonly model: ModelEntry;
  /** Whose own provider accounts are used. */
  readonly projectId: string;
  /** `omni_provider`: only this provider's backends, without failover. */
  readonly pinnedProvider: string | null;
  /** The caller's own bound on the whole call (`x-omni-timeout-ms`), ms. */
  readonly timeoutMs: number | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by DecodeGuard. */
    call: Call | null;
  }
}

import type { ChatRequest } from '../../libs/wire/index.js';
import type { ModelEntry } from '../registry/snapshot.js';

/** One decoded call: what was asked, and of which model. */
export interface ChatCall {
  readonly request: ChatRequest;
  readonly model: ModelEntry;
  /** `omni_provider`: only this provider's backends, without failover. */
  readonly pinnedProvider: string | null;
  /** The caller's own bound on the whole call (`x-omni-timeout-ms`), ms. */
  readonly timeoutMs: number | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by DecodeGuard. */
    chatCall: ChatCall | null;
  }
}

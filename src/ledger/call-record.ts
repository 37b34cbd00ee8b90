import type { PriceSource } from '../../libs/protocol/index.js';

/**
 * How a call ended.
 * - `ok`: the whole answer was delivered.
 * - `refused`: before anything was sent upstream (400, 401, 402, 403, 404, 413, 429, 503).
 * - `upstream_failed`: the upstream refused, failed or never answered; nothing was delivered.
 * - `hung_up`: the caller left before the end.
 * - `broken`: the upstream broke off after the first byte.
 * - `internal`: the gateway itself failed.
 * - `died`: the process died during the call; written at the next start.
 */
export const CALL_OUTCOMES = ['ok', 'refused', 'upstream_failed', 'hung_up', 'broken', 'internal', 'died'] as const;
export type CallOutcome = (typeof CALL_OUTCOMES)[number];

/** Where the token counts came from; `estimated`: the call died, and its cost is what it might have cost at most. */
export type UsageSource = 'upstream' | 'counted' | 'estimated' | 'none';

/** One call, as it stands in the `call_records` table. Every call leaves exactly one. */
export interface CallRecord {
  /** UUIDv7, the idempotency key of the ledger. */
  id: string;
  /** The `x-request-id` the caller saw. */
  request_id: string;
  /** ISO 8601 with milliseconds, UTC. */
  started_at: string;
  org_id: string | null;
  project_id: string | null;
  key_id: string | null;
  key_prefix: string | null;
  path: string;
  /** The name the caller used. */
  model: string | null;
  upstream_model: string | null;
  provider: string | null;
  backend_id: string | null;
  /** HTTP status sent to the caller; 499 when the caller left before one was sent, 0 when unknown. */
  status: number;
  outcome: CallOutcome;
  /** `ErrorKind` of the failure, if any. */
  error_kind: string | null;
  stream: boolean;
  attempts: number;
  fallback: boolean;
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  cached_tokens: number;
  reasoning_tokens: number;
  usage_source: UsageSource;
  duration_ms: number;
  ttft_ms: number | null;
  /** Time spent waiting for upstreams, ms; duration minus this is the gateway's own. */
  upstream_ms: number | null;
  /** Integer nano-dollars; `null` while the price is unknown. */
  cost_nano_dollars: string | null;
  finish_reason: string | null;
  /** Keyed HMAC-SHA-256 of the messages, hex. */
  input_hash: string | null;
  metadata: Record<string, string> | null;
  /** `YYYY-MM-DD`: the organisation's day the cost counts for; `null` becomes the day in UTC. */
  spend_day: string | null;
  /** The price that was applied, in `price_cards`; see `priceId`. */
  price_id: string | null;
  price_source: PriceSource | null;
  /** The parts of the usage that have no column and are not 0, by their names in `Usage`; `null` when there are none. */
  usage_details: Record<string, number> | null;
  /** What a translation could not carry, as in the header `x-omni-loss`; `null`: nothing. */
  loss: string | null;
}

/** What is known of a call when it is about to be sent upstream: enough to account for it should the process die. */
export type CallBeginning = Pick<
  CallRecord,
  | 'id'
  | 'request_id'
  | 'started_at'
  | 'org_id'
  | 'project_id'
  | 'key_id'
  | 'key_prefix'
  | 'path'
  | 'model'
  | 'upstream_model'
  | 'stream'
> &
  Partial<
    Pick<
      CallRecord,
      /** What its budgets hold for it and keep should it die; absent: none does. */
      'cost_nano_dollars' | 'spend_day'
    >
  >;

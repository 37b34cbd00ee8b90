import type { Amount } from '../counters/amount.js';
import type { Claim } from '../counters/claim.js';

export type ClaimLevel = 'key' | 'project' | 'org';

/** What a claim is about, so that a refusal can name it, headers can show it and the end of the call can settle it. */
export interface StatedClaim extends Claim {
  readonly subject: 'requests' | 'tokens' | 'concurrency' | 'budget';
  readonly level: ClaimLevel;
  /** The model, for limits that hold per model. */
  readonly model: string | null;
  /** Budgets only. */
  readonly period: 'daily' | 'monthly' | null;
  /** The limit is watched, not enforced: the claim's own limit is out of reach and this is the one to warn about. */
  readonly softLimit: Amount | null;
}

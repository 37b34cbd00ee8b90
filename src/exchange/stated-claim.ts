import type { Amount } from '../counters/amount.js';
import type { Claim } from '../counters/claim.js';

export type ClaimLevel = 'key' | 'project' | 'org';

/**
 * What a claim is about, so that a refusal can name it, headers can show it and the end of the call can settle it. Shared by all
 * calls it holds for: how much a call claims of tokens and money stands beside it, in `Exchange.amounts`.
 */
export interface StatedClaim extends Claim {
  readonly subject: 'requests' | 'tokens' | 'concurrency' | 'budget';
  readonly level: ClaimLevel;
  /** The model, for limits that hold per model. */
  readonly model: string | null;
  /** Budgets only. */
  readonly period: 'daily' | 'monthly' | null;
  /** The limit is watched, not enforced: the claim's own limit is out of reach and this is the one to warn about. */
  readonly softLimit: Amount | null;
  /** Budgets only: nobody wants to be told while less than this is spent or reserved; infinite: never. */
  readonly watchFrom: number;
}

export const NO_CLAIMS: readonly StatedClaim[] = [];

const joinedLists = new WeakMap<
  readonly StatedClaim[],
  { then: readonly StatedClaim[]; both: readonly StatedClaim[] }
>();

/** The claims of two lists in one: the same list again for the same two, so that stores know it when it comes again. */
export function joined(first: readonly StatedClaim[], then: readonly StatedClaim[]): readonly StatedClaim[] {
  if (first.length === 0) return then;
  const known = joinedLists.get(first);
  if (known?.then === then) return known.both;
  const both = [...first, ...then];
  joinedLists.set(first, { then, both });
  return both;
}

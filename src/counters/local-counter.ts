import type { Amount } from './amount.js';

/** What one hold has in one counter. */
export interface Portion {
  /** Counted for this hold now. */
  held: Amount;
  /** Stated last by the caller. */
  stated: Amount;
  /** Sliding: the sub-bucket of the take and what is left of the hold in it. */
  bucket: number;
  first: number;
  /** Sliding: the sub-bucket of the latest addition and how much. */
  late: number;
  lateAmount: number;
  /** Slots: the length of the lease and its end, monotonic ms. */
  leaseMs: number;
  leaseEndsAt: number;
}

/** A counter in memory. `now` is monotonic ms and never goes back. */
export interface LocalCounter {
  /** When the store should look whether the counter can be dropped, monotonic ms. */
  expiresAt: number;
  /** No longer found by its name: what is added to it would be lost. */
  dropped: boolean;
  used(now: number): Amount;
  resetMs(now: number): number;
  /** When `amount` would fit, ms from now; the caller has made sure that it does not fit now and is not above the limit. */
  freesInMs(now: number, amount: Amount, limit: Amount): number;
  grant(portion: Portion, now: number): void;
  /** Makes the counter count `actual` for this portion. */
  correct(portion: Portion, actual: Amount, now: number): void;
  renew(portion: Portion, now: number): void;
  /** The end of the portion: frees a slot. */
  free(portion: Portion): void;
  /** `null`: it can be dropped. Otherwise when to ask again. */
  idleAgainAt(now: number): number | null;
}

/** Stands in for a counter that cannot be had when the claim says to let the call through. */
export const UNCOUNTED: LocalCounter = {
  expiresAt: Number.POSITIVE_INFINITY,
  dropped: false,
  used: () => 0,
  resetMs: () => 0,
  freesInMs: () => 0,
  grant: () => undefined,
  correct: () => undefined,
  renew: () => undefined,
  free: () => undefined,
  idleAgainAt: () => null,
};

import type { Amount } from './amount.js';
import { Expiring } from './expiry-wheel.js';

/** A counter in memory. `now` is monotonic ms and never goes back. `expiresAt`: when to look whether it can be dropped. */
export abstract class LocalCounter extends Expiring {
  /** No longer found by its name: what is added to it would be lost. */
  dropped = false;
  abstract used(now: number): Amount;
  abstract resetMs(now: number): number;
  /** When `amount` would fit, ms from now; the caller has made sure that it does not fit now and is not above the limit. */
  abstract freesInMs(now: number, amount: Amount, limit: Amount): number;
  abstract add(amount: Amount, now: number): void;
  /**
   * `null`: it can be dropped. Otherwise when to ask again.
   * @param replaceable there are many, and what one counts that nobody uses now can be had from the ledger again
   */
  abstract idleAgainAt(now: number, replaceable: boolean): number | null;
}

class NoCounter extends LocalCounter {
  override used(): Amount {
    return 0;
  }

  override resetMs(): number {
    return 0;
  }

  override freesInMs(): number {
    return 0;
  }

  override add(): void {
    // Counts nothing.
  }

  override idleAgainAt(): null {
    return null;
  }
}

/** Stands in for a counter that cannot be had when the claim says to let the call through. */
export const UNCOUNTED: LocalCounter = new NoCounter();

import type { Amount } from './amount.js';
import { statedAmount, type Claim } from './claim.js';
import type { Actual, Hold } from './counter.store.js';
import type { InProcessCounterStore } from './in-process-counter.store.js';

/** A hold of the shared counters, as the process that took it knows it. */
export class SharedHold implements Hold {
  settled = false;
  /** The decision was made by a local store while the shared one was out of reach. */
  local: { readonly store: InProcessCounterStore; readonly hold: Hold } | null = null;
  /** Stated last, one a claim. */
  readonly stated: Amount[];

  constructor(
    readonly id: string,
    readonly claims: readonly Claim[],
    readonly ttlMs: number,
    /** `og:{<org>}`. */
    readonly prefix: string,
  ) {
    this.stated = claims.map((claim) => claim.amount);
  }

  state(actual: Actual): void {
    for (let i = 0; i < this.claims.length; i += 1) {
      this.stated[i] = statedAmount(this.claims[i] as Claim, actual[i], this.stated[i] as Amount);
    }
  }
}

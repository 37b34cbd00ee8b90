import type { Amount } from './amount.js';
import { statedAmount, type Claim } from './claim.js';
import type { Actual, Hold } from './counter.store.js';
import type { InProcessCounterStore } from './in-process-counter.store.js';
import type { WireSheet } from './wire-sheet.js';

/** A hold of the shared counters, as the process that took it knows it. */
export class SharedHold implements Hold {
  settled = false;
  /** The decision was made by a local store while the shared one was out of reach. */
  local: { readonly store: InProcessCounterStore; readonly hold: Hold } | null = null;
  /** When a correction of it was sent for the first time without an answer, monotonic ms; it may have been carried out since. */
  sentAt: number | null = null;

  constructor(
    readonly id: string,
    readonly ttlMs: number,
    readonly sheet: WireSheet,
    /** Stated last, one a claim. */
    public stated: readonly Amount[],
  ) {}

  get claims(): readonly Claim[] {
    return this.sheet.claims;
  }

  state(actual: Actual): void {
    const stated: Amount[] = [];
    for (let i = 0; i < this.claims.length; i += 1) {
      stated.push(statedAmount(this.claims[i] as Claim, actual[i], this.stated[i] as Amount));
    }
    this.stated = stated;
  }
}

import type { Amount } from './amount.js';
import { CalendarBucket } from './calendar-bucket.js';
import type { Claim } from './claim.js';
import { statesOf, type CounterState, type Hold, type Taken } from './counter.store.js';
import { Expiring } from './expiry-wheel.js';
import type { LocalCounter } from './local-counter.js';
import type { LocalSheet } from './local-sheet.js';
import { SlidingWindow, type SlidingShare } from './sliding-window.js';
import { SlotCount } from './slot-count.js';

/** What was taken, and of what. */
export interface LocalTake {
  readonly sheet: LocalSheet;
  /** One a claim; the sheet's own, unless some could not be had. */
  readonly counters: (LocalCounter | null)[];
  readonly amounts: readonly Amount[];
  /** How much each counter counted right afterwards. */
  readonly used: readonly Amount[];
  /** Monotonic ms. */
  readonly at: number;
}

/** A hold of this process's own counters and the answer that grants it: one object for both, since every call makes one. */
export class LocalHold extends Expiring implements Hold, Taken {
  readonly ok = true;
  readonly degraded = false;
  settled = false;
  /** 0: no slots, or their lease ran out. Monotonic ms, as the next. */
  leaseEndsAt = 0;
  /** When what is given back at the end of the hold's life is; infinite when that has happened, or nothing is. */
  endsAt = Number.POSITIVE_INFINITY;
  /** Its life is over, and what lingers is still counted. */
  lingers = false;
  /** Stated last by the caller, one a claim. */
  stated: readonly Amount[];
  /** Counted now, one a claim; `null`: as it was taken. */
  private held: Amount[] | null = null;
  /** What is in sliding windows, from the first correction on; until then all of it is where the take put it. */
  private shares: (SlidingShare | null)[] | null = null;

  constructor(
    readonly id: string,
    readonly ttlMs: number,
    private readonly taken: LocalTake,
  ) {
    super();
    this.stated = taken.amounts;
  }

  get hold(): this {
    return this;
  }

  get sheet(): LocalSheet {
    return this.taken.sheet;
  }

  get counters(): (LocalCounter | null)[] {
    return this.taken.counters;
  }

  get claims(): readonly Claim[] {
    return this.taken.sheet.claims;
  }

  get used(): readonly Amount[] {
    return this.taken.used;
  }

  get states(): readonly CounterState[] {
    return statesOf(this.claims, this);
  }

  resetMs(index: number): number {
    const { amounts, counters, at } = this.taken;
    const counter = counters[index] as LocalCounter;
    return counter instanceof SlidingWindow && amounts[index] !== 0 ? counter.fullResetMs(at) : counter.resetMs(at);
  }

  /** Makes the counter of a claim count `actual` for this hold. */
  correct(index: number, counter: LocalCounter, actual: Amount, now: number): void {
    const held = (this.held ?? this.taken.amounts)[index] as Amount;
    if (held === actual) return;
    if (counter instanceof CalendarBucket) counter.correct(held, actual);
    else if (counter instanceof SlidingWindow) this.slide(index, counter, actual as number, now);
    if (this.settled) return;
    this.held ??= [...this.taken.amounts];
    this.held[index] = actual;
  }

  /** Gives a claim back because the hold's life is over. */
  giveBack(index: number, counter: LocalCounter, now: number): void {
    if (!(counter instanceof SlidingWindow)) {
      this.correct(index, counter, 0, now);
      return;
    }
    const share = this.shareOf(index, counter);
    counter.end(share, now);
    this.held ??= [...this.taken.amounts];
    this.held[index] = share.held;
  }

  freeSlots(): void {
    for (const counter of this.taken.counters) if (counter instanceof SlotCount) counter.free();
  }

  /** To be told once, when the call is over. */
  letGo(): void {
    const { counters } = this.taken;
    for (let i = 0; i < counters.length; i += 1) {
      const counter = counters[i];
      if (counter instanceof CalendarBucket) counter.letGo();
    }
  }

  private slide(index: number, counter: SlidingWindow, actual: number, now: number): void {
    const { amounts, at } = this.taken;
    const amount = amounts[index] as number;
    if (this.settled && this.shares === null) {
      counter.correctWhole(actual - amount, at, now);
      return;
    }
    counter.correct(this.shareOf(index, counter), actual, now);
  }

  private shareOf(index: number, counter: SlidingWindow): SlidingShare {
    const { amounts, at } = this.taken;
    this.shares ??= amounts.map(() => null);
    return (this.shares[index] ??= counter.shareOf(amounts[index] as number, at));
  }
}

import { minusToZero, plus, type Amount } from './amount.js';
import { CALENDAR_GRACE_MS } from './counter.store.js';
import type { LocalCounter, Portion } from './local-counter.js';

/** Counts over one stretch of the calendar. Times are monotonic: a step of the wall clock cannot drop what was spent. */
export class CalendarBucket implements LocalCounter {
  expiresAt: number;
  dropped = false;

  constructor(
    readonly name: string,
    readonly bucket: string,
    private spent: Amount,
    private readonly endsAt: number,
  ) {
    this.expiresAt = endsAt + CALENDAR_GRACE_MS;
  }

  used(): Amount {
    return this.spent;
  }

  resetMs(now: number): number {
    return Math.max(0, Math.ceil(this.endsAt - now));
  }

  freesInMs(now: number): number {
    return this.resetMs(now);
  }

  grant(portion: Portion): void {
    this.spent = plus(this.spent, portion.held);
  }

  correct(portion: Portion, actual: Amount): void {
    this.spent = plus(minusToZero(this.spent, portion.held), actual);
    portion.held = actual;
  }

  /** Counts no less than `spent`. */
  raise(spent: Amount): void {
    if (spent > this.spent) this.spent = spent;
  }

  /** Counts `by` more, or less. */
  shift(by: bigint): void {
    this.spent = by < 0n ? minusToZero(this.spent, -by) : plus(this.spent, by);
  }

  renew(): void {
    // Nothing to renew: the calendar goes on.
  }

  free(): void {
    // Nothing to free.
  }

  idleAgainAt(now: number): number | null {
    return now >= this.expiresAt ? null : this.expiresAt;
  }
}

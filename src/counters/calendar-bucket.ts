import { minusToZero, plus, type Amount } from './amount.js';
import { CALENDAR_GRACE_MS } from './counter.store.js';
import { LocalCounter } from './local-counter.js';

/** Counts over one stretch of the calendar. Times are monotonic: a step of the wall clock cannot drop what was spent. */
export class CalendarBucket extends LocalCounter {
  constructor(
    readonly name: string,
    readonly bucket: string,
    private spent: Amount,
    private readonly endsAt: number,
  ) {
    super();
    this.expiresAt = endsAt + CALENDAR_GRACE_MS;
  }

  override used(): Amount {
    return this.spent;
  }

  override resetMs(now: number): number {
    return Math.max(0, Math.ceil(this.endsAt - now));
  }

  override freesInMs(now: number): number {
    return this.resetMs(now);
  }

  override add(amount: Amount): void {
    this.spent = plus(this.spent, amount);
  }

  /** Counts `actual` instead of `held`. */
  correct(held: Amount, actual: Amount): void {
    this.spent = plus(minusToZero(this.spent, held), actual);
  }

  /** Counts no less than `spent`. */
  raise(spent: Amount): void {
    if (spent > this.spent) this.spent = spent;
  }

  /** Counts `by` more, or less. */
  shift(by: bigint): void {
    this.spent = by < 0n ? minusToZero(this.spent, -by) : plus(this.spent, by);
  }

  override idleAgainAt(now: number): number | null {
    const over = this.endsAt + CALENDAR_GRACE_MS;
    return now >= over ? null : over;
  }
}

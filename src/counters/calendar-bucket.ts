import { minusToZero, plus, type Amount } from './amount.js';
import { CALENDAR_GRACE_MS } from './counter.store.js';
import { LocalCounter } from './local-counter.js';

/** How often it is looked whether it can be dropped, and how long nobody must have asked for it then, ms. */
const LOOK_MS = 20_000;
const UNUSED_MS = 60_000;

/** Counts over one stretch of the calendar. Times are monotonic: a step of the wall clock cannot drop what was spent. */
export class CalendarBucket extends LocalCounter {
  /** Calls under way that have something in it. */
  private holds = 0;
  private usedAt: number;
  private readonly endsAt: number;

  constructor(
    readonly name: string,
    readonly bucket: string,
    private spent: Amount,
    { endsAt, now }: { endsAt: number; now: number },
  ) {
    super();
    this.endsAt = endsAt;
    this.usedAt = now;
    this.expiresAt = Math.min(this.over, now + LOOK_MS);
  }

  private get over(): number {
    return this.endsAt + CALENDAR_GRACE_MS;
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

  override add(amount: Amount, now: number): void {
    this.spent = plus(this.spent, amount);
    this.holds += 1;
    this.usedAt = now;
  }

  /** A call that has something in it is over. */
  letGo(): void {
    this.holds -= 1;
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

  override idleAgainAt(now: number, replaceable: boolean): number | null {
    const isOver = now >= this.over;
    const needless = isOver || (replaceable && now - this.usedAt >= UNUSED_MS);
    // A clock that comes back to this day finds what the calls reserved that are still open.
    if (needless && this.holds === 0) return null;
    return isOver ? now + LOOK_MS : Math.min(this.over, now + LOOK_MS);
  }
}

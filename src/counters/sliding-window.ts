import type { LocalCounter, Portion } from './local-counter.js';

const COMPACT_AT = 32;

/**
 * Counts over the last `count × widthMs` milliseconds in sub-buckets (60 of one second for a minute).
 *
 * A sub-bucket stops counting as a whole, when even its last moment has left the window. So the sum over any stretch as long
 * as the window never exceeds the limit, wherever it begins: there is no edge at which twice the limit fits. The price is that
 * an amount may count up to one sub-bucket longer (1.7 % of the window) than it must.
 */
export class SlidingWindow implements LocalCounter {
  expiresAt = 0;
  dropped = false;
  private total = 0;
  /** Pairs of sub-bucket number and amount, oldest first, from `head` on. At most `count + 1` pairs are alive. */
  private entries: number[] = [];
  private head = 0;

  constructor(
    readonly name: string,
    private readonly widthMs: number,
    private readonly count: number,
    readonly windowMs: number,
  ) {}

  used(now: number): number {
    const edge = Math.floor(now / this.widthMs) - this.count;
    const { entries } = this;
    while (this.head < entries.length && (entries[this.head] as number) < edge) {
      this.total -= entries[this.head + 1] as number;
      this.head += 2;
    }
    if (this.head === entries.length) {
      if (this.head > 0) this.entries = [];
      this.head = 0;
    } else if (this.head >= COMPACT_AT) {
      this.entries = entries.slice(this.head);
      this.head = 0;
    }
    return this.total;
  }

  resetMs(now: number): number {
    if (this.used(now) === 0) return 0;
    return Math.ceil(this.leavesAt(this.entries.at(-2) as number) - now);
  }

  freesInMs(now: number, amount: number, limit: number): number {
    let excess = this.used(now) + amount - limit;
    for (let i = this.head; i < this.entries.length; i += 2) {
      excess -= this.entries[i + 1] as number;
      if (excess <= 0) return Math.ceil(this.leavesAt(this.entries[i] as number) - now);
    }
    return 0;
  }

  grant(portion: Portion, now: number): void {
    portion.bucket = this.put(portion.held as number, now);
    portion.first = portion.held as number;
  }

  correct(portion: Portion, actual: number, now: number): void {
    this.used(now);
    const more = actual - (portion.held as number);
    if (more > 0) this.extend(portion, more, now);
    if (more < 0) this.giveBack(portion, -more);
    portion.held = actual;
  }

  renew(): void {
    // Nothing to renew: amounts leave by themselves.
  }

  free(): void {
    // Nothing to free.
  }

  idleAgainAt(now: number): number | null {
    this.used(now);
    return this.entries.length === 0 ? null : this.leavesAt(this.entries.at(-2) as number);
  }

  private leavesAt(bucket: number): number {
    return (bucket + 1 + this.count) * this.widthMs;
  }

  private put(amount: number, now: number): number {
    const bucket = Math.floor(now / this.widthMs);
    const last = this.entries.length - 2;
    if (amount === 0) return bucket;
    if (last >= this.head && this.entries[last] === bucket)
      this.entries[last + 1] = (this.entries[last + 1] as number) + amount;
    else this.entries.push(bucket, amount);
    this.total += amount;
    return bucket;
  }

  private extend(portion: Portion, more: number, now: number): void {
    const bucket = this.put(more, now);
    if (bucket === portion.bucket) portion.first += more;
    else if (bucket === portion.late) portion.lateAmount += more;
    else {
      portion.late = bucket;
      portion.lateAmount = more;
    }
  }

  /** Takes back the newest first. What has left the window, or was added in between, is gone. */
  private giveBack(portion: Portion, amount: number): void {
    const fromLate = this.takeOut(portion.late, Math.min(amount, portion.lateAmount));
    portion.lateAmount -= fromLate;
    portion.first -= this.takeOut(portion.bucket, Math.min(amount - fromLate, portion.first));
  }

  private takeOut(bucket: number, amount: number): number {
    if (amount === 0) return 0;
    for (let i = this.entries.length - 2; i >= this.head; i -= 2) {
      if (this.entries[i] !== bucket) continue;
      this.entries[i + 1] = (this.entries[i + 1] as number) - amount;
      this.total -= amount;
      return amount;
    }
    return 0;
  }
}

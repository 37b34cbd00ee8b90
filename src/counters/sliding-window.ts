import { LocalCounter } from './local-counter.js';

const COMPACT_AT = 32;

/** What one hold has in a sliding window, once that may be more than one amount in the sub-bucket of its take. */
export interface SlidingShare {
  /** Counted for the hold; what has left the window since is in it. */
  held: number;
  /** The sub-bucket of the take and what is left of the hold in it. */
  readonly bucket: number;
  first: number;
  /** The sub-bucket of the latest addition, -1: none, and how much. */
  late: number;
  lateAmount: number;
}

/**
 * Counts over the last `count × widthMs` milliseconds in sub-buckets (60 of one second for a minute).
 *
 * A sub-bucket stops counting as a whole, when even its last moment has left the window. So the sum over any stretch as long
 * as the window never exceeds the limit, wherever it begins: there is no edge at which twice the limit fits. The price is that
 * an amount may count up to one sub-bucket longer (1.7 % of the window) than it must.
 */
export class SlidingWindow extends LocalCounter {
  private total = 0;
  /** Pairs of sub-bucket number and amount, oldest first, from `head` on. At most `count + 1` pairs are alive. */
  private entries: number[] = [];
  private head = 0;

  constructor(
    readonly name: string,
    private readonly widthMs: number,
    private readonly count: number,
    readonly windowMs: number,
  ) {
    super();
  }

  override used(now: number): number {
    const { entries } = this;
    const edge = this.bucketAt(now) - this.count;
    if (this.head < entries.length && (entries[this.head] as number) < edge) this.dropBefore(edge);
    return this.total;
  }

  override resetMs(now: number): number {
    if (this.used(now) === 0) return 0;
    return Math.ceil(this.leavesAt(this.entries.at(-2) as number) - now);
  }

  /** `resetMs` right after something was added. */
  fullResetMs(now: number): number {
    return Math.ceil(this.leavesAt(this.bucketAt(now)) - now);
  }

  override freesInMs(now: number, amount: number, limit: number): number {
    let excess = this.used(now) + amount - limit;
    for (let i = this.head; i < this.entries.length; i += 2) {
      excess -= this.entries[i + 1] as number;
      if (excess <= 0) return Math.ceil(this.leavesAt(this.entries[i] as number) - now);
    }
    return 0;
  }

  override add(amount: number, now: number): void {
    if (amount === 0) return;
    const { entries } = this;
    const bucket = this.bucketAt(now);
    const last = entries.length - 2;
    if (last >= this.head && entries[last] === bucket) entries[last + 1] = (entries[last + 1] as number) + amount;
    else entries.push(bucket, amount);
    this.total += amount;
  }

  /** Counts `more` (which may be negative) for a hold all of which was counted at `takenAt`. */
  correctWhole(more: number, takenAt: number, now: number): void {
    this.used(now);
    if (more > 0) this.add(more, now);
    else this.takeOut(this.bucketAt(takenAt), -more);
  }

  /** What a hold has that took `amount` at `takenAt` and nothing since. */
  shareOf(amount: number, takenAt: number): SlidingShare {
    return { held: amount, bucket: this.bucketAt(takenAt), first: amount, late: -1, lateAmount: 0 };
  }

  /** Counts `actual` for the hold with this share. */
  correct(share: SlidingShare, actual: number, now: number): void {
    this.used(now);
    const more = actual - share.held;
    if (more > 0) this.extend(share, more, now);
    else this.giveBack(share, -more);
    share.held = actual;
  }

  /** The hold with this share ends. What has left the window stays in it, and does not count again should the hold go on. */
  end(share: SlidingShare, now: number): void {
    this.used(now);
    share.held -= this.giveBack(share, share.held);
  }

  override idleAgainAt(now: number): number | null {
    this.used(now);
    return this.entries.length === 0 ? null : this.leavesAt(this.entries.at(-2) as number);
  }

  private bucketAt(now: number): number {
    return Math.floor(now / this.widthMs);
  }

  private leavesAt(bucket: number): number {
    return (bucket + 1 + this.count) * this.widthMs;
  }

  private dropBefore(edge: number): void {
    const { entries } = this;
    while (this.head < entries.length && (entries[this.head] as number) < edge) {
      this.total -= entries[this.head + 1] as number;
      this.head += 2;
    }
    if (this.head === entries.length) {
      this.entries = [];
      this.head = 0;
    } else if (this.head >= COMPACT_AT) {
      this.entries = entries.slice(this.head);
      this.head = 0;
    }
  }

  private extend(share: SlidingShare, more: number, now: number): void {
    const bucket = this.bucketAt(now);
    this.add(more, now);
    if (bucket === share.bucket) share.first += more;
    else if (bucket === share.late) share.lateAmount += more;
    else {
      share.late = bucket;
      share.lateAmount = more;
    }
  }

  /** Takes back the newest first; returns how much. What has left the window, or was added in between, is gone. */
  private giveBack(share: SlidingShare, amount: number): number {
    const fromLate = this.takeOut(share.late, Math.min(amount, share.lateAmount));
    share.lateAmount -= fromLate;
    const fromFirst = this.takeOut(share.bucket, Math.min(amount - fromLate, share.first));
    share.first -= fromFirst;
    return fromLate + fromFirst;
  }

  private takeOut(bucket: number, amount: number): number {
    if (amount === 0) return 0;
    for (let i = this.entries.length - 2; i >= this.head && (this.entries[i] as number) >= bucket; i -= 2) {
      if (this.entries[i] !== bucket) continue;
      this.entries[i + 1] = (this.entries[i + 1] as number) - amount;
      this.total -= amount;
      return amount;
    }
    return 0;
  }
}

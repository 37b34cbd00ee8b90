import type { Amount } from './amount.js';
import { CalendarBucket } from './calendar-bucket.js';
import { subBuckets, type CalendarWindow, type CounterQuery } from './claim.js';
import type { CounterClock } from './clock.js';
import { ExpiryWheel } from './expiry-wheel.js';
import type { LocalCounter } from './local-counter.js';
import { SlidingWindow } from './sliding-window.js';
import { SlotCount } from './slot-count.js';

const SWEEP_EVERY_MS = 1_000;
/** Most counters are idle a minute after their last use; what lives longer is looked at every four minutes. */
const SWEEP_SLOTS = 256;
const KEEP_SLOTS_MS = 60_000;

/** All counters of this process by name. Idle ones are dropped; one that counts something still in force never is. */
export class CounterCabinet {
  private readonly sliding = new Map<number, Map<string, SlidingWindow>>();
  private readonly slots = new Map<string, SlotCount>();
  /** A name has few buckets: its day, its month and those just past. */
  private readonly calendar = new Map<string, CalendarBucket[]>();
  private readonly idle = new ExpiryWheel<LocalCounter>(SWEEP_EVERY_MS, SWEEP_SLOTS);
  private count = 0;
  /** A day or month that was dropped begins at what the ledger says. */
  rereads = false;

  constructor(
    private readonly capacity: number,
    private readonly plenty: number,
    private readonly clock: CounterClock,
  ) {}

  get size(): number {
    return this.count;
  }

  get full(): boolean {
    return this.count >= this.capacity;
  }

  find({ counter, window }: CounterQuery): LocalCounter | undefined {
    switch (window.kind) {
      case 'sliding':
        return this.sliding.get(window.ms)?.get(counter);
      case 'slots':
        return this.slots.get(counter);
      case 'calendar':
        return findBucket(this.calendar.get(counter), window.bucket);
    }
  }

  /** Makes a counter that does not exist yet. */
  create(query: CounterQuery, now: number, spent: Amount = 0): LocalCounter {
    const made = this.make(query, now, spent);
    this.count += 1;
    this.idle.add(made);
    return made;
  }

  /** Drops what is idle. */
  sweep(now: number): void {
    for (const counter of this.idle.takeDue(now)) {
      const againAt = counter.idleAgainAt(now, this.rereads && this.count > this.plenty);
      if (againAt === null) this.drop(counter);
      else {
        counter.expiresAt = againAt;
        this.idle.add(counter);
      }
    }
  }

  private make({ counter, window }: CounterQuery, now: number, spent: Amount): LocalCounter {
    switch (window.kind) {
      case 'sliding':
        return this.makeSliding(counter, window.ms, now);
      case 'slots': {
        const made = new SlotCount(counter);
        made.expiresAt = now + KEEP_SLOTS_MS;
        this.slots.set(counter, made);
        return made;
      }
      case 'calendar':
        return this.makeBucket(counter, window, now, spent);
    }
  }

  private makeSliding(counter: string, windowMs: number, now: number): SlidingWindow {
    const { widthMs, count } = subBuckets(windowMs);
    const made = new SlidingWindow(counter, widthMs, count, windowMs);
    made.expiresAt = now + windowMs + widthMs;
    const ofLength = this.sliding.get(windowMs);
    if (ofLength === undefined) this.sliding.set(windowMs, new Map([[counter, made]]));
    else ofLength.set(counter, made);
    return made;
  }

  private makeBucket(counter: string, window: CalendarWindow, now: number, spent: Amount): CalendarBucket {
    const endsAt = now + Math.max(0, window.expiresAtMs - this.clock.wallMs());
    const made = new CalendarBucket(counter, window.bucket, spent, { endsAt, now });
    const buckets = this.calendar.get(counter);
    if (buckets === undefined) this.calendar.set(counter, [made]);
    else buckets.push(made);
    return made;
  }

  private drop(counter: LocalCounter): void {
    this.count -= 1;
    counter.dropped = true;
    if (counter instanceof SlidingWindow) this.sliding.get(counter.windowMs)?.delete(counter.name);
    else if (counter instanceof SlotCount) this.slots.delete(counter.name);
    else if (counter instanceof CalendarBucket) this.dropBucket(counter);
  }

  private dropBucket(bucket: CalendarBucket): void {
    const buckets = this.calendar.get(bucket.name) ?? [];
    if (buckets.length <= 1) this.calendar.delete(bucket.name);
    else buckets.splice(buckets.indexOf(bucket), 1);
  }
}

function findBucket(buckets: readonly CalendarBucket[] | undefined, name: string): CalendarBucket | undefined {
  if (buckets === undefined) return undefined;
  for (const bucket of buckets) {
    if (bucket.bucket === name) return bucket;
  }
  return undefined;
}

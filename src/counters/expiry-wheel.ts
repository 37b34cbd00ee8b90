const NONE: readonly never[] = [];

/** Something that runs out. A link of the wheel's lists, so it can be in one wheel only. */
export abstract class Expiring {
  /** Must not change while it is in a wheel. */
  expiresAt = 0;
  /** Neighbours in the wheel; for the wheel only. */
  before: Expiring | null = null;
  after: Expiring | null = null;
}

class ListEnd extends Expiring {
  constructor() {
    super();
    this.before = this;
    this.after = this;
  }
}

/**
 * Remembers when things run out. Adding and removing are a few writes however many there are, and nothing is allocated. What
 * runs out beyond the turn of the wheel is looked at once a turn.
 */
export class ExpiryWheel<T extends Expiring> {
  private readonly slots: readonly ListEnd[];
  /** Number of the slot that is looked at next; slots before it are empty. */
  private current = 0;
  /** Nothing needs a look before. */
  private nextAt = Number.POSITIVE_INFINITY;

  constructor(
    private readonly slotMs: number,
    private readonly size: number,
  ) {
    this.slots = Array.from({ length: size }, () => new ListEnd());
  }

  add(item: T): void {
    const slot = Math.floor(item.expiresAt / this.slotMs);
    const last = this.current + this.size - 1;
    if (slot <= last) {
      this.link(item, Math.max(slot, this.current));
      if (item.expiresAt < this.nextAt) this.nextAt = item.expiresAt;
    } else {
      this.link(item, last);
      this.nextAt = Math.min(this.nextAt, last * this.slotMs);
    }
  }

  /** Takes the item out; does nothing when it is not in. */
  delete(item: T): void {
    if (item.after !== null) unlink(item);
  }

  /** Removes and returns what has run out. */
  takeDue(now: number): readonly T[] {
    if (now < this.nextAt) return NONE;
    const due: T[] = [];
    const later: T[] = [];
    const until = Math.max(this.current, Math.floor(now / this.slotMs));
    const last = Math.min(until, this.current + this.size - 1);
    for (let slot = this.current; slot <= last; slot += 1) this.empty(slot, now, due, later);
    this.current = until;
    this.nextAt = Number.POSITIVE_INFINITY;
    for (const item of later) this.add(item);
    this.findNext();
    return due;
  }

  private empty(slot: number, now: number, due: T[], later: T[]): void {
    const end = this.slots[slot % this.size] as ListEnd;
    for (let item = end.after as Expiring; item !== end; item = end.after as Expiring) {
      unlink(item);
      (item.expiresAt <= now ? due : later).push(item as T);
    }
  }

  /** The next slot that is not empty, unless something is due before it. */
  private findNext(): void {
    for (let slot = this.current + 1; slot < this.current + this.size; slot += 1) {
      const beginsAt = slot * this.slotMs;
      if (beginsAt >= this.nextAt) return;
      const end = this.slots[slot % this.size] as ListEnd;
      if (end.after === end) continue;
      this.nextAt = beginsAt;
      return;
    }
  }

  private link(item: Expiring, slot: number): void {
    const end = this.slots[slot % this.size] as ListEnd;
    const last = end.before as Expiring;
    item.before = last;
    item.after = end;
    last.after = item;
    end.before = item;
  }
}

function unlink(item: Expiring): void {
  (item.before as Expiring).after = item.after;
  (item.after as Expiring).before = item.before;
  item.before = null;
  item.after = null;
}

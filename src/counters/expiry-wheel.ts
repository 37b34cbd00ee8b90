const NONE: readonly never[] = [];

/** Remembers when things run out. Adding and removing cost the same however many there are. */
export class ExpiryWheel<T extends { readonly expiresAt: number }> {
  private readonly slots = new Map<number, Set<T>>();
  /** Nothing runs out before. */
  private nextAt = Number.POSITIVE_INFINITY;

  constructor(private readonly slotMs: number) {}

  /** `expiresAt` must not change while the item is in the wheel. */
  add(item: T): void {
    const slot = Math.floor(item.expiresAt / this.slotMs);
    const items = this.slots.get(slot);
    if (items === undefined) this.slots.set(slot, new Set([item]));
    else items.add(item);
    if (item.expiresAt < this.nextAt) this.nextAt = item.expiresAt;
  }

  delete(item: T): void {
    const slot = Math.floor(item.expiresAt / this.slotMs);
    const items = this.slots.get(slot);
    if (items?.delete(item) === true && items.size === 0) this.slots.delete(slot);
  }

  /** Removes and returns what has run out. */
  takeDue(now: number): readonly T[] {
    if (now < this.nextAt) return NONE;
    const due: T[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const [slot, items] of this.slots) {
      const begin = slot * this.slotMs;
      if (begin > now) next = Math.min(next, begin);
      else next = Math.min(next, this.collect(slot, items, now, due));
    }
    this.nextAt = next;
    return due;
  }

  /** Returns when the next of the remaining items runs out. */
  private collect(slot: number, items: Set<T>, now: number, due: T[]): number {
    let next = Number.POSITIVE_INFINITY;
    for (const item of items) {
      if (item.expiresAt > now) {
        next = Math.min(next, item.expiresAt);
        continue;
      }
      items.delete(item);
      due.push(item);
    }
    if (items.size === 0) this.slots.delete(slot);
    return next;
  }
}

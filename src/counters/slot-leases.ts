import type { LocalCounter, Portion } from './local-counter.js';

const KEEP_IDLE_MS = 60_000;

/** Counts what is going on now. Every slot is a lease that ends by itself unless renewed. */
export class SlotLeases implements LocalCounter {
  expiresAt = 0;
  dropped = false;
  private readonly leases = new Set<Portion>();
  /** No lease ends before. */
  private nextEnd = Number.POSITIVE_INFINITY;

  constructor(readonly name: string) {}

  used(now: number): number {
    if (now >= this.nextEnd) this.dropEnded(now);
    return this.leases.size;
  }

  resetMs(): number {
    return 0;
  }

  freesInMs(): number {
    return 0;
  }

  grant(portion: Portion, now: number): void {
    portion.leaseEndsAt = now + portion.leaseMs;
    this.nextEnd = Math.min(this.nextEnd, portion.leaseEndsAt);
    this.leases.add(portion);
  }

  correct(): void {
    // A slot has no amount: it is held or free.
  }

  renew(portion: Portion, now: number): void {
    this.used(now);
    if (this.leases.has(portion)) portion.leaseEndsAt = now + portion.leaseMs;
  }

  free(portion: Portion): void {
    this.leases.delete(portion);
  }

  idleAgainAt(now: number): number | null {
    return this.used(now) === 0 ? null : now + KEEP_IDLE_MS;
  }

  private dropEnded(now: number): void {
    this.nextEnd = Number.POSITIVE_INFINITY;
    for (const lease of this.leases) {
      if (lease.leaseEndsAt <= now) this.leases.delete(lease);
      else this.nextEnd = Math.min(this.nextEnd, lease.leaseEndsAt);
    }
  }
}

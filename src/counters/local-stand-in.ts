import { LRUCache } from 'lru-cache';
import { minusToZero, fit, type Amount } from './amount.js';
import type { CalendarWindow, Claim } from './claim.js';
import { Grant, UNAVAILABLE_RETRY_MS, type TakeResult } from './counter.store.js';
import type { Hydration } from './hydration.js';
import { InProcessCounterStore } from './in-process-counter.store.js';
import type { SharedHold } from './shared-hold.js';
import type { LastUsed, WireSheet } from './wire-sheet.js';

/** Calendar counters whose last known state is remembered. */
const REMEMBERED = 50_000;
/** Longest wait for the ledger while the shared counters are out of reach: the call has waited already, ms. */
const LEDGER_PATIENCE_MS = 50;

/**
 * Decides while the shared counters are out of reach. Each process grants its fair share of a limit, one part in `replicas`:
 * of the whole limit for sliding windows and slots, of what was left for calendar counters. A limit smaller than the number of
 * processes still gives each of them 1. Every outage begins with empty counters.
 */
export class LocalStandIn {
  private store: InProcessCounterStore | null = null;
  private readonly lastUsed = new LRUCache<string, LastUsed>({ max: REMEMBERED });

  constructor(private readonly hydration: Hydration) {}

  /** Where to note what was used last of each claim's counter, `null` for those that are not remembered. */
  lastUsedOf(claims: readonly Claim[]): (LastUsed | null)[] {
    return claims.map(({ counter, window }) => {
      if (window.kind !== 'calendar') return null;
      const name = `${counter} ${window.bucket}`;
      const known = this.lastUsed.get(name);
      if (known !== undefined) return known;
      const fresh = { used: null };
      this.lastUsed.set(name, fresh);
      return fresh;
    });
  }

  remember({ lastUsed }: WireSheet, used: readonly Amount[]): void {
    for (let i = 0; i < lastUsed.length; i += 1) {
      const note = lastUsed[i] as LastUsed | null;
      if (note !== null) note.used = used[i] as Amount;
    }
  }

  async take(hold: SharedHold, replicas: number): Promise<TakeResult> {
    const { claims, stated: amounts } = hold;
    const closed = claims.findIndex((claim) => claim.onUnavailable === 'closed');
    if (closed >= 0) {
      const { counter } = claims[closed] as Claim;
      return { ok: false, unavailable: true, index: closed, counter, retryAfterMs: UNAVAILABLE_RETRY_MS };
    }
    this.store ??= new InProcessCounterStore();
    const { store } = this;
    await Promise.all(
      claims.map((claim, i) => this.begin(store, claim, hold.sheet.lastUsed[i]?.used ?? null, replicas)),
    );
    const shares = claims.map((claim) => share(claim, replicas));
    const result = await store.take(shares, { holdId: hold.id, ttlMs: hold.ttlMs, amounts });
    if (!result.ok) return result.unavailable ? result : { ...result, degraded: true };
    hold.local = { store, hold: result.hold };
    const resets = claims.map((_claim, i) => result.resetMs(i));
    return new Grant(hold, { used: result.used, resets }, true);
  }

  /** The shared counters are back. Holds keep the store they were taken from. */
  reset(): void {
    this.store = null;
  }

  /** A calendar counter begins so high that what is left of it is this process's share of what was left of the whole. */
  private async begin(
    store: InProcessCounterStore,
    { counter, window, limit }: Claim,
    lastUsed: Amount | null,
    replicas: number,
  ): Promise<void> {
    if (window.kind !== 'calendar') return;
    const used = lastUsed ?? (await this.fromLedger(counter, window));
    store.seed(counter, window, minusToZero(limit, part(minusToZero(limit, used), replicas)));
  }

  private async fromLedger(counter: string, { bucket }: CalendarWindow): Promise<Amount> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, LEDGER_PATIENCE_MS, null);
    });
    const spent = await Promise.race([this.hydration.spent(counter, bucket), tooLong]);
    clearTimeout(timer);
    return spent ?? 0;
  }
}

function share(claim: Claim, replicas: number): Claim {
  return claim.window.kind === 'calendar' ? claim : { ...claim, limit: part(claim.limit, replicas) };
}

function part(whole: Amount, replicas: number): Amount {
  const each = fit(BigInt(whole) / BigInt(replicas));
  return each === 0 && whole > 0 ? 1 : each;
}

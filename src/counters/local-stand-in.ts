import { LRUCache } from 'lru-cache';
import { minusToZero, fit, type Amount } from './amount.js';
import type { CalendarWindow, Claim } from './claim.js';
import { keyOf } from './counter-messages.js';
import { UNAVAILABLE_RETRY_MS, type CounterState, type TakeResult } from './counter.store.js';
import type { Hydration } from './hydration.js';
import { InProcessCounterStore } from './in-process-counter.store.js';
import type { SharedHold } from './shared-hold.js';

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
  private readonly lastUsed = new LRUCache<string, Amount>({ max: REMEMBERED });

  constructor(private readonly hydration: Hydration) {}

  remember(claims: readonly Claim[], states: readonly CounterState[]): void {
    for (let i = 0; i < claims.length; i += 1) {
      const claim = claims[i] as Claim;
      if (claim.window.kind === 'calendar') this.lastUsed.set(keyOf(claim), (states[i] as CounterState).used);
    }
  }

  async take(hold: SharedHold, replicas: number): Promise<TakeResult> {
    const closed = hold.claims.findIndex((claim) => claim.onUnavailable === 'closed');
    if (closed >= 0) {
      const { counter } = hold.claims[closed] as Claim;
      return { ok: false, unavailable: true, index: closed, counter, retryAfterMs: UNAVAILABLE_RETRY_MS };
    }
    this.store ??= new InProcessCounterStore();
    const { store } = this;
    await Promise.all(hold.claims.map((claim) => this.begin(store, claim, replicas)));
    const claims = hold.claims.map((claim) => share(claim, replicas));
    const result = await store.take(claims, { holdId: hold.id, ttlMs: hold.ttlMs });
    if (!result.ok) return result.unavailable ? result : { ...result, degraded: true };
    hold.local = { store, hold: result.hold };
    return { ok: true, hold, states: result.states, degraded: true };
  }

  /** The shared counters are back. Holds keep the store they were taken from. */
  reset(): void {
    this.store = null;
  }

  /** A calendar counter begins so high that what is left of it is this process's share of what was left of the whole. */
  private async begin(store: InProcessCounterStore, claim: Claim, replicas: number): Promise<void> {
    if (claim.window.kind !== 'calendar') return;
    const used = this.lastUsed.get(keyOf(claim)) ?? (await this.fromLedger(claim.counter, claim.window));
    store.seed(claim.counter, claim.window, minusToZero(claim.limit, part(minusToZero(claim.limit, used), replicas)));
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

import { minusToZero, plus, type Amount } from './amount.js';
import { CalendarBucket } from './calendar-bucket.js';
import {
  checkAmount,
  checkClaims,
  commonPrefix,
  statedAmount,
  type CalendarWindow,
  type Claim,
  type CounterQuery,
} from './claim.js';
import { SYSTEM_CLOCK, type CounterClock } from './clock.js';
import { CounterCabinet } from './counter-cabinet.js';
import {
  CounterStore,
  SLOT_RETRY_MS,
  UNAVAILABLE_RETRY_MS,
  type Actual,
  type CounterState,
  type CounterStoreStats,
  type Hold,
  type Refused,
  type SpendSource,
  type TakeOptions,
  type TakeResult,
} from './counter.store.js';
import { ExpiryWheel } from './expiry-wheel.js';
import { Hydration } from './hydration.js';
import { UNCOUNTED, type LocalCounter, type Portion } from './local-counter.js';

export interface InProcessOptions {
  readonly clock?: CounterClock;
  /**
   * Most counters at once; about 300 bytes each. When so many are in force, a claim on a further one counts as unavailable.
   * Default 2,000,000.
   */
  readonly capacity?: number;
  /** Longest wait for the ledger, ms. Default 1000. */
  readonly hydrateTimeoutMs?: number;
}

class LocalHold implements Hold {
  readonly id: string;
  readonly ttlMs: number;
  readonly portions: Portion[] = [];
  settled = false;
  /** Monotonic ms. */
  expiresAt: number;

  constructor(
    options: TakeOptions,
    readonly claims: readonly Claim[],
    readonly counters: LocalCounter[],
    now: number,
  ) {
    this.id = options.holdId;
    this.ttlMs = options.ttlMs;
    this.expiresAt = now + options.ttlMs;
  }
}

const HOLD_SWEEP_MS = 1_000;

/** Counters of one process: the whole store of a single gateway, and the stand-in while the shared one is out of reach. */
export class InProcessCounterStore extends CounterStore {
  private readonly clock: CounterClock;
  private readonly cabinet: CounterCabinet;
  private readonly holds = new ExpiryWheel<LocalHold>(HOLD_SWEEP_MS);
  private readonly hydration: Hydration;
  private latest = Number.NEGATIVE_INFINITY;

  constructor(options: InProcessOptions = {}) {
    super();
    this.clock = options.clock ?? SYSTEM_CLOCK;
    this.cabinet = new CounterCabinet(options.capacity ?? 2_000_000, this.clock);
    this.hydration = new Hydration(options.hydrateTimeoutMs ?? 1_000, () => this.clock.monotonicMs());
  }

  override take(claims: readonly Claim[], options: TakeOptions): TakeResult | Promise<TakeResult> {
    commonPrefix(claims);
    checkClaims(claims);
    const now = this.sweep();
    const missing = this.missingOf(claims);
    if (missing.length > 0) return this.hydrateAndTake(claims, options, missing);
    return this.takeNow(claims, options, now, NONE);
  }

  override adjust(hold: Hold, soFar: Actual): void {
    const own = ownHold(hold);
    if (own.settled) return;
    const now = this.sweep();
    this.correct(own, soFar, now);
    this.prolong(own, now);
  }

  override renew(hold: Hold): void {
    const own = ownHold(hold);
    if (!own.settled) this.prolong(own, this.sweep());
  }

  override settle(hold: Hold, actual: Actual): void {
    const own = ownHold(hold);
    if (own.settled) return;
    const now = this.sweep();
    own.settled = true;
    this.holds.delete(own);
    this.correct(own, actual, now);
    for (let i = 0; i < own.counters.length; i += 1) own.counters[i]?.free(own.portions[i] as Portion);
  }

  override read(queries: readonly CounterQuery[]): readonly CounterState[] | Promise<readonly CounterState[]> {
    commonPrefix(queries);
    const now = this.sweep();
    const missing = this.missingOf(queries);
    const standing = (): CounterState[] => queries.map((query) => this.state(query, this.cabinet.find(query), now));
    return missing.length === 0 ? standing() : this.hydrate(missing).then(standing);
  }

  override seed(counter: string, window: CalendarWindow, value: Amount): void {
    const query = { counter, window, limit: value };
    checkAmount(query, value);
    const now = this.sweep();
    if (this.cabinet.find(query) === undefined && !this.cabinet.full) this.cabinet.create(query, now, value);
  }

  override raise(counter: string, window: CalendarWindow, spent: Amount): void {
    const query = { counter, window, limit: spent };
    checkAmount(query, spent);
    this.sweep();
    const found = this.cabinet.find(query);
    if (found instanceof CalendarBucket) found.raise(spent);
  }

  /** These counters die with their process: it leaves no holds behind. */
  override settleAbandoned(): Promise<boolean> {
    return Promise.resolve(false);
  }

  override shift(counter: string, window: CalendarWindow, by: bigint): void {
    this.sweep();
    const found = this.cabinet.find({ counter, window, limit: 0 });
    if (found instanceof CalendarBucket) found.shift(by);
  }

  override hydrateWith(source: SpendSource): void {
    this.hydration.use(source);
  }

  override stats(): CounterStoreStats {
    return {
      home: 'in-process',
      available: true,
      replicas: 1,
      degradedTakes: 0,
      pendingCorrections: 0,
      lostCorrections: 0,
    };
  }

  override flush(): Promise<void> {
    return Promise.resolve();
  }

  /** How many counters there are, for tests of their bound. */
  get size(): number {
    return this.cabinet.size;
  }

  /** The time, which never goes back; drops what has run out by it. */
  private sweep(): number {
    const now = Math.max(this.latest, this.clock.monotonicMs());
    this.latest = now;
    for (const hold of this.holds.takeDue(now)) this.expire(hold, now);
    this.cabinet.sweep(now);
    return now;
  }

  private expire(hold: LocalHold, now: number): void {
    for (let i = 0; i < hold.claims.length; i += 1) {
      if (hold.claims[i]?.onExpiry === 'release') hold.counters[i]?.correct(hold.portions[i] as Portion, 0, now);
    }
  }

  /** The calendar counters that must first be read from the ledger. */
  private missingOf<T extends CounterQuery>(queries: readonly T[]): readonly T[] {
    if (!this.hydration.configured) return NONE;
    let missing: T[] | null = null;
    for (const query of queries) {
      if (query.window.kind === 'calendar' && this.cabinet.find(query) === undefined) (missing ??= []).push(query);
    }
    return missing ?? NONE;
  }

  private async hydrateAndTake(
    claims: readonly Claim[],
    options: TakeOptions,
    missing: readonly Claim[],
  ): Promise<TakeResult> {
    await this.hydrate(missing);
    const unknown = missing.filter((claim) => this.cabinet.find(claim) === undefined);
    return this.takeNow(claims, options, this.sweep(), unknown);
  }

  private async hydrate(missing: readonly CounterQuery[]): Promise<void> {
    await Promise.all(
      missing.map(async ({ counter, window }) => {
        const calendar = window as CalendarWindow;
        const spent = await this.hydration.spent(counter, calendar.bucket);
        if (spent !== null) this.seed(counter, calendar, spent);
      }),
    );
  }

  /** The atomic step: nothing in it waits. */
  private takeNow(claims: readonly Claim[], options: TakeOptions, now: number, unknown: readonly Claim[]): TakeResult {
    const counters: LocalCounter[] = [];
    let refused = -1;
    for (let i = 0; i < claims.length; i += 1) {
      const claim = claims[i] as Claim;
      const counter = this.locate(claim, now, unknown);
      if (counter === UNCOUNTED && claim.onUnavailable === 'closed') return unavailable(i, claim);
      counters.push(counter);
      if (refused < 0 && !fits(counter.used(now), claim)) refused = i;
    }
    if (refused >= 0) return this.refuse(claims, counters, refused, now);
    const hold = new LocalHold(options, claims, counters, now);
    for (let i = 0; i < claims.length; i += 1) {
      hold.portions.push(this.grant(claims[i] as Claim, counters[i] as LocalCounter, now));
    }
    this.holds.add(hold);
    return { ok: true, hold, states: this.states(claims, counters, now), degraded: false };
  }

  private locate(claim: Claim, now: number, unknown: readonly Claim[]): LocalCounter {
    const found = this.cabinet.find(claim);
    if (found !== undefined) return found;
    if (this.cabinet.full || unknown.includes(claim)) return UNCOUNTED;
    return this.cabinet.create(claim, now);
  }

  private grant(claim: Claim, counter: LocalCounter, now: number): Portion {
    const portion: Portion = {
      held: claim.amount,
      stated: claim.amount,
      bucket: 0,
      first: 0,
      late: -1,
      lateAmount: 0,
      leaseMs: claim.window.kind === 'slots' ? claim.window.leaseMs : 0,
      leaseEndsAt: 0,
    };
    counter.grant(portion, now);
    return portion;
  }

  private refuse(claims: readonly Claim[], counters: readonly LocalCounter[], index: number, now: number): Refused {
    const states = this.states(claims, counters, now);
    const claim = claims[index] as Claim;
    const retryAfterMs = retryAfter(claim, counters[index] as LocalCounter, now);
    const refused = { ...(states[index] as CounterState), index, retryAfterMs };
    return { ok: false, unavailable: false, refused, states, degraded: false };
  }

  private states(claims: readonly Claim[], counters: readonly LocalCounter[], now: number): CounterState[] {
    const states: CounterState[] = [];
    for (let i = 0; i < claims.length; i += 1) states.push(this.state(claims[i] as Claim, counters[i], now));
    return states;
  }

  private state(query: CounterQuery, counter: LocalCounter | undefined, now: number): CounterState {
    const used = counter?.used(now) ?? 0;
    const { limit } = query;
    const resetMs = counter?.resetMs(now) ?? 0;
    return { counter: query.counter, limit, used, remaining: minusToZero(limit, used), resetMs };
  }

  private correct(hold: LocalHold, actual: Actual, now: number): void {
    for (let i = 0; i < hold.portions.length; i += 1) {
      const portion = hold.portions[i] as Portion;
      const claim = hold.claims[i] as Claim;
      portion.stated = statedAmount(claim, actual[i], portion.stated);
      this.counterOf(hold, i, claim, now).correct(portion, portion.stated, now);
    }
  }

  /** A sliding counter may have been dropped as idle while the hold went on; what is added now belongs into its successor. */
  private counterOf(hold: LocalHold, index: number, claim: Claim, now: number): LocalCounter {
    const counter = hold.counters[index] as LocalCounter;
    if (!counter.dropped || claim.window.kind !== 'sliding') return counter;
    const successor = this.cabinet.find(claim) ?? this.cabinet.create(claim, now);
    hold.counters[index] = successor;
    return successor;
  }

  private prolong(hold: LocalHold, now: number): void {
    this.holds.delete(hold);
    hold.expiresAt = now + hold.ttlMs;
    this.holds.add(hold);
    for (let i = 0; i < hold.counters.length; i += 1) hold.counters[i]?.renew(hold.portions[i] as Portion, now);
  }
}

const NONE: readonly never[] = [];

function ownHold(hold: Hold): LocalHold {
  if (hold instanceof LocalHold) return hold;
  throw new TypeError(`The hold "${hold.id}" is of another store`);
}

function fits(used: Amount, claim: Claim): boolean {
  return plus(used, claim.amount) <= claim.limit;
}

function retryAfter(claim: Claim, counter: LocalCounter, now: number): number | null {
  if (claim.amount > claim.limit) return null;
  if (claim.window.kind === 'slots') return SLOT_RETRY_MS;
  return counter.freesInMs(now, claim.amount, claim.limit);
}

function unavailable(index: number, claim: Claim): TakeResult {
  return { ok: false, unavailable: true, index, counter: claim.counter, retryAfterMs: UNAVAILABLE_RETRY_MS };
}

import { plus, type Amount } from './amount.js';
import { CalendarBucket } from './calendar-bucket.js';
import {
  amountsOf,
  checkAmount,
  commonPrefix,
  LINGER_MS,
  statedAmount,
  type CalendarWindow,
  type Claim,
  type CounterQuery,
} from './claim.js';
import { SYSTEM_CLOCK, type CounterClock } from './clock.js';
import { CounterCabinet } from './counter-cabinet.js';
import {
  CounterStore,
  refusedTake,
  SLOT_RETRY_MS,
  stateOf,
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
import { UNCOUNTED, type LocalCounter } from './local-counter.js';
import { LocalHold } from './local-hold.js';
import { LocalSheet } from './local-sheet.js';

export interface InProcessOptions {
  readonly clock?: CounterClock;
  /**
   * Most counters at once; about 300 bytes each. When so many are in force, a claim on a further one counts as unavailable.
   * Default 2,000,000.
   */
  readonly capacity?: number;
  /** From so many on, days and months that nobody uses are dropped and read from the ledger again. Default 200,000. */
  readonly plenty?: number;
  /** Longest wait for the ledger, ms. Default 1000. */
  readonly hydrateTimeoutMs?: number;
}

/** A take on its way. */
interface Order {
  readonly sheet: LocalSheet;
  readonly amounts: readonly Amount[];
  readonly options: TakeOptions;
}

/** Holds that run out are looked for in stretches of 64 ms, over 65 s: most live a minute. */
const HOLD_SLOT_MS = 64;
const HOLD_SLOTS = 1024;

/** Counters of one process: the whole store of a single gateway, and the stand-in while the shared one is out of reach. */
export class InProcessCounterStore extends CounterStore {
  private readonly clock: CounterClock;
  private readonly cabinet: CounterCabinet;
  private readonly holds = new ExpiryWheel<LocalHold>(HOLD_SLOT_MS, HOLD_SLOTS);
  private readonly sheets = new WeakMap<readonly Claim[], LocalSheet>();
  private readonly hydration: Hydration;
  private latest = Number.NEGATIVE_INFINITY;

  constructor(options: InProcessOptions = {}) {
    super();
    this.clock = options.clock ?? SYSTEM_CLOCK;
    const { capacity = 2_000_000, plenty = 200_000 } = options;
    this.cabinet = new CounterCabinet(capacity, plenty, this.clock);
    this.hydration = new Hydration(options.hydrateTimeoutMs ?? 1_000, () => this.clock.monotonicMs());
  }

  override take(claims: readonly Claim[], options: TakeOptions): TakeResult | Promise<TakeResult> {
    const sheet = this.sheetOf(claims);
    const order = { sheet, amounts: amountsOf(claims, options.amounts), options };
    const now = this.sweep();
    if (this.locate(sheet, now)) return this.takeNow(order, sheet.counters, now);
    const missing = this.missingOf(claims);
    return missing.length > 0 ? this.hydrateAndTake(order, missing) : this.takeSome(order, NONE, now);
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
    if (own.leaseEndsAt > 0) own.freeSlots();
    own.letGo();
  }

  override read(queries: readonly CounterQuery[]): readonly CounterState[] | Promise<readonly CounterState[]> {
    commonPrefix(queries);
    const now = this.sweep();
    const missing = this.missingOf(queries);
    const standing = (): CounterState[] =>
      queries.map((query) => {
        const counter = this.cabinet.find(query);
        return stateOf(query, counter?.used(now) ?? 0, counter?.resetMs(now) ?? 0);
      });
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
    this.cabinet.rereads = true;
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

  private sheetOf(claims: readonly Claim[]): LocalSheet {
    const known = this.sheets.get(claims);
    if (known !== undefined) return known;
    const made = new LocalSheet(claims);
    this.sheets.set(claims, made);
    return made;
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
    if (hold.leaseEndsAt > 0 && hold.leaseEndsAt <= now) {
      hold.freeSlots();
      hold.leaseEndsAt = 0;
    }
    while (hold.endsAt <= now) this.end(hold, now);
    this.watch(hold);
  }

  /** Gives back what goes with the end of a hold's life, or with that of its time to linger. */
  private end(hold: LocalHold, now: number): void {
    const ending = hold.lingers ? 'linger' : 'release';
    for (const [index, { onExpiry, window }] of hold.claims.entries()) {
      if (onExpiry !== ending || window.kind === 'slots') continue;
      const counter = hold.counters[index] as LocalCounter;
      if (counter !== UNCOUNTED) hold.giveBack(index, counter, now);
    }
    hold.lingers = hold.sheet.lingers && !hold.lingers;
    hold.endsAt = hold.lingers ? hold.endsAt + LINGER_MS : Number.POSITIVE_INFINITY;
  }

  /** Sees to it that the end of a lease and that of a hold's life are noticed. */
  private watch(hold: LocalHold): void {
    const due = hold.leaseEndsAt > 0 ? Math.min(hold.leaseEndsAt, hold.endsAt) : hold.endsAt;
    if (due === Number.POSITIVE_INFINITY) return;
    hold.expiresAt = due;
    this.holds.add(hold);
  }

  /** Makes sure that the sheet has a living counter for each claim, and says whether it has. */
  private locate(sheet: LocalSheet, now: number): boolean {
    const { counters } = sheet;
    let complete = true;
    for (let i = 0; i < counters.length; i += 1) {
      const counter = counters[i] as LocalCounter | null;
      if (counter === null || counter.dropped) complete = this.find(sheet, i, now) && complete;
    }
    return complete;
  }

  private find(sheet: LocalSheet, index: number, now: number): boolean {
    const claim = sheet.claims[index] as Claim;
    const mustBeRead = claim.window.kind === 'calendar' && this.hydration.configured;
    let found = this.cabinet.find(claim) ?? null;
    if (found === null && !mustBeRead && !this.cabinet.full) found = this.cabinet.create(claim, now);
    sheet.counters[index] = found;
    return found !== null;
  }

  /** The calendar counters that must first be read from the ledger. */
  private missingOf<T extends CounterQuery>(queries: readonly T[]): readonly T[] {
    if (!this.hydration.configured) return NONE;
    return queries.filter((query) => query.window.kind === 'calendar' && this.cabinet.find(query) === undefined);
  }

  private async hydrateAndTake(order: Order, missing: readonly Claim[]): Promise<TakeResult> {
    await this.hydrate(missing);
    const unknown = missing.filter((claim) => this.cabinet.find(claim) === undefined);
    return this.takeSome(order, unknown, this.sweep());
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

  /** A take for which some counters cannot be had: claims on these are granted uncounted, or close the door. */
  private takeSome(order: Order, unknown: readonly Claim[], now: number): TakeResult {
    const counters: LocalCounter[] = [];
    for (const [index, claim] of order.sheet.claims.entries()) {
      let counter = this.cabinet.find(claim) ?? UNCOUNTED;
      if (counter === UNCOUNTED && !this.cabinet.full && !unknown.includes(claim)) {
        counter = this.cabinet.create(claim, now);
      }
      if (counter === UNCOUNTED && claim.onUnavailable === 'closed') return unavailable(index, claim);
      counters.push(counter);
    }
    return this.takeNow(order, counters, now);
  }

  /** The atomic step: nothing in it waits. */
  private takeNow({ sheet, amounts, options }: Order, counters: (LocalCounter | null)[], now: number): TakeResult {
    const { limits } = sheet;
    const used: Amount[] = [];
    for (let i = 0; i < limits.length; i += 1) {
      const after = plus((counters[i] as LocalCounter).used(now), amounts[i] as Amount);
      if (after > (limits[i] as Amount)) return refuse(sheet, counters as LocalCounter[], amounts, now);
      used.push(counters[i] === UNCOUNTED ? 0 : after);
    }
    for (let i = 0; i < limits.length; i += 1) (counters[i] as LocalCounter).add(amounts[i] as Amount, now);
    const hold = new LocalHold(options.holdId, options.ttlMs, { sheet, counters, amounts, used, at: now });
    if (sheet.releases) hold.endsAt = now + options.ttlMs;
    if (sheet.leaseMs > 0) hold.leaseEndsAt = now + sheet.leaseMs;
    this.watch(hold);
    return hold;
  }

  private correct(hold: LocalHold, actual: Actual, now: number): void {
    const { kinds, claims } = hold.sheet;
    // What is settled is not corrected again: nobody asks any more what was stated last.
    const stated: Amount[] | null = hold.settled ? null : [];
    for (let i = 0; i < claims.length; i += 1) {
      const amount = statedAmount(claims[i] as Claim, actual[i], hold.stated[i] as Amount);
      stated?.push(amount);
      if (kinds[i] !== 'slots') this.correctOne(hold, i, amount, now);
    }
    if (stated !== null) hold.stated = stated;
  }

  /** A sliding counter may have been dropped as idle while the hold went on; what is added now belongs into its successor. */
  private correctOne(hold: LocalHold, index: number, actual: Amount, now: number): void {
    let counter = hold.counters[index] as LocalCounter;
    if (counter === UNCOUNTED) return;
    if (counter.dropped && hold.sheet.kinds[index] === 'sliding') {
      const claim = hold.claims[index] as Claim;
      counter = this.cabinet.find(claim) ?? this.cabinet.create(claim, now);
      hold.counters[index] = counter;
    }
    hold.correct(index, counter, actual, now);
  }

  private prolong(hold: LocalHold, now: number): void {
    this.holds.delete(hold);
    if (hold.sheet.releases) hold.endsAt = now + hold.ttlMs;
    hold.lingers = false;
    if (hold.leaseEndsAt > 0) hold.leaseEndsAt = now + hold.sheet.leaseMs;
    this.watch(hold);
  }
}

const NONE: readonly never[] = [];

function ownHold(hold: Hold): LocalHold {
  if (hold instanceof LocalHold) return hold;
  throw new TypeError(`The hold "${hold.id}" is of another store`);
}

/** Something does not fit; the first claim that does not is named. */
function refuse(
  { claims, limits, kinds }: LocalSheet,
  counters: readonly LocalCounter[],
  amounts: readonly Amount[],
  now: number,
): Refused {
  const used = counters.map((counter) => counter.used(now));
  const resets = counters.map((counter) => counter.resetMs(now));
  const index = used.findIndex((count, i) => plus(count, amounts[i] as Amount) > (limits[i] as Amount));
  const [amount, limit] = [amounts[index] as Amount, limits[index] as Amount];
  let retryAfterMs: number | null = null;
  if (amount <= limit) {
    const frees = (counters[index] as LocalCounter).freesInMs(now, amount, limit);
    retryAfterMs = kinds[index] === 'slots' ? SLOT_RETRY_MS : frees;
  }
  return refusedTake(claims, { used, resets }, { index, retryAfterMs });
}

function unavailable(index: number, claim: Claim): TakeResult {
  return { ok: false, unavailable: true, index, counter: claim.counter, retryAfterMs: UNAVAILABLE_RETRY_MS };
}

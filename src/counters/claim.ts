import { LARGEST_AMOUNT, type Amount } from './amount.js';

/**
 * The time over which a counter counts.
 * - `sliding`: the last `ms` milliseconds, in sub-buckets (see `SlidingWindow` for the exactness).
 * - `calendar`: a named stretch of the calendar, as `2026-11-02` or `2026-11`; the caller knows the time zone. `expiresAtMs` is
 *   its end, epoch ms.
 * - `slots`: what is going on at the same time. A slot not given back or renewed within `leaseMs` frees itself. All slots of one
 *   take have the same lease.
 */
export type Window =
  | { readonly kind: 'sliding'; readonly ms: number }
  | CalendarWindow
  | { readonly kind: 'slots'; readonly leaseMs: number };

export interface CalendarWindow {
  readonly kind: 'calendar';
  readonly bucket: string;
  readonly expiresAtMs: number;
}

/** One counter as a reader names it. */
export interface CounterQuery {
  /** `og:{<org>}:<room>:<thing>:<id>`: the braces keep one organisation on one Redis Cluster slot. */
  readonly counter: string;
  readonly limit: Amount;
  readonly window: Window;
}

/** A wish to consume `amount` of a counter, granted only while the counter stays within `limit`. */
export interface Claim extends CounterQuery {
  /** 1 for `slots`. A take may state others. */
  readonly amount: Amount;
  /**
   * What becomes of the amount when the hold runs out unsettled, because the process died. `linger`: it is released `LINGER_MS`
   * later, unless somebody finds out before what was used. Slots always free themselves.
   */
  readonly onExpiry: 'release' | 'linger' | 'charge';
  /** When the counters cannot be reached: `open` decides by a local counter at a fair share of the limit, `closed` refuses. */
  readonly onUnavailable: 'open' | 'closed';
}

/** How long what may have been used counts after its hold has run out: time to find the journal of a dead process, ms. */
export const LINGER_MS = 1_800_000;
/** Most claims in one take. */
const MOST_CLAIMS = 64;
/** Most sub-buckets of a sliding window besides the current one. */
export const SUB_BUCKETS = 60;

/** The width of a sliding window's sub-buckets and how many of them, besides the current one, count. */
export function subBuckets(windowMs: number): { widthMs: number; count: number } {
  const widthMs = Math.ceil(windowMs / SUB_BUCKETS);
  return { widthMs, count: Math.ceil(windowMs / widthMs) };
}

/**
 * The part of the name that all counters of an organisation begin with, `og:{<org>}`.
 * @throws TypeError when the counters do not all belong to one organisation.
 */
export function commonPrefix(queries: readonly CounterQuery[]): string {
  const first = queries[0]?.counter ?? '';
  const end = first.indexOf('}:');
  if (!first.startsWith('og:{') || end < 5) throw new TypeError(`Not a counter name: "${first}"`);
  const prefix = first.slice(0, end + 1);
  for (let i = 1; i < queries.length; i += 1) {
    const counter = queries[i]?.counter ?? '';
    if (!counter.startsWith(prefix) || counter[end + 1] !== ':') {
      throw new TypeError(`Counters of two organisations in one step: "${first}" and "${counter}"`);
    }
  }
  return prefix;
}

/** Refuses limits and lists that can only be a mistake in the program. @throws TypeError */
export function checkLimits(claims: readonly Claim[]): void {
  if (claims.length === 0 || claims.length > MOST_CLAIMS) throw new TypeError(`1 to ${MOST_CLAIMS} claims, please`);
  for (let i = 0; i < claims.length; i += 1) {
    const claim = claims[i] as Claim;
    checkAmount(claim, claim.limit);
    for (let j = 0; j < i; j += 1) {
      if (sameCounter(claim, claims[j] as Claim)) throw new TypeError(`Claimed twice: "${claim.counter}"`);
    }
  }
}

/** How much is claimed: `stated`, else the claims' own amounts. @throws TypeError for amounts that are mistakes in the program */
export function amountsOf(claims: readonly Claim[], stated: readonly Amount[] | undefined): readonly Amount[] {
  const amounts = stated ?? claims.map(({ amount }) => amount);
  if (amounts.length !== claims.length) throw new TypeError(`${amounts.length} amounts for ${claims.length} claims`);
  for (let i = 0; i < claims.length; i += 1) {
    const claim = claims[i] as Claim;
    checkAmount(claim, amounts[i] as Amount);
    if (claim.window.kind === 'slots' && amounts[i] !== 1) throw new TypeError(`A slot is one: "${claim.counter}"`);
  }
  return amounts;
}

/** How long the slots among the claims are leased, ms; 0: there are none. @throws TypeError unless it is the same for all */
export function leaseOf(claims: readonly CounterQuery[]): number {
  let leaseMs = 0;
  for (const { counter, window } of claims) {
    if (window.kind !== 'slots') continue;
    if (leaseMs !== 0 && window.leaseMs !== leaseMs) throw new TypeError(`Two leases in one step: "${counter}"`);
    leaseMs = window.leaseMs;
  }
  return leaseMs;
}

/** @throws TypeError unless the amount is whole, not negative and within what its counter can hold. */
export function checkAmount(query: CounterQuery, amount: Amount): void {
  if (!isAmount(query, amount)) throw new TypeError(`Not an amount for "${query.counter}": ${String(amount)}`);
}

/** Only calendar counters hold more than a safe integer. */
function isAmount(query: CounterQuery, amount: Amount): boolean {
  if (typeof amount === 'number') return Number.isSafeInteger(amount) && amount >= 0;
  return query.window.kind === 'calendar' && amount >= 0n && amount <= LARGEST_AMOUNT;
}

/** What to correct a counter to: `actual`, or what was stated before when there is none or it makes no sense. */
export function statedAmount(query: CounterQuery, actual: Amount | null | undefined, before: Amount): Amount {
  return actual !== null && actual !== undefined && isAmount(query, actual) ? actual : before;
}

function sameCounter(a: CounterQuery, b: CounterQuery): boolean {
  if (a.counter !== b.counter || a.window.kind !== b.window.kind) return false;
  return a.window.kind !== 'calendar' || a.window.bucket === (b.window as CalendarWindow).bucket;
}

import { minusToZero, type Amount } from './amount.js';
import type { CalendarWindow, Claim, CounterQuery } from './claim.js';

/** How a counter stands. */
export interface CounterState {
  readonly counter: string;
  readonly limit: Amount;
  readonly used: Amount;
  /** `limit - used`, at least 0. */
  readonly remaining: Amount;
  /** Until everything counted now counts no more, ms: 0 when nothing is counted, and for slots, which nobody can foretell. */
  readonly resetMs: number;
}

/** The first claim that did not fit. */
export interface Refusal extends CounterState {
  /** Its place among the claims. */
  readonly index: number;
  /**
   * When the same claim would fit if nobody else took anything, ms; for slots, where that is unknown, `SLOT_RETRY_MS`.
   * `null`: never, the amount is above the limit.
   */
  readonly retryAfterMs: number | null;
}

/** What was taken, until it is settled. Opaque: hand it back to the store that gave it. */
export interface Hold {
  readonly id: string;
  readonly claims: readonly Claim[];
}

/** How counters stood at one moment, one a claim in their order. */
export interface Standing {
  readonly used: readonly Amount[];
  /** See `CounterState`. */
  resetMs(index: number): number;
}

/** Stands for the moment right after the take: its claims are counted. */
export interface Taken extends Standing {
  readonly ok: true;
  readonly hold: Hold;
  /** The standing in full. */
  readonly states: readonly CounterState[];
  /** The shared counters were out of reach: decided by a local one at a fair share of the limits. */
  readonly degraded: boolean;
}

/** Stands for the moment of the refusal. */
export interface Refused extends Standing {
  readonly ok: false;
  readonly unavailable: false;
  readonly refused: Refusal;
  readonly states: readonly CounterState[];
  readonly degraded: boolean;
}

/** The counters are out of reach and a claim says that this closes the door. */
export interface Unavailable {
  readonly ok: false;
  readonly unavailable: true;
  /** The first claim that is `closed`. */
  readonly index: number;
  readonly counter: string;
  readonly retryAfterMs: number;
}

export type TakeResult = Taken | Refused | Unavailable;

export interface TakeOptions {
  /** Names the hold; unique among all takes of all processes, for instance the id of the exchange. */
  readonly holdId: string;
  /** How long the hold lives without `adjust` or `renew`, ms. Afterwards each claim goes by its `onExpiry`. */
  readonly ttlMs: number;
  /** How much of each claim, in their order, instead of the claims' own amounts. Must not change afterwards. */
  readonly amounts?: readonly Amount[];
}

/**
 * What really was used, one a claim in their order; `null`: as stated last (by `adjust`, else by the claim). An amount that
 * is not whole or is negative counts as `null`. Slots ignore it.
 */
export type Actual = readonly (Amount | null)[];

/**
 * What was spent in a calendar bucket according to the ledger. May reject: the ledger is out of reach. `lost`: all shared counters
 * of the organisation may have been lost; what the source waits for until it answers (`renew` of calls under way, by all
 * processes) counts from the beginning.
 */
export type SpendSource = (counter: string, bucket: string, lost: boolean) => Promise<Amount>;

/** What there is to see of a store, for metrics and readiness. */
export interface CounterStoreStats {
  readonly home: 'in-process' | 'redis';
  /** Whether the shared counters answer. */
  readonly available: boolean;
  /** Live processes that share the counters. */
  readonly replicas: number;
  /** Takes decided locally because the shared counters were out of reach. */
  readonly degradedTakes: number;
  /** Corrections that wait to be sent. */
  readonly pendingCorrections: number;
  /** Corrections given up because too many waited. Each leaves its hold to its expiry. */
  readonly lostCorrections: number;
}

export function stateOf({ counter, limit }: CounterQuery, used: Amount, resetMs: number): CounterState {
  return { counter, limit, used, remaining: minusToZero(limit, used), resetMs };
}

export function statesOf(queries: readonly CounterQuery[], standing: Standing): CounterState[] {
  return queries.map((query, i) => stateOf(query, standing.used[i] as Amount, standing.resetMs(i)));
}

/** What a take answers when it is granted; `used` and `resets` as they are right after it. */
export class Grant implements Taken {
  readonly ok = true;
  readonly used: readonly Amount[];
  private readonly resets: readonly number[];

  constructor(
    readonly hold: Hold,
    standing: { used: readonly Amount[]; resets: readonly number[] },
    readonly degraded: boolean,
  ) {
    this.used = standing.used;
    this.resets = standing.resets;
  }

  get states(): readonly CounterState[] {
    return statesOf(this.hold.claims, this);
  }

  resetMs(index: number): number {
    return this.resets[index] as number;
  }
}

/** What a take answers when a claim does not fit; `used` and `resets` as they are at that moment. */
export function refusedTake(
  claims: readonly CounterQuery[],
  { used, resets }: { used: readonly Amount[]; resets: readonly number[] },
  { index, retryAfterMs }: Pick<Refusal, 'index' | 'retryAfterMs'>,
): Refused {
  const resetMs = (at: number): number => resets[at] as number;
  const states = statesOf(claims, { used, resetMs });
  const refused = { ...(states[index] as CounterState), index, retryAfterMs };
  return { ok: false, unavailable: false, refused, states, used, resetMs, degraded: false };
}

/** Told to a caller refused for want of a slot: nobody knows when one becomes free. */
export const SLOT_RETRY_MS = 1_000;
/** Told to a caller refused because the counters are out of reach. */
export const UNAVAILABLE_RETRY_MS = 1_000;
/** How long a calendar counter stays after its bucket's end, so that calls begun before can still be settled. */
export const CALENDAR_GRACE_MS = 3_600_000;

/**
 * The atomic counters: a limit that holds when 500 calls arrive together, a budget that is never overspent. Two homes, Redis
 * and the process itself, pass one contract test.
 *
 * Amounts only exceed a limit when a call used more than it had claimed (`adjust`, `settle`): what was spent is counted.
 */
export abstract class CounterStore {
  /**
   * Grants every claim or none, in one atomic step. Never throws for an outage and never hangs. Synchronous in process,
   * except when a calendar counter must first be read from the ledger. The list of claims must not change afterwards: what a
   * store works out for it is remembered, so the same list with other `amounts` costs a fraction of a new one.
   * @throws TypeError for claims that are mistakes in the program: two organisations, a counter twice, a negative amount.
   */
  abstract take(claims: readonly Claim[], options: TakeOptions): TakeResult | Promise<TakeResult>;

  /**
   * States what was used so far, cumulative, while a call goes on, and renews the hold and its slots. Cheap: may be called for
   * every chunk. A sliding counter counts what is more than before at this moment, a calendar one in the bucket of the take.
   */
  abstract adjust(hold: Hold, soFar: Actual): void;

  /** Keeps the hold and its slots for another `ttlMs` and `leaseMs`. A slot whose lease already ran out stays lost. */
  abstract renew(hold: Hold): void;

  /**
   * Corrects every counter by what was really used and frees the slots. Returns at once; what must travel is sent with
   * everything else of the same moment. Settling twice is settling once; after the expiry it still corrects.
   */
  abstract settle(hold: Hold, actual: Actual): void;

  /** Gives everything back, as if nothing had been taken. */
  release(hold: Hold): void {
    this.settle(
      hold,
      hold.claims.map(() => 0),
    );
  }

  /** How counters of one organisation stand, in their order; `null` when they are out of reach. */
  abstract read(
    queries: readonly CounterQuery[],
  ): readonly CounterState[] | null | Promise<readonly CounterState[] | null>;

  /** Sets a calendar counter, unless it exists already. */
  abstract seed(counter: string, window: CalendarWindow, value: Amount): void | Promise<void>;

  /**
   * Lifts a calendar counter to what the ledger says was spent, unless it counts more already or is missing. A counter holds
   * what was spent and what is reserved, so it is below the ledger only when counts were lost.
   */
  abstract raise(counter: string, window: CalendarWindow, spent: Amount): void | Promise<void>;

  /**
   * Ends a hold whose process died: calendar counters keep `spent`, what the ledger says that the call cost; everything else goes
   * as if the hold had run out. `false`: there is no such hold, or it is settled. Rejects while the counters are out of reach.
   */
  abstract settleAbandoned(org: string, holdId: string, spent: Amount): Promise<boolean>;

  /**
   * Moves a calendar counter that is there by a correction of what was spent, never below zero. Shared counters take a correction
   * of the same `once` a single time within a day, whichever process brings it.
   */
  abstract shift(counter: string, window: CalendarWindow, by: bigint, once: string): void | Promise<void>;

  /** From now on a calendar counter that is missing (restart, flushed Redis, new day) begins at what this source says, not at 0. */
  abstract hydrateWith(source: SpendSource): void;

  abstract stats(): CounterStoreStats;

  /** Resolves when every correction made so far has arrived, or was given up. */
  abstract flush(): Promise<void>;
}

import type { Amount } from './amount.js';
import { commonPrefix, leaseOf, subBuckets, type Claim, type CounterQuery } from './claim.js';

/** One claim as the script knows it. */
interface Line {
  readonly index: number;
  readonly kind: number;
  /** What follows the prefix up to the name's last part, with its colon before it. */
  readonly shelf: string;
  readonly field: string;
  readonly numbers: readonly number[];
  /** How long the counter must be kept after it was touched, and until when at least, epoch ms. */
  readonly livesMs: number;
  readonly livesTillMs: number;
}

/** How much of a calendar counter this process saw used last. */
export interface LastUsed {
  used: Amount | null;
}

/** As the script numbers them. */
export const KINDS = { sliding: 1, slots: 2, calendar: 3 } as const;
/** What the end of a hold's life gives back: nothing, all at once, or all later. */
const GIVES = { charge: 0, release: 1, linger: 2 } as const;
/** Counters are kept so much longer than they count. */
const MARGIN_MS = 60_000;
const DAY_MS = 86_400_000;
export const NANO = 1e9;
const BIG_NANO = 1_000_000_000n;

/**
 * The description of a list of claims for the counter script, made once for all calls it holds for. On the wire claims stand
 * shelf by shelf: a shelf is what is named alike up to the last colon, and is read and written in one go.
 */
export class WireSheet {
  /** `og:{<org>}`. */
  readonly prefix: string;
  /** The description, MessagePack. */
  readonly bytes: Buffer;
  /** Which of the claims stands at each place on the wire. */
  readonly order: readonly number[];
  /** What kind of window that has. */
  readonly kinds: readonly number[];
  /** How many numbers the amounts of all claims are. */
  readonly numbers: number;
  /** The batch this sheet was put into last, and its place there. */
  batch: unknown = null;
  place = 0;

  /** @throws TypeError for claims that are mistakes in the program */
  constructor(
    readonly claims: readonly Claim[],
    readonly lastUsed: readonly (LastUsed | null)[] = [],
  ) {
    this.prefix = commonPrefix(claims);
    const lines = shelfByShelf(claims.map((claim, index) => lineOf(claim, index, this.prefix)));
    this.order = lines.map(({ index }) => index);
    this.kinds = lines.map(({ kind }) => kind);
    const count = (wanted: number): number => this.kinds.filter((kind) => kind === wanted).length;
    this.numbers = count(KINDS.sliding) + 2 * count(KINDS.calendar);
    const portions = 2 + 5 * count(KINDS.sliding) + 2 * count(KINDS.calendar);
    const released = claims.filter(({ onExpiry }) => onExpiry === 'release').map(({ window }) => window);
    const window = Math.max(0, ...released.map((one) => (one.kind === 'sliding' ? one.ms : 0)));
    const lingers = claims.some(({ onExpiry }) => onExpiry === 'linger') ? 2 : 0;
    const releases = (released.some(({ kind }) => kind === 'calendar') ? 1 : 0) + lingers;
    const head = [this.numbers, portions, leaseOf(claims), releases, window];
    this.bytes = packed(this.prefix, head, lines);
  }
}

/** Counters that are only asked about. */
export function querySheet(queries: readonly CounterQuery[]): WireSheet {
  return new WireSheet(queries.map((query) => ({ ...query, amount: 0, onExpiry: 'charge', onUnavailable: 'closed' })));
}

function lineOf({ counter, limit, window, onExpiry }: Claim, index: number, prefix: string): Line {
  const last = counter.lastIndexOf(':');
  const [dollars, nanos] = dollarsAndNanos(limit);
  const release = GIVES[onExpiry];
  const kind = KINDS[window.kind];
  const line = { index, kind, shelf: counter.slice(prefix.length, last), livesMs: 0, livesTillMs: 0 };
  const name = counter.slice(last + 1);
  switch (window.kind) {
    case 'sliding': {
      const { widthMs, count } = subBuckets(window.ms);
      const numbers = [kind, widthMs, count, Number(limit), 0, release];
      return { ...line, field: `${name}|s${window.ms}`, numbers, livesMs: (count + 1) * widthMs + MARGIN_MS };
    }
    case 'slots': {
      const numbers = [kind, window.leaseMs, 0, Number(limit), 0, 0];
      return { ...line, field: `${name}|l`, numbers, livesMs: window.leaseMs + MARGIN_MS };
    }
    case 'calendar': {
      const numbers = [kind, window.expiresAtMs, 0, dollars, nanos, release];
      return { ...line, field: `${name}|c${window.bucket}`, numbers, livesTillMs: window.expiresAtMs + DAY_MS };
    }
  }
}

function shelfByShelf(lines: readonly Line[]): readonly Line[] {
  const shelves = new Map<string, Line[]>();
  for (const line of lines) shelves.set(line.shelf, [...(shelves.get(line.shelf) ?? []), line]);
  return [...shelves.values()].flat();
}

/** MessagePack: prefix, all numbers as doubles, number of shelves, and of each its name, how many fields, and these. */
function packed(prefix: string, head: readonly number[], lines: readonly Line[]): Buffer {
  const texts: (string | number)[] = [];
  const lives: number[] = [];
  const names = [...new Set(lines.map(({ shelf }) => shelf))];
  for (const name of names) {
    const own = lines.filter(({ shelf }) => shelf === name);
    lives.push(Math.max(...own.map(({ livesMs }) => livesMs)), Math.max(...own.map(({ livesTillMs }) => livesTillMs)));
    texts.push(name, own.length, ...own.map(({ field }) => field));
  }
  const numbers = [...head, ...lives, ...lines.flatMap((line) => line.numbers)];
  return messagePack([prefix, doubles(numbers), names.length, ...texts]);
}

function doubles(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 * numbers.length);
  for (const [i, number] of numbers.entries()) bytes.writeDoubleLE(number, 8 * i);
  return bytes;
}

/** Exact for every amount: a number of Lua is not beyond 2^53. */
export function dollarsAndNanos(amount: Amount): [dollars: number, nanos: number] {
  if (typeof amount === 'number') {
    const dollars = Math.floor(amount / NANO);
    return [dollars, amount - dollars * NANO];
  }
  return [Number(amount / BIG_NANO), Number(amount % BIG_NANO)];
}

/** The opposite of `dollarsAndNanos`. */
export function amountOf(dollars: number, nanos: number): Amount {
  const amount = dollars * NANO + nanos;
  return Number.isSafeInteger(amount) ? amount : BigInt(dollars) * BIG_NANO + BigInt(nanos);
}

/** An array of texts, bytes and numbers from 0 to 127. */
function messagePack(values: readonly (string | Buffer | number)[]): Buffer {
  const parts = [Buffer.of(0xdc), uint16(values.length)];
  for (const value of values) {
    if (typeof value === 'number') {
      parts.push(Buffer.of(value));
      continue;
    }
    const bytes = Buffer.from(value);
    parts.push(Buffer.of(0xda), uint16(bytes.length), bytes);
  }
  return Buffer.concat(parts);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

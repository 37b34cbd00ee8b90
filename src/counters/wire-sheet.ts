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
}

/** How much of a calendar counter this process saw used last. */
export interface LastUsed {
  used: Amount | null;
}

/** As the script numbers them. */
export const KINDS = { sliding: 1, slots: 2, calendar: 3 } as const;
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
    const releases = released.some(({ kind }) => kind === 'calendar') ? 1 : 0;
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
  const release = onExpiry === 'release' ? 1 : 0;
  const kind = KINDS[window.kind];
  const line = { index, kind, shelf: counter.slice(prefix.length, last) };
  const name = counter.slice(last + 1);
  switch (window.kind) {
    case 'sliding': {
      const { widthMs, count } = subBuckets(window.ms);
      const numbers = [kind, widthMs, count, Number(limit), 0, release];
      return { ...line, field: `${name}|s${window.ms}`, numbers };
    }
    case 'slots':
      return { ...line, field: `${name}|l`, numbers: [kind, window.leaseMs, 0, Number(limit), 0, 0] };
    case 'calendar': {
      const numbers = [kind, window.expiresAtMs, 0, dollars, nanos, release];
      return { ...line, field: `${name}|c${window.bucket}`, numbers };
    }
  }
}

function shelfByShelf(lines: readonly Line[]): readonly Line[] {
  const shelves = new Map<string, Line[]>();
  for (const line of lines) shelves.set(line.shelf, [...(shelves.get(line.shelf) ?? []), line]);
  return [...shelves.values()].flat();
}

function packed(prefix: string, head: readonly number[], lines: readonly Line[]): Buffer {
  const shelves: (string | number)[] = [];
  const names = [...new Set(lines.map(({ shelf }) => shelf))];
  for (const name of names) {
    const fields = lines.filter(({ shelf }) => shelf === name).map(({ field }) => field);
    shelves.push(name, fields.length, ...fields);
  }
  // Numbers begin, counted from 1, after prefix, number of shelves, this number, the head and the shelves.
  const numbersAt = 3 + head.length + shelves.length + 1;
  const numbers = lines.flatMap((line) => line.numbers);
  return messagePack([prefix, names.length, numbersAt, ...head, ...shelves, ...numbers]);
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

/** An array of texts and numbers. */
function messagePack(values: readonly (string | number)[]): Buffer {
  const head = Buffer.alloc(3);
  head.writeUInt8(0xdc);
  head.writeUInt16BE(values.length, 1);
  return Buffer.concat([
    head,
    ...values.map((value) => (typeof value === 'string' ? packText(value) : packNumber(value))),
  ]);
}

function packText(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(3);
  head.writeUInt8(0xda);
  head.writeUInt16BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function packNumber(value: number): Buffer {
  if (Number.isInteger(value) && value >= 0 && value < 128) return Buffer.of(value);
  const bytes = Buffer.alloc(9);
  bytes.writeUInt8(0xcb);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

import { createHash } from 'node:crypto';
import type { Amount } from './amount.js';
import { commonPrefix, leaseOf, subBuckets, type Claim, type CounterQuery } from './claim.js';
import { WORDS } from './script-words.js';

/** One claim as the script knows it. */
interface Line {
  readonly index: number;
  readonly kind: number;
  /** What follows the prefix up to the name's last part, with its colon before it. */
  readonly shelf: string;
  /** The counter's name on its shelf. */
  readonly name: string;
  /** Of a sliding window the width of its sub-buckets, ms; of a day or month its end, epoch seconds. */
  readonly span: number;
  /** Of a sliding window: how many sub-buckets. */
  readonly count: number;
  readonly limits: readonly number[];
  readonly gives: number;
  /** How long the counter must be kept after it was touched, and until when at least, epoch ms. */
  readonly livesMs: number;
  readonly livesTillMs: number;
}

/** What a description says of all claims together. */
interface Head {
  /** Whether the end of a hold's life gives back days or months (1), and whether something lingers (2). */
  readonly gives: number;
  /** How many numbers the amounts are. */
  readonly amounts: number;
  /** The lease, the longest sliding window that is given back, and how many numbers a full record has. */
  readonly numbers: readonly number[];
}

/** How much of a calendar counter this process saw used last. */
export interface LastUsed {
  used: Amount | null;
}

/** As the script numbers them. */
export const KINDS = { sliding: WORDS.SLIDING, slots: WORDS.SLOTS, calendar: WORDS.CALENDAR } as const;
/** How many numbers a counter of each kind has on its shelf. */
const SIZES: Readonly<Record<number, number>> = { [KINDS.sliding]: 4, [KINDS.slots]: 1, [KINDS.calendar]: 2 };
/** What the end of a hold's life gives back: nothing, all at once, or all later. */
const GIVES = { charge: 0, release: 1, linger: 2 } as const;
/** Counters are kept so much longer than they count. */
const MARGIN_MS = 60_000;
const DAY_MS = 86_400_000;
export const NANO = 1e9;
const BIG_NANO = 1_000_000_000n;

/**
 * The description of a list of claims for the counter script, made once for all calls it holds for. On the wire claims stand
 * shelf by shelf: a shelf is what is named alike up to the last colon or slash, and is read and written in one go.
 */
export class WireSheet {
  /** `og:{<org>}`. */
  readonly prefix: string;
  /** The description. */
  readonly bytes: Buffer;
  /** Which of the claims stands at each place on the wire. */
  readonly order: readonly number[];
  /** What kind of window that has. */
  readonly kinds: readonly number[];
  /** How many numbers the amounts of all claims are. */
  readonly numbers: number;
  /**
   * The number of the batch this sheet was put into last, and its place there. Not the batch itself: a sheet lives long, and all that
   * it holds on to grows old with it.
   */
  batch = 0;
  place = 0;

  /** @throws TypeError for claims that are mistakes in the program */
  constructor(
    readonly claims: readonly Claim[],
    readonly lastUsed: readonly (LastUsed | null)[] = [],
  ) {
    this.prefix = commonPrefix(claims);
    const shelves = shelfByShelf(claims.map((claim, index) => lineOf(claim, index, this.prefix)));
    const lines = shelves.flat();
    this.order = lines.map(({ index }) => index);
    this.kinds = lines.map(({ kind }) => kind);
    const count = (wanted: number): number => this.kinds.filter((kind) => kind === wanted).length;
    this.numbers = count(KINDS.sliding) + 2 * count(KINDS.calendar);
    const full = 2 + 5 * count(KINDS.sliding) + 2 * count(KINDS.calendar);
    const released = claims.filter(({ onExpiry }) => onExpiry === 'release').map(({ window }) => window);
    const window = Math.max(0, ...released.map((one) => (one.kind === 'sliding' ? one.ms : 0)));
    const lingers = claims.some(({ onExpiry }) => onExpiry === 'linger') ? 2 : 0;
    const gives = (released.some(({ kind }) => kind === 'calendar') ? 1 : 0) + lingers;
    const head = { gives, amounts: this.numbers, numbers: [leaseOf(claims), window, full] };
    this.bytes = packed(this.prefix, head, shelves);
  }
}

/** Counters that are only asked about. */
export function querySheet(queries: readonly CounterQuery[]): WireSheet {
  return new WireSheet(queries.map((query) => ({ ...query, amount: 0, onExpiry: 'charge', onUnavailable: 'closed' })));
}

function lineOf({ counter, limit, window, onExpiry }: Claim, index: number, prefix: string): Line {
  // What belongs to a model within a thing, `…:model/<id>/requests`, has a shelf of its own: most calls need one model's only.
  const last = Math.max(counter.lastIndexOf(':'), counter.lastIndexOf('/'));
  const line = { index, kind: KINDS[window.kind], shelf: counter.slice(prefix.length, last), gives: GIVES[onExpiry] };
  const name = counter.slice(last + 1);
  switch (window.kind) {
    case 'sliding': {
      const { widthMs: span, count } = subBuckets(window.ms);
      const lives = { livesMs: (count + 1) * span + MARGIN_MS, livesTillMs: 0 };
      return { ...line, ...lives, name: `${name}|s${window.ms}`, span, count, limits: [Number(limit)] };
    }
    case 'slots': {
      const lives = { livesMs: window.leaseMs + MARGIN_MS, livesTillMs: 0 };
      return { ...line, ...lives, name: `${name}|l`, span: 0, count: 0, limits: [Number(limit)] };
    }
    case 'calendar': {
      const lives = { livesMs: 0, livesTillMs: window.expiresAtMs + DAY_MS };
      const span = Math.ceil(window.expiresAtMs / 1000);
      return { ...line, ...lives, name: `${name}|c${window.bucket}`, span, count: 0, limits: dollarsAndNanos(limit) };
    }
  }
}

function shelfByShelf(lines: readonly Line[]): readonly (readonly Line[])[] {
  const shelves = new Map<string, Line[]>();
  for (const line of lines) shelves.set(line.shelf, [...(shelves.get(line.shelf) ?? []), line]);
  return [...shelves.values()];
}

/**
 * In bytes how many claims, shelves, what is given back, how many kinds of spans, how many numbers amounts and limits are, and what
 * there is to say of each claim; doubles (see `script-words.ts`); the prefix, what the sheet is called, and of each shelf its key;
 * the limits; and for when a shelf does not begin with it, of each the layout.
 */
function packed(prefix: string, { gives, amounts, numbers }: Head, shelves: readonly (readonly Line[])[]): Buffer {
  const lines = shelves.flat();
  const spans = [...new Set(lines.map(spanOf))].filter((span) => span !== NO_SPAN);
  const claims = shelves.flatMap((own, i) => claimBytes(own, i + 1, spans));
  const layouts = shelves.map(layoutOf);
  const lives = shelves.flatMap((own, i) => [
    Math.max(...own.map(({ livesMs }) => livesMs)),
    Math.max(...own.map(({ livesTillMs }) => livesTillMs)),
    signOf(layouts[i] as Buffer),
  ]);
  const limits = lines.flatMap((line) => line.limits);
  const keys = shelves.map((own) => Buffer.from(prefix + (own[0] as Line).shelf));
  const head = Buffer.of(lines.length, shelves.length, gives, spans.length, amounts, limits.length, ...claims);
  const rest = [
    doubles([...numbers, ...spans.flatMap((span) => span.split(' ').map(Number)), ...lives]),
    doubles(limits),
    texts(layouts),
  ] as const;
  const name = Buffer.from(
    digestOf(Buffer.concat([head, ...rest, texts(keys)])).toString('base64url', 0, SHEET_NAME_BYTES),
  );
  return Buffer.concat([head, rest[0], texts([Buffer.from(prefix), name, ...keys]), rest[1], rest[2]]);
}

/** Enough that no two sheets of an organisation are ever called alike. */
const SHEET_NAME_BYTES = 15;

function digestOf(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** What stands for a layout; that two layouts of one shelf have the same is as likely as 1 in 10^15. */
function signOf(layout: Buffer): number {
  return Number(digestOf(layout).readBigUInt64LE() >> 11n);
}

const NO_SPAN = '';

function spanOf({ kind, span, count }: Line): string {
  if (kind === KINDS.slots) return NO_SPAN;
  return kind === KINDS.sliding ? `${span} ${count} 0` : `${1000 * span} 0 0`;
}

function claimBytes(lines: readonly Line[], shelf: number, spans: readonly string[]): number[] {
  let place = WORDS.FIRST_PLACE;
  return lines.flatMap((line) => {
    const at = place;
    place += SIZES[line.kind] as number;
    const span = spanOf(line) === NO_SPAN ? 0 : WORDS.FIRST_SPAN + WORDS.PER_SPAN * spans.indexOf(spanOf(line));
    return [line.kind, at, span, line.gives, shelf];
  });
}

/** Which counters stand on a shelf, in their order: of each its kind, span, and name. */
function layoutOf(lines: readonly Line[]): Buffer {
  const entries = lines.flatMap(({ kind, span, name }) => {
    const head = Buffer.alloc(6);
    const bytes = Buffer.from(name);
    head.writeUInt8(kind);
    head.writeUInt32LE(span, 1);
    head.writeUInt8(bytes.length, 5);
    return [head, bytes];
  });
  return Buffer.concat(entries);
}

function texts(all: readonly Buffer[]): Buffer {
  return Buffer.concat(all.flatMap((text) => [uint16(text.length), text]));
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

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

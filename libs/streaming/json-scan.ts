import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  DEPTH_CEILING,
  INCOMPLETE,
  MALFORMED,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipColon,
  skipSpace,
  skipString,
  skipValue,
  TOO_DEEP,
} from './json-walk.js';

/** How a scan ended. `incomplete`: every byte so far was right, but the object did not end. */
export type ScanStatus = 'ok' | 'incomplete' | 'malformed' | 'too_deep';

/** Objects and arrays that may be open at once unless a scan is told otherwise, the scanned object included. */
export const DEFAULT_MAX_DEPTH = 256;

const PROTO = '__proto__';

/** Reads a value instead of skipping it: checks its syntax just as strictly, and notes what it is interested in. */
export interface ValueReader {
  /**
   * @param at first byte of the value
   * @param maxDepth objects and arrays that may be open at once within the value
   * @returns the position behind the value, or a negative code of `json-walk`
   */
  readValue(bytes: Buffer, at: number, end: number, maxDepth: number): number;
}

/**
 * Finds where chosen members of ONE JSON object stand, without parsing their values and without allocating.
 *
 * The result lives in the scan itself until its next run, so a scan belongs to synchronous code: run, read, forget.
 * Keys written with escapes (`"\u006dodel"`) are recognised: a hidden duplicate would reach the upstream unseen.
 * Syntax is checked for the whole object, nested values included; what stands inside strings is not.
 */
export class ObjectScan<Name extends string = string> implements ValueReader {
  /** The slot of the first chosen member that stood twice, or -1. The first occurrence keeps the slot. */
  duplicate = -1;
  /** Whether a member is called `__proto__`. */
  proto = false;
  /** Position of the opening brace. */
  objectStart = 0;
  /** Position behind the closing brace. */
  objectEnd = 0;

  readonly #names: readonly Name[];
  readonly #patterns: readonly Uint8Array[];
  /** Slots by the byte length of their name. */
  readonly #byLength: readonly (readonly number[])[];
  readonly #shortest: number;
  readonly #longest: number;
  readonly #maxDepth: number;
  /** Three positions a slot: opening quote of the key, first byte of the value, behind its last; all 0 when absent. */
  readonly #spans: Int32Array;
  /** By slot; `null` skips the value. */
  readonly #readers: (ValueReader | null)[];

  /** @param maxDepth at most 1024 */
  constructor(names: readonly Name[], maxDepth: number = DEFAULT_MAX_DEPTH) {
    if (maxDepth > DEPTH_CEILING) throw new RangeError(`maxDepth must not exceed ${String(DEPTH_CEILING)}`);
    this.#names = names;
    this.#patterns = names.map((name) => Uint8Array.from(Buffer.from(name)));
    this.#shortest = Math.min(PROTO.length, ...this.#patterns.map((pattern) => pattern.length));
    this.#longest = Math.max(PROTO.length, ...this.#patterns.map((pattern) => pattern.length));
    this.#byLength = Array.from({ length: this.#longest + 1 }, (_, length) =>
      names.map((_name, slot) => slot).filter((slot) => this.#patterns[slot]!.length === length),
    );
    this.#maxDepth = maxDepth;
    this.#spans = new Int32Array(names.length * 3);
    this.#readers = names.map(() => null);
  }

  /** Has the values of one member read in passing, so that their bytes are walked over once only. */
  nest(name: Name, reader: ValueReader): this {
    this.#readers[this.slot(name)] = reader;
    return this;
  }

  /** The slot of a name given at construction. */
  slot(name: Name): number {
    return this.#names.indexOf(name);
  }

  name(slot: number): Name {
    return this.#names[slot]!;
  }

  has(slot: number): boolean {
    return this.#spans[slot * 3 + 2] !== 0;
  }

  /** Position of the opening quote of the key. */
  keyStart(slot: number): number {
    return this.#spans[slot * 3]!;
  }

  valueStart(slot: number): number {
    return this.#spans[slot * 3 + 1]!;
  }

  /** Position behind the last byte of the value. */
  valueEnd(slot: number): number {
    return this.#spans[slot * 3 + 2]!;
  }

  /** A copy of all spans for keeping beyond the next run: `[keyStart, valueStart, valueEnd]` a slot. */
  copySpans(): Int32Array {
    return this.#spans.slice();
  }

  /** Scans bytes that hold one object and nothing but whitespace around it. */
  run(bytes: Buffer, start = 0, end: number = bytes.length): ScanStatus {
    const status = this.runAt(bytes, skipSpace(bytes, start, end), end);
    if (status === 'ok' && skipSpace(bytes, this.objectEnd, end) < end) return 'malformed';
    return status;
  }

  /** Scans the object whose opening brace stands at `start`; what follows it is left alone. */
  runAt(bytes: Buffer, start: number, end: number): ScanStatus {
    this.clear();
    const result = this.#members(bytes, start, end, this.#maxDepth);
    if (result >= 0) return 'ok';
    return result === INCOMPLETE ? 'incomplete' : result === TOO_DEEP ? 'too_deep' : 'malformed';
  }

  /** As a nested reader: an object is scanned, anything else skipped and nothing found in it. */
  readValue(bytes: Buffer, at: number, end: number, maxDepth: number): number {
    this.clear();
    if (at < end && bytes[at] === OPEN_BRACE) return this.#members(bytes, at, end, maxDepth);
    return skipValue(bytes, at, end, maxDepth);
  }

  /** Forgets what was found. */
  clear(): void {
    this.duplicate = -1;
    this.proto = false;
    const spans = this.#spans;
    for (let index = 2; index < spans.length; index += 3) spans[index] = 0;
  }

  // eslint-disable-next-line complexity -- one loop over the members: a call per token would double its cost
  #members(bytes: Buffer, start: number, end: number, maxDepth: number): number {
    if (start >= end) return INCOMPLETE;
    if (bytes[start] !== OPEN_BRACE) return MALFORMED;
    if (maxDepth < 1) return TOO_DEEP;
    this.objectStart = start;
    let position = skipSpace(bytes, start + 1, end);
    if (position < end && bytes[position] === CLOSE_BRACE) return (this.objectEnd = position + 1);
    for (;;) {
      if (position >= end) return INCOMPLETE;
      if (bytes[position] !== QUOTE) return MALFORMED;
      const keyStart = position;
      const keyEnd = skipString(bytes, keyStart + 1, end);
      if (keyEnd < 0) return keyEnd;
      const valueStart = skipColon(bytes, keyEnd, end);
      if (valueStart < 0) return valueStart;
      const slot = this.#slotOf(bytes, keyStart + 1, keyEnd - 1);
      const reader = slot < 0 ? null : this.#readers[slot]!;
      const valueEnd =
        reader === null
          ? skipValue(bytes, valueStart, end, maxDepth - 1)
          : reader.readValue(bytes, valueStart, end, maxDepth - 1);
      if (valueEnd < 0) return valueEnd;
      if (slot >= 0) this.#note(slot, keyStart, valueStart, valueEnd);
      position = skipSpace(bytes, valueEnd, end);
      if (position >= end) return INCOMPLETE;
      const byte = bytes[position];
      if (byte === CLOSE_BRACE) return (this.objectEnd = position + 1);
      if (byte !== COMMA) return MALFORMED;
      position = skipSpace(bytes, position + 1, end);
    }
  }

  #note(slot: number, keyStart: number, valueStart: number, valueEnd: number): void {
    const spans = this.#spans;
    const index = slot * 3;
    if (spans[index + 2] !== 0) {
      if (this.duplicate < 0) this.duplicate = slot;
      return;
    }
    spans[index] = keyStart;
    spans[index + 1] = valueStart;
    spans[index + 2] = valueEnd;
  }

  /** The slot of the key between `start` and `end`, or -1. */
  #slotOf(bytes: Buffer, start: number, end: number): number {
    const length = end - start;
    if (length <= this.#longest) {
      const slots = this.#byLength[length]!;
      for (let index = 0; index < slots.length; index++) {
        if (equal(bytes, start, this.#patterns[slots[index]!]!)) return slots[index]!;
      }
      if (length === PROTO.length && bytes[start] === 0x5f && bytes.toString('latin1', start, end) === PROTO) {
        this.proto = true;
        return -1;
      }
    }
    // Letters can only be hidden as \uXXXX, which takes five bytes more than the plain one.
    for (let position = start; length >= this.#shortest + 5 && position < end; position++) {
      if (bytes[position] === BACKSLASH) return this.#slotOfEscaped(bytes, start, end);
    }
    return -1;
  }

  #slotOfEscaped(bytes: Buffer, start: number, end: number): number {
    // A key whose shortest possible spelling is longer than every name need not be decoded.
    if (end - start > this.#longest * 6) return -1;
    let key: unknown;
    try {
      key = JSON.parse(bytes.toString('utf8', start - 1, end + 1));
    } catch {
      return -1;
    }
    if (key === PROTO) this.proto = true;
    return this.#names.indexOf(key as Name);
  }
}

function equal(bytes: Buffer, at: number, pattern: Uint8Array): boolean {
  for (let index = 0; index < pattern.length; index++) {
    if (bytes[at + index] !== pattern[index]) return false;
  }
  return true;
}

/** Reads an array whose elements are objects, telling a visitor of each as soon as it has been scanned. */
export class ObjectListScan implements ValueReader {
  /** Told of each element; what `element` found is to be read before returning. */
  visitor: { visit(bytes: Buffer): void } | null = null;
  /** Elements of the array read last, of whatever type; 0 where the value was no array. */
  count = 0;

  readonly #element: ObjectScan;

  constructor(element: ObjectScan) {
    this.#element = element;
  }

  // eslint-disable-next-line complexity -- one loop over the elements, as above
  readValue(bytes: Buffer, at: number, end: number, maxDepth: number): number {
    this.count = 0;
    if (at >= end || bytes[at] !== OPEN_BRACKET) return skipValue(bytes, at, end, maxDepth);
    if (maxDepth < 1) return TOO_DEEP;
    let position = skipSpace(bytes, at + 1, end);
    if (position < end && bytes[position] === CLOSE_BRACKET) return position + 1;
    for (;;) {
      const isObject = position < end && bytes[position] === OPEN_BRACE;
      position = this.#element.readValue(bytes, position, end, maxDepth - 1);
      if (position < 0) return position;
      this.count++;
      if (isObject) this.visitor?.visit(bytes);
      position = skipSpace(bytes, position, end);
      if (position >= end) return INCOMPLETE;
      if (bytes[position] === CLOSE_BRACKET) return position + 1;
      if (bytes[position] !== COMMA) return MALFORMED;
      position = skipSpace(bytes, position + 1, end);
    }
  }
}

// Imported, not global: the global is a getter, which shows on the hot path.
import { Buffer } from 'node:buffer';
import { COMMA, skipSpace } from './json-walk.js';

/** Below this many bytes a loop is cheaper than a native copy. */
const SMALL_COPY_BYTES = 24;

/**
 * Cuts and replacements to be made in a run of bytes, written down in ascending order and made all at once. Reusable:
 * `clear` forgets them without giving up memory.
 */
export class ByteEdits {
  #count = 0;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #replacements: (Buffer | null)[] = [];

  get count(): number {
    return this.#count;
  }

  clear(): void {
    this.#count = 0;
  }

  /**
   * Replaces `[start, end)`; `null` cuts it out, `start === end` inserts. `start` must not lie before the end of the
   * edit added last.
   */
  add(start: number, end: number, replacement: Buffer | null): void {
    const index = this.#count++;
    this.#starts[index] = start;
    this.#ends[index] = end;
    this.#replacements[index] = replacement;
  }

  /** A new buffer with the bytes `[from, to)` as edited. Every edit must lie within them. */
  apply(bytes: Buffer, from: number, to: number): Buffer {
    let size = to - from;
    for (let index = 0; index < this.#count; index++) {
      size += (this.#replacements[index]?.length ?? 0) - (this.#ends[index]! - this.#starts[index]!);
    }
    const out = Buffer.allocUnsafe(size);
    let read = from;
    let written = 0;
    for (let index = 0; index < this.#count; index++) {
      written = copy(bytes, read, this.#starts[index]!, out, written);
      const replacement = this.#replacements[index];
      if (replacement) written = copy(replacement, 0, replacement.length, out, written);
      read = this.#ends[index]!;
    }
    copy(bytes, read, to, out, written);
    return out;
  }
}

// eslint-disable-next-line max-params -- a copy has a source range and a place to go; an object per copy would cost more
function copy(source: Buffer, start: number, end: number, out: Buffer, at: number): number {
  const length = end - start;
  if (length < SMALL_COPY_BYTES) {
    for (let index = 0; index < length; index++) out[at + index] = source[start + index]!;
  } else {
    source.copy(out, at, start, end);
  }
  return at + length;
}

/** Where a cut has to begin so that the member whose key stands at `keyStart` leaves no comma behind. */
export function cutStart(bytes: Buffer, keyStart: number, valueEnd: number, objectEnd: number): number {
  return isLast(bytes, valueEnd, objectEnd) ? commaBefore(bytes, keyStart) : keyStart;
}

/** Where the same cut has to end. */
export function cutEnd(bytes: Buffer, valueEnd: number, objectEnd: number): number {
  const next = skipSpace(bytes, valueEnd, objectEnd);
  return bytes[next] === COMMA ? skipSpace(bytes, next + 1, objectEnd) : valueEnd;
}

function isLast(bytes: Buffer, valueEnd: number, objectEnd: number): boolean {
  return bytes[skipSpace(bytes, valueEnd, objectEnd)] !== COMMA;
}

/** The position of the comma before a member, or `keyStart` when it is the first one. */
function commaBefore(bytes: Buffer, keyStart: number): number {
  let position = keyStart - 1;
  while (position > 0 && bytes[position]! <= 0x20) position--;
  return bytes[position] === COMMA ? position : keyStart;
}

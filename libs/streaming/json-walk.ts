/**
 * Walks over JSON text as bytes without building anything: each function takes the position where a token begins and
 * returns the position after it, or one of the negative codes below. The grammar of RFC 8259 is checked throughout,
 * except for what stands inside strings (escapes, control characters, UTF-8).
 */

/** The bytes ended inside the value. */
export const INCOMPLETE = -1;
/** The bytes are no JSON. */
export const MALFORMED = -2;
/** Objects and arrays are nested deeper than allowed. */
export const TOO_DEEP = -3;

/** The deepest nesting that can be asked for. */
export const DEPTH_CEILING = 1024;

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;

const SPACE = 0x20;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;

/** From this many bytes on a native search for the closing quote beats a loop (its call costs about 40 ns). */
const SHORT_STRING_BYTES = 48;

/** Closing brackets awaited, by depth. Shared by all walks: they are synchronous. */
const awaited = new Uint8Array(DEPTH_CEILING + 1);

const TRUE = Uint8Array.from(Buffer.from('true'));
const FALSE = Uint8Array.from(Buffer.from('false'));
const NULL = Uint8Array.from(Buffer.from('null'));

/** The position of the first byte at or after `at` that is no JSON whitespace; `end` when there is none. */
export function skipSpace(bytes: Buffer, at: number, end: number): number {
  let position = at;
  while (position < end && isSpace(bytes[position]!)) position++;
  return position;
}

function isSpace(byte: number): boolean {
  return byte <= SPACE && (byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09);
}

/** `at` stands behind the opening quote; the result stands behind the closing one. */
export function skipString(bytes: Buffer, at: number, end: number): number {
  let position = at;
  while (position < end) {
    const near = Math.min(end, position + SHORT_STRING_BYTES);
    while (position < near) {
      const byte = bytes[position]!;
      if (byte === QUOTE) return position + 1;
      position += byte === BACKSLASH ? 2 : 1;
    }
    if (position >= end) return INCOMPLETE;
    const quote = bytes.indexOf(QUOTE, position);
    if (quote < 0 || quote >= end) return INCOMPLETE;
    if (!isEscaped(bytes, quote, position)) return quote + 1;
    position = quote + 1;
  }
  return INCOMPLETE;
}

/** Whether an odd number of backslashes stands before `quote`; `from` is known to begin a character. */
function isEscaped(bytes: Buffer, quote: number, from: number): boolean {
  let position = quote - 1;
  while (position >= from && bytes[position] === BACKSLASH) position--;
  return ((quote - 1 - position) & 1) === 1;
}

/**
 * `at` stands on the first byte of a value; the result stands behind its last.
 * @param maxDepth how many objects and arrays may be open at once, at most `DEPTH_CEILING`
 */
// eslint-disable-next-line complexity -- one loop over the value: a call per token would double its cost
export function skipValue(bytes: Buffer, at: number, end: number, maxDepth: number): number {
  let depth = 0;
  let position = at;
  for (;;) {
    const byte = position < end ? bytes[position]! : 0;
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > maxDepth) return TOO_DEEP;
      const closing = byte + 2;
      awaited[depth] = closing;
      position = skipSpace(bytes, position + 1, end);
      if (position >= end || bytes[position] !== closing) {
        if (closing === CLOSE_BRACE) position = skipKey(bytes, position, end);
        if (position < 0) return position;
        continue;
      }
      position++;
      depth--;
    } else {
      position = byte === QUOTE ? skipString(bytes, position + 1, end) : skipScalar(bytes, position, end);
      if (position < 0) return position;
    }
    while (depth > 0) {
      position = skipSpace(bytes, position, end);
      if (position >= end) return INCOMPLETE;
      const closing = awaited[depth]!;
      if (bytes[position] !== closing) break;
      position++;
      depth--;
    }
    if (depth === 0) return position;
    position = nextMember(bytes, position, end, awaited[depth]!);
    if (position < 0) return position;
  }
}

/** From the comma behind one member to the first byte of the next one's value. */
function nextMember(bytes: Buffer, at: number, end: number, closing: number): number {
  if (bytes[at] !== COMMA) return MALFORMED;
  const position = skipSpace(bytes, at + 1, end);
  return closing === CLOSE_BRACE ? skipKey(bytes, position, end) : position;
}

/** From the opening quote of a key to the first byte of its value. */
function skipKey(bytes: Buffer, at: number, end: number): number {
  if (at >= end) return INCOMPLETE;
  if (bytes[at] !== QUOTE) return MALFORMED;
  const keyEnd = skipString(bytes, at + 1, end);
  return keyEnd < 0 ? keyEnd : skipColon(bytes, keyEnd, end);
}

/** From behind a key to the first byte of its value. */
export function skipColon(bytes: Buffer, at: number, end: number): number {
  const colon = skipSpace(bytes, at, end);
  if (colon >= end) return INCOMPLETE;
  if (bytes[colon] !== COLON) return MALFORMED;
  return skipSpace(bytes, colon + 1, end);
}

/** A number, `true`, `false` or `null`. */
function skipScalar(bytes: Buffer, at: number, end: number): number {
  if (at >= end) return INCOMPLETE;
  const byte = bytes[at]!;
  if (byte === MINUS || (byte >= ZERO && byte <= NINE)) return skipNumber(bytes, at, end);
  if (byte === 0x74) return skipWord(bytes, at, end, TRUE);
  if (byte === 0x66) return skipWord(bytes, at, end, FALSE);
  if (byte === 0x6e) return skipWord(bytes, at, end, NULL);
  return MALFORMED;
}

function skipWord(bytes: Buffer, at: number, end: number, word: Uint8Array): number {
  for (let index = 1; index < word.length; index++) {
    if (at + index >= end) return INCOMPLETE;
    if (bytes[at + index] !== word[index]) return MALFORMED;
  }
  return at + word.length;
}

function skipNumber(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at] === MINUS ? at + 1 : at;
  const whole = first < end && bytes[first] === ZERO ? first + 1 : skipDigits(bytes, first, end);
  if (whole < 0 || whole >= end) return whole;
  const fraction = bytes[whole] === DOT ? skipDigits(bytes, whole + 1, end) : whole;
  return fraction < 0 || fraction >= end ? fraction : skipExponent(bytes, fraction, end);
}

function skipExponent(bytes: Buffer, at: number, end: number): number {
  if ((bytes[at]! | 0x20) !== 0x65) return at;
  const sign = bytes[at + 1];
  return skipDigits(bytes, at + (sign === PLUS || sign === MINUS ? 2 : 1), end);
}

/** One digit or more. */
function skipDigits(bytes: Buffer, at: number, end: number): number {
  let position = at;
  while (position < end && bytes[position]! >= ZERO && bytes[position]! <= NINE) position++;
  if (position > at) return position;
  return position >= end ? INCOMPLETE : MALFORMED;
}

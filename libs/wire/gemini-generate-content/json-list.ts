const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const FIRST_CARRY_BYTES = 1024;

/**
 * Splits a JSON list of objects into its objects while it arrives: what `streamGenerateContent` sends without `alt=sse`.
 * Holds back one object, at most `maxBytes` of it.
 */
export class JsonListSplitter {
  /** An object was larger than the cap. Nothing more is taken. */
  tooLarge = false;
  /** The list was closed. */
  closed = false;

  readonly #maxBytes: number;
  readonly #onObject: (text: string) => void;
  #carry: Buffer = Buffer.alloc(0);
  #carried = 0;
  /** Open braces and brackets, the list's own left out. */
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(maxBytes: number, onObject: (text: string) => void) {
    this.#maxBytes = maxBytes;
    this.#onObject = onObject;
  }

  push(chunk: Buffer): void {
    let start = this.#depth > 0 ? 0 : -1;
    for (let at = 0; at < chunk.length && this.#goesOn(); at++) {
      const byte = chunk[at]!;
      if (this.#inString) this.#string(byte);
      else if (byte === QUOTE) this.#inString = true;
      else if (this.#opens(byte)) {
        if (this.#depth++ === 0) start = at;
      } else if (this.#closes(byte)) {
        this.#whole(chunk, start, at + 1);
        start = -1;
      }
    }
    if (start >= 0) this.#keep(chunk, start, chunk.length);
  }

  #goesOn(): boolean {
    return !this.tooLarge && !this.closed;
  }

  #opens(byte: number): boolean {
    return byte === OPEN_BRACE || (byte === OPEN_BRACKET && this.#depth > 0);
  }

  /** Whether the byte ends an object of the list. */
  #closes(byte: number): boolean {
    if (byte !== CLOSE_BRACE && byte !== CLOSE_BRACKET) return false;
    if (this.#depth > 0) return --this.#depth === 0;
    this.closed = true;
    return false;
  }

  #string(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inString = false;
  }

  #whole(chunk: Buffer, start: number, end: number): void {
    if (this.#carried === 0 && end - start <= this.#maxBytes) {
      this.#onObject(chunk.toString('utf8', start, end));
      return;
    }
    this.#keep(chunk, start, end);
    const length = this.#carried;
    this.#carried = 0;
    if (!this.tooLarge) this.#onObject(this.#carry.toString('utf8', 0, length));
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const size = this.#carried + end - start;
    if (size > this.#maxBytes) {
      this.tooLarge = true;
      return;
    }
    if (this.#carry.length < size) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_CARRY_BYTES, size * 2));
      this.#carry.copy(larger, 0, 0, this.#carried);
      this.#carry = larger;
    }
    chunk.copy(this.#carry, this.#carried, start, end);
    this.#carried = size;
  }
}

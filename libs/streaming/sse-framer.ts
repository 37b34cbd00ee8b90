import { isField, COLON, CR, DATA_FIELD, EVENT_FIELD, LF, valueStart } from './sse-field.js';

const FIRST_CARRY_BYTES = 1024;
const BOM = [0xef, 0xbb, 0xbf];

/** Takes whole events apart from the bytes of a `text/event-stream`. */
export type SseFrameHandler = (data: string, event: string | null) => void;

/**
 * Splits a `text/event-stream` into events while it arrives, for code that wants to read them (`SseRelay` is for code that
 * wants to pass them on).
 *
 * Lines end with LF, CRLF or CR. A byte order mark at the start, comments, `id:`, `retry:` and unknown fields are passed
 * over; `data:` may lack its space; several data lines are joined by LF; events without data are none. Characters are
 * decoded only when their line is whole, so a cut through one does no harm; bytes that are no UTF-8 become U+FFFD. What
 * comes out does not depend on how the bytes were cut. Bytes held back are bounded by `maxFrameBytes` and one chunk.
 */
export class SseFramer {
  /** An event, or a line, was larger than the cap. Nothing more is taken. */
  tooLarge = false;

  readonly #maxFrameBytes: number;
  readonly #onFrame: SseFrameHandler;
  #carry: Buffer = Buffer.alloc(0);
  #carried = 0;
  #bomSeen = 0;
  #atStart = true;
  #lfMayFollow = false;

  // Positions in the chunk at hand.
  #nextLf = -1;
  #nextCr = -1;

  // The event being read.
  #data = '';
  #hasData = false;
  #event: string | null = null;
  #frameBytes = 0;

  /** @param maxFrameBytes the most bytes of one event, its line ends left out */
  constructor(maxFrameBytes: number, onFrame: SseFrameHandler) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#onFrame = onFrame;
  }

  push(chunk: Buffer): void {
    let position = this.#atStart ? this.#passBom(chunk) : 0;
    if (this.#lfMayFollow && position < chunk.length) {
      this.#lfMayFollow = false;
      if (chunk[position] === LF) position++;
    }
    this.#nextLf = this.#nextCr = -1;
    while (position < chunk.length && !this.tooLarge) {
      const lineEnd = this.#lineEnd(chunk, position);
      if (lineEnd === chunk.length) {
        this.#keep(chunk, position, lineEnd);
        return;
      }
      this.#wholeLine(chunk, position, lineEnd);
      position = this.#behindLineEnd(chunk, lineEnd);
    }
  }

  /**
   * The upstream has closed: a last line and a last event without their ends are taken as whole, as most clients do.
   * Whoever reads the data finds out whether it is.
   */
  end(): void {
    if (this.tooLarge) return;
    if (this.#bomSeen > 0 && this.#atStart) this.#keep(Buffer.from(BOM.slice(0, this.#bomSeen)), 0, this.#bomSeen);
    this.#atStart = false;
    if (this.#carried > 0) {
      const length = this.#carried;
      this.#carried = 0;
      this.#line(this.#carry, 0, length);
    }
    this.#dispatch();
  }

  /** The first position behind the byte order mark, if there is one; it may come in pieces. */
  #passBom(chunk: Buffer): number {
    let position = 0;
    while (position < chunk.length && this.#bomSeen < BOM.length) {
      if (chunk[position] !== BOM[this.#bomSeen]) {
        this.#atStart = false;
        // What earlier chunks brought and looked like the mark's beginning was text.
        const before = this.#bomSeen - position;
        this.#keep(Buffer.from(BOM.slice(0, before)), 0, before);
        return 0;
      }
      position++;
      this.#bomSeen++;
    }
    if (this.#bomSeen === BOM.length) this.#atStart = false;
    return position;
  }

  /** The position of the next LF or CR, or the length. Each is searched for natively and remembered. */
  #lineEnd(chunk: Buffer, from: number): number {
    // The line that ends an event.
    if (chunk[from] === LF) return from;
    if (this.#nextLf < from) this.#nextLf = search(chunk, LF, from);
    if (this.#nextCr < from) this.#nextCr = search(chunk, CR, from);
    return Math.min(this.#nextLf, this.#nextCr);
  }

  #behindLineEnd(chunk: Buffer, lineEnd: number): number {
    const next = lineEnd + 1;
    if (chunk[lineEnd] === LF) return next;
    if (next === chunk.length) this.#lfMayFollow = true;
    return chunk[next] === LF ? next + 1 : next;
  }

  #wholeLine(chunk: Buffer, start: number, end: number): void {
    if (this.#carried === 0) {
      if (end === start) this.#dispatch();
      else this.#line(chunk, start, end);
      return;
    }
    this.#keep(chunk, start, end);
    const length = this.#carried;
    this.#carried = 0;
    if (!this.tooLarge) this.#line(this.#carry, 0, length);
  }

  #line(bytes: Buffer, start: number, end: number): void {
    if (bytes[start] === COLON) return;
    this.#frameBytes += end - start;
    if (this.#frameBytes > this.#maxFrameBytes) {
      this.tooLarge = true;
      return;
    }
    if (isField(bytes, start, end, DATA_FIELD)) {
      const value = bytes.toString('utf8', valueStart(bytes, start + DATA_FIELD.length, end), end);
      this.#data = this.#hasData ? `${this.#data}\n${value}` : value;
      this.#hasData = true;
    } else if (isField(bytes, start, end, EVENT_FIELD)) {
      this.#event = bytes.toString('utf8', valueStart(bytes, start + EVENT_FIELD.length, end), end);
    }
  }

  #dispatch(): void {
    const data = this.#data;
    const event = this.#event;
    const hasData = this.#hasData;
    this.#data = '';
    this.#event = null;
    this.#hasData = false;
    this.#frameBytes = 0;
    if (hasData) this.#onFrame(data, event);
  }

  /** Keeps the beginning of a line until the rest has come. */
  #keep(chunk: Buffer, start: number, end: number): void {
    const size = this.#carried + end - start;
    if (size > this.#maxFrameBytes) {
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

function search(bytes: Buffer, byte: number, from: number): number {
  const found = bytes.indexOf(byte, from);
  return found < 0 ? bytes.length : found;
}

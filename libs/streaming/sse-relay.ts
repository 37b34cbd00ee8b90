import { ByteEdits } from './byte-edits.js';
import {
  COLON,
  CR,
  DATA_FIELD,
  ERROR_FIELD,
  EVENT_FIELD,
  isField,
  joinDataLines,
  LF,
  rejoinFrame,
  valueStart,
} from './sse-field.js';

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const CR_LF = Buffer.from('\r\n');
const FIRST_CARRY_BYTES = 2048;

/**
 * What becomes of a frame: `keep` sends it on with the edits made, `drop` leaves it out, `last` sends it on and ends
 * the relay, `stop` ends the relay before it.
 */
export type FrameVerdict = 'keep' | 'drop' | 'last' | 'stop';

/** Why a relay gave up. */
export type RelayFailureKind =
  /** One event was larger than `maxFrameBytes`. */
  | 'frame_too_large'
  /** An event's data is not what the dialect sends. */
  | 'malformed_frame'
  /** The upstream reported an error inside its stream. */
  | 'upstream_error';

/**
 * Passes a `text/event-stream` on while it arrives, whole events only, so that a stream that breaks off never leaves
 * half an event with the caller. What an event's data means is the business of the subclass.
 *
 * Lines end with LF, CRLF or CR. A leading byte order mark is removed. Comments between events pass at once. Bytes held
 * back are bounded by `maxFrameBytes` plus one chunk. The output does not depend on how the input was cut into chunks.
 */
export abstract class SseRelay {
  /** Set once, when the relay gives up; nothing is sent on afterwards. */
  failureKind: RelayFailureKind | null = null;

  /** The edits of the current push; positions refer to the bytes given to `frame`. */
  protected edits = new ByteEdits();
  /** Whether the current frame says `event: error`. */
  protected errorEvent = false;

  readonly #maxFrameBytes: number;
  /** Bytes of the unfinished frame, from its first byte on; allocated when a frame first spans two chunks. */
  #carry: Buffer | null = null;
  #carried = 0;
  #atStart = true;
  #over = false;
  /** The last byte seen was a CR: a LF that follows belongs to it. */
  #lfMayFollow = false;
  #lastDropped = false;

  // Positions in the bytes at hand (the chunk, or the carried bytes with the chunk behind them).
  #frameStart = 0;
  #lineStart = 0;
  #searchedTo = 0;
  #nextLf = -1;
  #nextCr = -1;
  #sendFrom = 0;
  #sendTo = 0;

  // The frame being read.
  #hasFields = false;
  #dataLines = 0;
  #dataStart = 0;
  #dataEnd = 0;
  /** A line `error: …` instead of `data:`, as older llama.cpp servers write. */
  #errorField = false;

  /** @param maxFrameBytes the largest event accepted, without the blank line that ends it */
  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Whether the relay is at its end: by the dialect's own end mark or by a failure. */
  get over(): boolean {
    return this.#over;
  }

  /**
   * Takes the next bytes of the upstream; returns what may be sent on now, `null` when there is nothing. Where nothing
   * had to change, the result shares memory with `chunk`.
   */
  push(chunk: Buffer): Buffer | null {
    if (this.#over || chunk.length === 0) return null;
    const bytes = this.#carried === 0 ? chunk : this.#append(chunk);
    this.edits.clear();
    this.#nextLf = -1;
    this.#nextCr = -1;
    this.#sendFrom = 0;
    this.#sendTo = 0;
    if (!this.#passStart(bytes)) return null;
    this.#passLf(bytes);
    this.#walk(bytes);
    const out = this.#output(bytes, bytes === chunk);
    if (!this.over) this.#keepRest(bytes);
    return out;
  }

  /**
   * One whole event with data.
   * @param start first byte of its data in `bytes`, several data lines already joined
   * @param end behind its last byte
   */
  protected abstract frame(bytes: Buffer, start: number, end: number): FrameVerdict;

  /** A field that is no part of the event stream format but carries an upstream's error in `[start, end)`. */
  protected abstract strayError(bytes: Buffer, start: number, end: number): void;

  protected fail(kind: RelayFailureKind): 'stop' {
    this.failureKind = kind;
    this.#over = true;
    return 'stop';
  }

  /**
   * The upstream has closed. An event without its closing blank line is completed, as most clients do; what it gives
   * to send on is returned. `false` when the bytes left over are only a part of an event.
   */
  protected flush(): Buffer | null | false {
    const carry = this.#carry;
    if (this.#over || this.#carried === 0 || this.#atStart || carry === null) return null;
    if (this.#dataLines === 0 && !isField(carry, this.#lineStart, this.#carried, DATA_FIELD)) {
      return this.#lineStart === this.#carried || carry[this.#lineStart] === COLON ? null : false;
    }
    const out = this.push(this.#missingEnd(carry));
    if (this.failureKind !== 'malformed_frame') return out;
    this.failureKind = null;
    return false;
  }

  /** What completes the carried event. */
  #missingEnd(carry: Buffer): Buffer {
    this.#lfMayFollow = false;
    if (this.#lineStart < this.#carried) return Buffer.from('\n\n');
    // Behind a lone CR a single LF would be read as the second half of a CRLF.
    return Buffer.from(carry[this.#carried - 1] === CR ? '\r\n' : '\n');
  }

  /** Removes the byte order mark; `false` while it cannot be told apart yet. */
  #passStart(bytes: Buffer): boolean {
    if (!this.#atStart) return true;
    for (let index = 0; index < BOM.length; index++) {
      if (index === bytes.length) {
        this.#keepRest(bytes);
        return false;
      }
      if (bytes[index] !== BOM[index]) {
        this.#atStart = false;
        return true;
      }
    }
    this.#atStart = false;
    this.#frameStart = this.#lineStart = this.#searchedTo = BOM.length;
    this.#sendFrom = this.#sendTo = BOM.length;
    return true;
  }

  /** Takes the LF of a CRLF that was split between two chunks. */
  #passLf(bytes: Buffer): void {
    if (!this.#lfMayFollow) return;
    this.#lfMayFollow = false;
    if (bytes[this.#lineStart] !== LF) return;
    this.#lineStart++;
    if (this.#carried > 0) return;
    this.#frameStart = this.#lineStart;
    this.#sendTo = this.#lineStart;
    if (this.#lastDropped) this.#sendFrom = this.#lineStart;
  }

  #walk(bytes: Buffer): void {
    const end = bytes.length;
    while (!this.#over && this.#lineStart < end) {
      const lineStart = this.#lineStart;
      const lineEnd = this.#lineEnd(bytes, Math.max(lineStart, this.#searchedTo));
      if (lineEnd < 0) {
        this.#searchedTo = end;
        break;
      }
      let next = lineEnd + 1;
      if (bytes[lineEnd] === CR) {
        if (next === end) this.#lfMayFollow = true;
        else if (bytes[next] === LF) next++;
      }
      if (lineEnd > lineStart) this.#line(bytes, lineStart, lineEnd, next);
      else this.#blankLine(bytes, next);
      this.#lineStart = next;
    }
    if (!this.#over && end - this.#frameStart > this.#maxFrameBytes) this.fail('frame_too_large');
  }

  /** The position of the next LF or CR at or after `from`, or -1. Each is searched for natively and remembered. */
  #lineEnd(bytes: Buffer, from: number): number {
    const first = bytes[from];
    if (first === LF || first === CR) return from;
    if (this.#nextLf < from) this.#nextLf = search(bytes, LF, from);
    if (this.#nextCr < from) this.#nextCr = search(bytes, CR, from);
    const nearest = Math.min(this.#nextLf, this.#nextCr);
    return nearest < bytes.length ? nearest : -1;
  }

  #line(bytes: Buffer, start: number, end: number, next: number): void {
    if (bytes[start] === COLON) {
      // A comment between two events is complete in itself: it is a keep-alive and must not wait.
      if (!this.#hasFields) this.#comment(end - start, next);
      return;
    }
    this.#hasFields = true;
    if (isField(bytes, start, end, DATA_FIELD)) {
      if (this.#dataLines++ > 0) return;
      this.#dataStart = valueStart(bytes, start + DATA_FIELD.length, end);
      this.#dataEnd = end;
    } else if (isField(bytes, start, end, EVENT_FIELD)) {
      const value = valueStart(bytes, start + EVENT_FIELD.length, end);
      this.errorEvent = end - value === ERROR_FIELD.length && isField(bytes, value, end, ERROR_FIELD);
    } else if (isField(bytes, start, end, ERROR_FIELD)) {
      this.#errorField = true;
      this.#dataStart = valueStart(bytes, start + ERROR_FIELD.length, end);
      this.#dataEnd = end;
    }
  }

  #comment(length: number, next: number): void {
    if (length > this.#maxFrameBytes) {
      this.fail('frame_too_large');
      return;
    }
    this.#lastDropped = false;
    this.#frameStart = this.#sendTo = next;
  }

  /** The blank line before `next` ends the frame, if there is one. */
  #blankLine(bytes: Buffer, next: number): void {
    this.#lastDropped = false;
    if (this.#hasFields) {
      const verdict =
        this.#lineStart - this.#frameStart > this.#maxFrameBytes ? this.fail('frame_too_large') : this.#judge(bytes);
      this.#lastDropped = verdict === 'drop';
      if (verdict === 'stop') {
        this.#over = true;
        return;
      }
      if (verdict === 'drop') this.edits.add(this.#frameStart, next, null);
      if (verdict === 'last') {
        // The end of the last frame must not depend on whether the LF of a CRLF has arrived yet.
        if (bytes[this.#lineStart] === CR) this.edits.add(this.#lineStart, next, CR_LF);
        this.#over = true;
      }
      this.#hasFields = this.errorEvent = this.#errorField = false;
      this.#dataLines = 0;
    }
    this.#frameStart = this.#sendTo = next;
  }

  #judge(bytes: Buffer): FrameVerdict {
    if (this.#dataLines === 1) return this.frame(bytes, this.#dataStart, this.#dataEnd);
    if (this.#dataLines > 1) return this.#judgeJoined(bytes);
    if (!this.#errorField) return this.errorEvent ? this.fail('upstream_error') : 'keep';
    this.strayError(bytes, this.#dataStart, this.#dataEnd);
    return this.fail('upstream_error');
  }

  /** A frame of several data lines, which is rare: its data is joined in a buffer of its own. */
  #judgeJoined(bytes: Buffer): FrameVerdict {
    const joined = joinDataLines(bytes, this.#frameStart, this.#lineStart);
    const outer = this.edits;
    this.edits = new ByteEdits();
    const verdict = this.frame(joined.data, 0, joined.data.length);
    const inner = this.edits;
    this.edits = outer;
    if (inner.count > 0 && verdict === 'keep') {
      const data = inner.apply(joined.data, 0, joined.data.length);
      // The blank line stays as it came: the LF of its CRLF may yet be on its way.
      outer.add(this.#frameStart, this.#lineStart, rejoinFrame(joined.others, data));
    }
    return verdict;
  }

  #output(bytes: Buffer, own: boolean): Buffer | null {
    const from = this.#sendFrom;
    const to = this.#sendTo;
    if (to <= from) return null;
    if (this.edits.count === 0) {
      if (!own) return Buffer.from(bytes.subarray(from, to));
      return from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);
    }
    const out = this.edits.apply(bytes, from, to);
    return out.length > 0 ? out : null;
  }

  #append(chunk: Buffer): Buffer {
    const size = this.#carried + chunk.length;
    this.#reserve(size);
    const carry = this.#carry!;
    chunk.copy(carry, this.#carried);
    return carry.subarray(0, size);
  }

  /** Makes room for `size` bytes, keeping the carried ones. */
  #reserve(size: number): void {
    if (this.#carry !== null && this.#carry.length >= size) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_CARRY_BYTES, size * 2));
    this.#carry?.copy(larger, 0, 0, this.#carried);
    this.#carry = larger;
  }

  /** Moves the bytes of the unfinished frame to the front of the carry. */
  #keepRest(bytes: Buffer): void {
    const from = this.#frameStart;
    const rest = bytes.length - from;
    if (rest > 0 && (from > 0 || this.#carried === 0)) {
      if (this.#carried === 0) this.#reserve(rest);
      bytes.copy(this.#carry!, 0, from);
    }
    this.#carried = rest;
    this.#frameStart = 0;
    this.#lineStart -= from;
    this.#searchedTo = rest;
    this.#dataStart -= from;
    this.#dataEnd -= from;
  }
}

function search(bytes: Buffer, byte: number, from: number): number {
  const found = bytes.indexOf(byte, from);
  return found < 0 ? bytes.length : found;
}

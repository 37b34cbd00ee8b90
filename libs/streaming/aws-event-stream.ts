import { createRequire } from 'node:module';
import { crc32 } from 'node:zlib';
import type { EventStreamCodec, MessageHeaders } from '@smithy/eventstream-codec';

/** Total length, length of the headers, their checksum. */
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
const OVERHEAD_BYTES = PRELUDE_BYTES + CHECKSUM_BYTES;
/** What the format allows the headers of one message. */
const MAX_HEADERS_BYTES = 131_072;
const FIRST_CARRY_BYTES = 4096;

/** One message of an AWS event stream (`application/vnd.amazon.eventstream`), its checksums verified. */
export interface EventStreamMessage {
  /** Name → value, as in `:message-type` → `event`, `:event-type` → `contentBlockDelta`. Values that are no strings are left out. */
  readonly headers: ReadonlyMap<string, string>;
  /** In memory of its own: it may be kept. */
  readonly payload: Buffer;
}

/** Why a splitter gave up. */
export type EventStreamFailureKind =
  /** A message says that it is larger than `maxFrameBytes`. */
  | 'frame_too_large'
  /** Lengths that contradict each other, a checksum that does not fit, headers that cannot be read. */
  | 'malformed_frame'
  /** The stream ended inside a message. */
  | 'truncated';

/**
 * Splits the bytes of an AWS event stream into its messages, however they were cut into chunks. It never throws: at the first
 * fault it gives up and says why. A message's size is judged by its first twelve bytes, and those by their own checksum, so
 * that nonsense is noticed at once and not after waiting for gigabytes. Memory held stays below twice `maxFrameBytes` plus one
 * chunk.
 *
 * @see https://smithy.io/2.0/aws/amazon-eventstream.html
 */
export class EventStreamSplitter {
  /** Set once; no message comes afterwards. */
  failureKind: EventStreamFailureKind | null = null;

  readonly #maxFrameBytes: number;
  #carry: Buffer = Buffer.alloc(0);
  #carried = 0;
  /** Length of the message at the front; 0 while its prelude is not here. */
  #frameBytes = 0;

  /** @param maxFrameBytes the largest message accepted, everything included */
  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Takes the next bytes; returns the messages that are complete with them, in order. */
  push(chunk: Buffer): readonly EventStreamMessage[] {
    const messages: EventStreamMessage[] = [];
    if (this.failureKind !== null || chunk.length === 0) return messages;
    const bytes = this.#carried === 0 ? chunk : this.#append(chunk);
    let start = 0;
    while (this.#isFrameAt(bytes, start)) {
      const message = decode(bytes.subarray(start, start + this.#frameBytes));
      if (message === null) {
        this.#fail('malformed_frame');
        return messages;
      }
      messages.push(message);
      start += this.#frameBytes;
      this.#frameBytes = 0;
    }
    this.#keepFrom(bytes, start);
    return messages;
  }

  /** The upstream has closed. */
  end(): void {
    if (this.failureKind === null && this.#carried > 0) this.#fail('truncated');
  }

  /** Whether a whole message lies at `start`; its length is then known. */
  #isFrameAt(bytes: Buffer, start: number): boolean {
    const available = bytes.length - start;
    if (this.#frameBytes === 0 && available >= PRELUDE_BYTES) this.#readPrelude(bytes, start);
    return this.failureKind === null && this.#frameBytes > 0 && available >= this.#frameBytes;
  }

  #readPrelude(bytes: Buffer, start: number): void {
    const total = bytes.readUInt32BE(start);
    const headers = bytes.readUInt32BE(start + 4);
    const checksum = bytes.readUInt32BE(start + 8);
    if (crc32(bytes.subarray(start, start + 8)) !== checksum) this.#fail('malformed_frame');
    else if (total > this.#maxFrameBytes) this.#fail('frame_too_large');
    else if (headers > MAX_HEADERS_BYTES || headers + OVERHEAD_BYTES > total) this.#fail('malformed_frame');
    else this.#frameBytes = total;
  }

  #fail(kind: EventStreamFailureKind): void {
    this.failureKind = kind;
    this.#carry = Buffer.alloc(0);
    this.#carried = 0;
  }

  #append(chunk: Buffer): Buffer {
    const size = this.#carried + chunk.length;
    this.#reserve(size);
    chunk.copy(this.#carry, this.#carried);
    this.#carried = size;
    return this.#carry.subarray(0, size);
  }

  #keepFrom(bytes: Buffer, start: number): void {
    if (this.failureKind !== null) return;
    const rest = bytes.length - start;
    if (bytes.buffer !== this.#carry.buffer) this.#reserve(rest);
    if (rest > 0 && (start > 0 || bytes.buffer !== this.#carry.buffer)) bytes.copy(this.#carry, 0, start);
    this.#carried = rest;
  }

  #reserve(size: number): void {
    if (this.#carry.length >= size) return;
    // Not of the pool: its memory is told apart from that of a chunk.
    const larger = Buffer.allocUnsafeSlow(Math.max(size, 2 * this.#carry.length, FIRST_CARRY_BYTES));
    this.#carry.copy(larger, 0, 0, this.#carried);
    this.#carry = larger;
  }
}

/** One message with string headers, as a server sends it. */
export function encodeEventStreamMessage(headers: Readonly<Record<string, string>>, payload: Buffer | string): Buffer {
  const typed: MessageHeaders = {};
  for (const [name, value] of Object.entries(headers)) typed[name] = { type: 'string', value };
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  return Buffer.from(codec().encode({ headers: typed, body }));
}

/** The message in exactly these bytes; `null` when they are none. */
function decode(frame: Buffer): EventStreamMessage | null {
  // In memory of its own, so that lengths that lie about the headers cannot make the codec read what is beside the message.
  const own = new Uint8Array(frame.length);
  own.set(frame);
  try {
    const { headers, body } = codec().decode(own);
    const strings = new Map<string, string>();
    for (const [name, header] of Object.entries(headers)) {
      if (header.type === 'string') strings.set(name, header.value);
    }
    return { headers: strings, payload: Buffer.from(body.buffer, body.byteOffset, body.byteLength) };
  } catch {
    return null;
  }
}

let loaded: EventStreamCodec | null = null;

/** Loaded when first needed: it brings 13 MB and takes 30 ms, and only Bedrock speaks this format. */
function codec(): EventStreamCodec {
  if (loaded === null) {
    const require = createRequire(import.meta.url);
    const library = require('@smithy/eventstream-codec') as typeof import('@smithy/eventstream-codec');
    const toUtf8 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
    loaded = new library.EventStreamCodec(toUtf8, (text) => Buffer.from(text));
  }
  return loaded;
}

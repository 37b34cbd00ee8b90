import type { Usage } from '../../protocol/index.js';
import {
  cutEnd,
  cutStart,
  type FrameVerdict,
  ObjectScan,
  OPEN_BRACE,
  skipSpace,
  SseRelay,
} from '../../streaming/index.js';
import { CHOICE_LIST, ChoiceTally } from './choices.js';
import { readUsage } from './usage.js';

// Shared by all streams: a frame is scanned and judged in one synchronous step.
const CHUNK = new ObjectScan(['model', 'choices', 'usage', 'error', 'object'] as const).nest('choices', CHOICE_LIST);
const MODEL = CHUNK.slot('model');
const USAGE = CHUNK.slot('usage');
const ERROR = CHUNK.slot('error');
const OBJECT = CHUNK.slot('object');

const DONE = Buffer.from('[DONE]');
const ERROR_OBJECT = Buffer.from('"error"');
const NULL_FIRST_BYTE = 0x6e;
const OPEN_SQUARE = 0x5b;

export interface ChatStreamRelayOptions {
  /** The name the caller used, written into every chunk; `null` leaves the upstream's. */
  alias: string | null;
  /** Whether the caller did not ask for usage: it is then read and taken out. */
  hideUsage: boolean;
  /** The largest event accepted, bytes. */
  maxFrameBytes: number;
}

/**
 * How an upstream's stream ended. `complete`: with `[DONE]`. `complete_without_done`: every choice had its
 * `finish_reason`, so the gateway appends the missing `[DONE]`. `truncated`: it broke off. `failed`: see `failureKind`.
 */
export type ChatStreamEnding = 'complete' | 'complete_without_done' | 'truncated' | 'failed';

/** Relays a stream of `chat.completion.chunk` events and reads from it what accounting needs. */
export class ChatStreamRelay extends SseRelay {
  /** Whether `[DONE]` was relayed. */
  done = false;
  /** What the upstream said was wrong, parsed; set with `failureKind` `upstream_error`. */
  upstreamError: unknown = null;
  /** Chunks relayed or dropped so far, `[DONE]` left out. */
  chunks = 0;

  readonly #alias: Buffer | null;
  readonly #hideUsage: boolean;
  readonly #tally = new ChoiceTally();
  /** The JSON of the last usage seen: parsed once at the end, though some upstreams repeat it in every chunk. */
  #usageBytes: Buffer | null = null;
  #usageLength = 0;

  constructor(options: ChatStreamRelayOptions) {
    super(options.maxFrameBytes);
    this.#alias = options.alias === null ? null : Buffer.from(JSON.stringify(options.alias));
    this.#hideUsage = options.hideUsage;
  }

  /** Whether anything generated has been seen: text, reasoning, a refusal, a tool call or audio. */
  get sawFirstToken(): boolean {
    return this.#tally.tokenEvents > 0;
  }

  /** Chunks that carried anything generated. */
  get tokenEvents(): number {
    return this.#tally.tokenEvents;
  }

  /** Bytes of generated text as they stood in the JSON; an approximation for counting when usage is missing. */
  get textBytes(): number {
    return this.#tally.textBytes;
  }

  /** The `finish_reason` seen last. */
  get finishReason(): string | null {
    return this.#tally.finishReason;
  }

  /** The last usage the upstream reported: it is cumulative, so it is never summed. Parses; ask once. */
  get usage(): Usage | null {
    if (this.#usageBytes === null) return null;
    return readUsage(parse(this.#usageBytes, 0, this.#usageLength));
  }

  /** The upstream has closed. `bytes` are to be sent on before anything the gateway adds. Call once. */
  end(): { ending: ChatStreamEnding; bytes: Buffer | null } {
    const flushed = this.flush();
    const bytes = flushed === false ? null : flushed;
    if (this.failureKind !== null) return { ending: 'failed', bytes };
    if (this.done) return { ending: 'complete', bytes };
    const isWhole = flushed !== false && this.#tally.allFinished;
    return { ending: isWhole ? 'complete_without_done' : 'truncated', bytes };
  }

  protected override frame(bytes: Buffer, start: number, end: number): FrameVerdict {
    const from = skipSpace(bytes, start, end);
    if (this.errorEvent) return this.#upstreamError(bytes, from, end);
    if (bytes[from] === OPEN_SQUARE && isDone(bytes, from, end)) {
      this.done = true;
      return 'last';
    }
    // Empty data is a keep-alive of some proxies; clients would try to parse it.
    if (from === end) return 'drop';
    this.#tally.begin();
    if (CHUNK.run(bytes, from, end) !== 'ok' || CHUNK.duplicate >= 0) return this.fail('malformed_frame');
    if (carriesError(bytes)) return this.#upstreamError(bytes, from, end);
    return this.#chunk(bytes);
  }

  protected override strayError(bytes: Buffer, start: number, end: number): void {
    this.upstreamError = errorValue(bytes, start, end);
  }

  #upstreamError(bytes: Buffer, start: number, end: number): FrameVerdict {
    this.upstreamError = errorValue(bytes, start, end);
    return this.fail('upstream_error');
  }

  #chunk(bytes: Buffer): FrameVerdict {
    this.chunks++;
    this.#tally.commit();
    if (!CHUNK.has(USAGE)) {
      this.#rename(bytes);
      return 'keep';
    }
    const hasCounts = bytes[CHUNK.valueStart(USAGE)] === OPEN_BRACE;
    if (hasCounts) this.#keepUsage(bytes, CHUNK.valueStart(USAGE), CHUNK.valueEnd(USAGE));
    if (this.#hideUsage && hasCounts && CHOICE_LIST.count === 0) return 'drop';
    // Edits are made in the order of the bytes.
    const usageFirst = CHUNK.keyStart(USAGE) < CHUNK.keyStart(MODEL);
    if (usageFirst) this.#cutUsage(bytes);
    this.#rename(bytes);
    if (!usageFirst) this.#cutUsage(bytes);
    return 'keep';
  }

  #rename(bytes: Buffer): void {
    const alias = this.#alias;
    if (alias === null || !CHUNK.has(MODEL)) return;
    const start = CHUNK.valueStart(MODEL);
    const end = CHUNK.valueEnd(MODEL);
    if (!matches(bytes, start, end, alias)) this.edits.add(start, end, alias);
  }

  #cutUsage(bytes: Buffer): void {
    if (!this.#hideUsage) return;
    const valueEnd = CHUNK.valueEnd(USAGE);
    const start = cutStart(bytes, CHUNK.keyStart(USAGE), valueEnd, CHUNK.objectEnd);
    this.edits.add(start, cutEnd(bytes, valueEnd, CHUNK.objectEnd), null);
  }

  #keepUsage(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    if (this.#usageBytes === null || this.#usageBytes.length < length)
      this.#usageBytes = Buffer.allocUnsafe(length * 2);
    bytes.copy(this.#usageBytes, 0, start, end);
    this.#usageLength = length;
  }
}

function isDone(bytes: Buffer, start: number, end: number): boolean {
  const behind = start + DONE.length;
  return behind <= end && matches(bytes, start, behind, DONE) && skipSpace(bytes, behind, end) === end;
}

/** A member `error` that is not null, or the flat form `{"object":"error",…}`. */
function carriesError(bytes: Buffer): boolean {
  if (CHUNK.has(ERROR) && bytes[CHUNK.valueStart(ERROR)] !== NULL_FIRST_BYTE) return true;
  return CHUNK.has(OBJECT) && matches(bytes, CHUNK.valueStart(OBJECT), CHUNK.valueEnd(OBJECT), ERROR_OBJECT);
}

/** The `error` member of the object in `[start, end)`, else the object itself, else the text. */
function errorValue(bytes: Buffer, start: number, end: number): unknown {
  const value = parse(bytes, start, end);
  if (value === undefined) return bytes.toString('utf8', start, end);
  if (typeof value !== 'object' || value === null) return value;
  return (value as { error?: unknown }).error ?? value;
}

/** `undefined` for what is no JSON. */
function parse(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end));
  } catch {
    return undefined;
  }
}

function matches(bytes: Buffer, start: number, end: number, expected: Buffer): boolean {
  if (end - start !== expected.length) return false;
  for (let index = 0; index < expected.length; index++) {
    if (bytes[start + index] !== expected[index]) return false;
  }
  return true;
}

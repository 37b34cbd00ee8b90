import {
  COMMA,
  ObjectListScan,
  ObjectScan,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
} from '../../streaming/index.js';

// Scans are shared by all calls: every walk below is synchronous and reads its results before the next one starts.
const DELTA_FIELDS = new ObjectScan([
  'content',
  'reasoning_content',
  'reasoning',
  'refusal',
  'tool_calls',
  'function_call',
  'audio',
] as const);
const CONTENT = DELTA_FIELDS.slot('content');
const REASONING_CONTENT = DELTA_FIELDS.slot('reasoning_content');
const REASONING = DELTA_FIELDS.slot('reasoning');
const REFUSAL = DELTA_FIELDS.slot('refusal');
const TOOL_CALLS = DELTA_FIELDS.slot('tool_calls');
const FUNCTION_CALL = DELTA_FIELDS.slot('function_call');
const AUDIO = DELTA_FIELDS.slot('audio');

// Chunks have a delta, whole answers a message, of the same fields: they share the scan, since no choice has both.
const CHOICE = new ObjectScan(['index', 'delta', 'message', 'finish_reason'] as const)
  .nest('delta', DELTA_FIELDS)
  .nest('message', DELTA_FIELDS);
const INDEX = CHOICE.slot('index');
const DELTA = CHOICE.slot('delta');
const MESSAGE = CHOICE.slot('message');
const FINISH_REASON = CHOICE.slot('finish_reason');

/** Reads a `choices` member; a `ChoiceTally` is its visitor. */
export const CHOICE_LIST = new ObjectListScan(CHOICE);

const TOOL_CALL = new ObjectScan(['function'] as const);
const FUNCTION = new ObjectScan(['name', 'arguments'] as const);

/** Choices told apart when asking whether all have finished; those beyond share the last place. */
const MAX_CHOICES = 128;
const OPEN = 1;
const FINISHED = 2;

/**
 * What the `choices` of a stream's chunks have told so far. Chunks are read while they are still being checked:
 * `begin` before each, and `commit` once it has proved sound, for only then does what it said count.
 */
export class ChoiceTally {
  /** The `finish_reason` seen last. */
  finishReason: string | null = null;
  /** Bytes of generated text as they stand in the JSON, escapes undecoded: text, reasoning, refusals, tool calls. */
  textBytes = 0;
  /** Chunks that carried anything generated. */
  tokenEvents = 0;
  #seen = 0;
  #finished = 0;
  readonly #states = new Uint8Array(MAX_CHOICES);

  #newReason: string | null = null;
  #newTextBytes = 0;
  #hasToken = false;

  /** Whether there were choices and every one of them has its `finish_reason`. */
  get allFinished(): boolean {
    return this.#seen > 0 && this.#finished === this.#seen;
  }

  begin(): void {
    CHOICE_LIST.visitor = this;
    CHOICE_LIST.count = 0;
    this.#newReason = null;
    this.#newTextBytes = 0;
    this.#hasToken = false;
  }

  commit(): void {
    this.textBytes += this.#newTextBytes;
    if (this.#hasToken) this.tokenEvents++;
    if (this.#newReason !== null) this.finishReason = this.#newReason;
  }

  /** One choice, just scanned. */
  visit(bytes: Buffer): void {
    const index = CHOICE.has(INDEX) ? smallNumber(bytes, CHOICE.valueStart(INDEX), CHOICE.valueEnd(INDEX)) : 0;
    if (this.#states[index] === 0) {
      this.#states[index] = OPEN;
      this.#seen++;
    }
    if (CHOICE.has(FINISH_REASON)) {
      this.#finish(bytes, index, CHOICE.valueStart(FINISH_REASON), CHOICE.valueEnd(FINISH_REASON));
    }
    if (CHOICE.has(DELTA) || CHOICE.has(MESSAGE)) this.#delta(bytes);
  }

  /** Some upstreams write `""` where OpenAI writes `null`. */
  #finish(bytes: Buffer, index: number, start: number, end: number): void {
    if (bytes[start] !== QUOTE || end - start === 2) return;
    if (this.#states[index] !== FINISHED) {
      this.#states[index] = FINISHED;
      this.#finished++;
    }
    this.#newReason = readString(bytes, start, end);
  }

  #delta(bytes: Buffer): void {
    this.#text(bytes, CONTENT);
    // Servers that write both write the same text twice.
    this.#text(bytes, DELTA_FIELDS.has(REASONING_CONTENT) ? REASONING_CONTENT : REASONING);
    this.#text(bytes, REFUSAL);
    if (isFilled(bytes, AUDIO)) this.#hasToken = true;
    if (isFilled(bytes, FUNCTION_CALL)) {
      this.#hasToken = true;
      this.#function(bytes, DELTA_FIELDS.valueStart(FUNCTION_CALL), DELTA_FIELDS.valueEnd(FUNCTION_CALL));
    }
    if (isFilled(bytes, TOOL_CALLS)) {
      this.#hasToken = true;
      this.#toolCalls(bytes, DELTA_FIELDS.valueStart(TOOL_CALLS), DELTA_FIELDS.valueEnd(TOOL_CALLS));
    }
  }

  #text(bytes: Buffer, slot: number): void {
    if (!isFilled(bytes, slot)) return;
    this.#hasToken = true;
    this.#newTextBytes += DELTA_FIELDS.valueEnd(slot) - DELTA_FIELDS.valueStart(slot) - 2;
  }

  #toolCalls(bytes: Buffer, start: number, end: number): void {
    let position = skipSpace(bytes, start + 1, end);
    while (position < end && bytes[position] === OPEN_BRACE) {
      if (TOOL_CALL.runAt(bytes, position, end) !== 'ok') return;
      position = TOOL_CALL.objectEnd;
      if (TOOL_CALL.has(0)) this.#function(bytes, TOOL_CALL.valueStart(0), TOOL_CALL.valueEnd(0));
      position = skipSpace(bytes, position, end);
      if (bytes[position] === COMMA) position = skipSpace(bytes, position + 1, end);
    }
  }

  #function(bytes: Buffer, start: number, end: number): void {
    if (bytes[start] !== OPEN_BRACE) return;
    FUNCTION.runAt(bytes, start, end);
    for (let slot = 0; slot < 2; slot++) {
      if (FUNCTION.has(slot) && bytes[FUNCTION.valueStart(slot)] === QUOTE) {
        this.#newTextBytes += FUNCTION.valueEnd(slot) - FUNCTION.valueStart(slot) - 2;
      }
    }
  }
}

/** Whether a field of the delta is there and neither `null`, nor a scalar, nor an empty string, array or object. */
function isFilled(bytes: Buffer, slot: number): boolean {
  if (!DELTA_FIELDS.has(slot)) return false;
  const start = DELTA_FIELDS.valueStart(slot);
  const first = bytes[start];
  if (first === QUOTE) return DELTA_FIELDS.valueEnd(slot) - start > 2;
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return false;
  return skipSpace(bytes, start + 1, bytes.length) < DELTA_FIELDS.valueEnd(slot) - 1;
}

/** The string whose JSON stands in `[start, end)`; its raw text where an escape in it is bad. */
export function readString(bytes: Buffer, start: number, end: number): string {
  try {
    return String(JSON.parse(bytes.toString('utf8', start, end)));
  } catch {
    return bytes.toString('utf8', start + 1, end - 1);
  }
}

function smallNumber(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let position = start; position < end && value < MAX_CHOICES; position++) {
    const digit = bytes[position]! - 0x30;
    if (digit < 0 || digit > 9) return 0;
    value = value * 10 + digit;
  }
  return Math.min(value, MAX_CHOICES - 1);
}

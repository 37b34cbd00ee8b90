import { type JsonFields, type StreamEvent, type TextDelta, wireError } from '../../protocol/index.js';
import { errorInside, parsed } from '../answer-bytes.js';
import { AlikeSseEventDecoder, DEFAULT_MAX_FRAME_BYTES } from '../event-decoder.js';
import { isFields, restOf, textOf } from '../fields.js';
import { readGeminiUsage } from '../usage/gemini.js';
import type { DecodeEventsOptions, StreamDecoder } from '../wire-format.js';
import { blockReason, secondsOf } from './decode-answer.js';
import { CandidateDecoder } from './decode-candidate.js';
import { blockedPrompt } from './finish.js';
import { JsonListSplitter } from './json-list.js';
import { ANSWER, FORMAT } from './shapes.js';

/** More candidates than this are no answer. */
const MAX_CANDIDATES = 128;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
/** Blank bytes, and those of a byte order mark. */
const BLANK: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);

/**
 * Reads a stream of `GenerateContentResponse`, as server-sent events or as one JSON list. It has no end mark: it is complete
 * where the bytes end and every candidate has its finish reason, or the prompt was refused; anything else is `incomplete`.
 */
export function decodeEvents(options: DecodeEventsOptions = {}): StreamDecoder {
  return new GeminiEventDecoder(options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES);
}

class GeminiEventDecoder extends AlikeSseEventDecoder {
  /** Absent: server-sent events. `undefined` until the first byte that is not blank. */
  #list: JsonListSplitter | null | undefined;
  readonly #maxFrameBytes: number;
  #started = false;
  #answerId = '';
  #blocked: string | null = null;
  readonly #candidates: CandidateDecoder[] = [];
  /** The candidate of the last chunk: nearly all streams have but one. */
  #last: CandidateDecoder | null = null;
  readonly #emit = (event: StreamEvent): void => this.emit(event);

  constructor(maxFrameBytes: number) {
    super(maxFrameBytes);
    this.#maxFrameBytes = maxFrameBytes;
  }

  protected override consume(chunk: Buffer): void {
    this.#list ??= this.#framing(chunk);
    if (this.#list === null || this.#list === undefined) {
      super.consume(chunk);
      return;
    }
    this.#list.push(chunk);
    if (this.#list.tooLarge) this.fail(wireError('frame-too-large', 'An object of the stream is too large.'));
  }

  #framing(chunk: Buffer): JsonListSplitter | null | undefined {
    if (this.#list === null) return null;
    const first = chunk.find((byte) => !BLANK.has(byte));
    if (first === undefined) return undefined;
    if (first !== OPEN_BRACKET && first !== OPEN_BRACE) return null;
    return new JsonListSplitter(this.#maxFrameBytes, (text) => {
      if (!this.over) this.frame(text, null);
    });
  }

  protected override finish(): void {
    if (this.#list === null || this.#list === undefined) super.finish();
    if (this.over || !this.#started) return;
    const finished = this.#candidates.length > 0 && this.#candidates.every((one) => one.finished);
    if (finished || (this.#blocked !== null && this.#candidates.length === 0)) this.#finishAll();
  }

  protected override read(data: string, event: string | null): void {
    // A mark of proxies that speak OpenAI's language too.
    if (data === '[DONE]') return;
    const chunk = parsed(data);
    if (event === 'error') this.fail(errorInside(FORMAT, chunk ?? data));
    else if (!isFields(chunk)) this.fail(wireError('malformed', 'An event of the stream is no JSON object.'));
    else if ((chunk['error'] ?? null) !== null) this.fail(errorInside(FORMAT, chunk));
    else this.#chunk(chunk);
  }

  protected override alike(delta: TextDelta): void {
    this.#candidateAt(delta.choice)?.heard(delta);
    super.alike(delta);
  }

  #finishAll(): void {
    const blocked = this.#blocked;
    if (blocked !== null && this.#candidates.length === 0)
      this.emit({ type: 'choice-finish', choice: 0, finish: blockedPrompt(blocked) });
    for (const one of this.#candidates.sort((first, other) => first.index - other.index)) one.close();
    this.complete();
  }

  #chunk(chunk: JsonFields): void {
    if (!this.#started) this.#start(chunk);
    const { candidates, usageMetadata } = chunk;
    if (Array.isArray(candidates)) {
      const list = candidates as unknown[];
      for (let at = 0; at < list.length; at++) {
        const fields = list[at];
        if (isFields(fields)) this.#candidate(fields, at);
      }
    }
    if (isFields(usageMetadata)) this.#usage(usageMetadata);
    for (const name in chunk) {
      if (ANSWER[name] !== undefined) continue;
      this.#others(chunk);
      return;
    }
  }

  #start(chunk: JsonFields): void {
    this.#started = true;
    this.#answerId = textOf(chunk, 'responseId') ?? '';
    this.emit({
      type: 'answer-start',
      source: FORMAT,
      id: this.#answerId === '' ? undefined : this.#answerId,
      model: textOf(chunk, 'modelVersion'),
      created: secondsOf(textOf(chunk, 'createTime')),
    });
  }

  #usage(fields: JsonFields): void {
    const usage = readGeminiUsage(fields);
    if (usage !== null) this.emit({ type: 'usage-update', usage, raw: { format: FORMAT, value: fields } });
  }

  #candidate(fields: JsonFields, at: number): void {
    const candidate = this.#candidateAt(fields['index'] ?? at);
    if (candidate === null) {
      this.fail(wireError('malformed', 'A candidate of the stream has no possible index.'));
      return;
    }
    candidate.take(fields);
    if (candidate.overflow !== null) this.fail(wireError('malformed', candidate.overflow));
  }

  #candidateAt(index: unknown): CandidateDecoder | null {
    if (this.#last?.index === index) return this.#last;
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= MAX_CANDIDATES) return null;
    let candidate = this.#candidates.find((known) => known.index === index);
    if (candidate === undefined) {
      candidate = new CandidateDecoder(index as number, this.#answerId, this.#emit);
      this.#candidates.push(candidate);
    }
    this.#last = candidate;
    return candidate;
  }

  /** The verdict on the prompt, and what only Google knows. */
  #others(chunk: JsonFields): void {
    this.#blocked ??= blockReason(chunk) ?? null;
    const extensions = restOf(chunk, ANSWER, FORMAT);
    if (extensions !== undefined) this.emit({ type: 'extensions-add', extensions });
  }
}

import { type Extensions, type JsonFields, wireError } from '../../protocol/index.js';
import { errorInside, parsed } from '../answer-bytes.js';
import { AlikeSseEventDecoder } from '../event-decoder.js';
import {
  isFields,
  LIST,
  NUMBER,
  numberOf,
  OBJECT,
  objectOf,
  restOf,
  shape,
  STRING,
  textOf,
  withInner,
} from '../fields.js';
import { readCohereUsage } from '../usage/cohere.js';
import type { DecodeEventsOptions, StreamDecoder } from '../wire-format.js';
import { decodeCitation } from './decode-citation.js';
import { decodePart } from './decode-content.js';
import { errorAtEnd } from './errors.js';
import { finishOf } from './finish.js';
import { decodeLogprobs } from './logprobs.js';
import { CALLED_FUNCTION, FORMAT, TOOL_CALL } from './shapes.js';
import { type OpenPart, StreamParts } from './stream-parts.js';

/**
 * Reads a stream of `POST /v2/chat`. It ends with `message-end`; without it the answer is `incomplete`. A delta without an
 * index belongs to the part begun last; words for content that never began begin it; arguments of a call without a name are
 * `malformed`. Unknown events are kept as extensions.
 */
export function decodeEvents(options: DecodeEventsOptions = {}): StreamDecoder {
  return new CohereEventDecoder(options.maxFrameBytes);
}

const HEAD = shape({ id: STRING, type: STRING, delta: OBJECT });
const CONTENT_DELTA = shape({ type: STRING, index: NUMBER, delta: OBJECT, logprobs: OBJECT });
const END_DELTA = shape({ finish_reason: STRING, usage: OBJECT, error: STRING, logprobs: LIST });

class CohereEventDecoder extends AlikeSseEventDecoder {
  #started = false;
  readonly #parts = new StreamParts((event) => this.emit(event));

  protected override read(data: string, event: string | null): void {
    const fields = parsed(data);
    if (event === 'error') this.fail(errorInside(FORMAT, fields ?? data));
    // Comes behind `message-end`; alone it ends nothing.
    else if (data === '[DONE]') this.fail(wireError('incomplete', 'The stream ended before its message.'));
    else if (!isFields(fields)) this.fail(wireError('malformed', 'An event of the stream is no JSON object.'));
    else this.#event(textOf(fields, 'type') ?? event ?? '', fields);
    if (this.#parts.overflow) this.fail(wireError('malformed', 'The stream has too many open parts.'));
  }

  #event(type: string, fields: JsonFields): void {
    if (type === 'message-start') this.#start(fields);
    else if (type === 'message-end') this.#end(fields);
    else if (type === '') this.fail(errorWithoutType(fields));
    else if (!this.#started) this.fail(wireError('malformed', 'The stream does not begin with its message.'));
    else this.#within(type, fields);
  }

  #within(type: string, fields: JsonFields): void {
    const message = objectOf(objectOf(fields, 'delta') ?? {}, 'message') ?? {};
    const index = numberOf(fields, 'index');
    // Nearly all events are deltas.
    if (type === 'content-delta') this.#contentDelta(index, objectOf(message, 'content') ?? {}, fields);
    else if (type === 'tool-call-delta') this.#callDelta(index, objectOf(message, 'tool_calls') ?? {});
    else this.#between(type, message, fields);
  }

  #between(type: string, message: JsonFields, fields: JsonFields): void {
    const index = numberOf(fields, 'index');
    switch (type) {
      case 'content-start':
        this.#contentStart(index, message['content']);
        break;
      case 'tool-call-start':
        this.#callStart(index, objectOf(message, 'tool_calls') ?? {});
        break;
      case 'tool-plan-delta':
        this.#plan(textOf(message, 'tool_plan') ?? '');
        break;
      case 'citation-start':
        this.#citations(message['citations']);
        break;
      default:
        this.#rest(type, index, fields);
    }
  }

  /** The end of a text waits for what may still come to it. */
  #rest(type: string, index: number | undefined, fields: JsonFields): void {
    if (type === 'citation-end') return;
    if (type !== 'content-end' && type !== 'tool-call-end') {
      this.#extend({ [FORMAT]: { [`${type}.`]: fields } });
      return;
    }
    const open = type === 'tool-call-end' ? this.#parts.call(index) : this.#parts.content(index);
    if (open !== undefined && open.kind !== 'text') this.#parts.end(open);
  }

  #start(fields: JsonFields): void {
    if (this.#started) return;
    this.#started = true;
    const id = textOf(fields, 'id');
    this.emit({ type: 'answer-start', source: FORMAT, id, extensions: restOf(fields, HEAD, FORMAT) });
  }

  #contentStart(index: number | undefined, content: unknown): void {
    const part = decodePart(content);
    const wireIndex = index ?? this.#parts.count;
    if (part.type === 'text' || part.type === 'reasoning') {
      const open = this.#parts.begin(part.type, wireIndex, { ...part, text: '' });
      if (open !== null) this.#words(open, part.text);
    } else {
      this.#parts.begin('opaque', wireIndex, part);
    }
  }

  #contentDelta(index: number | undefined, delta: JsonFields, fields: JsonFields): void {
    const thinking = textOf(delta, 'thinking');
    const text = thinking ?? textOf(delta, 'text');
    const open = this.#contentAt(index, thinking === undefined ? 'text' : 'reasoning');
    if (open === null) return;
    if (text === undefined || open.kind === 'opaque') this.#extend({ [FORMAT]: { 'delta.': delta } }, 0);
    else this.#words(open, text);
    const logprobs = objectOf(fields, 'logprobs');
    if (logprobs !== undefined) this.emit({ type: 'logprobs-add', choice: 0, logprobs: decodeLogprobs([logprobs]) });
    this.#extend(restOf(fields, CONTENT_DELTA, FORMAT), 0);
  }

  /** Words of another kind than what is open begin another part. */
  #contentAt(index: number | undefined, kind: 'text' | 'reasoning'): OpenPart | null {
    const open = this.#parts.content(index);
    if (open !== undefined && (open.kind === kind || open.kind === 'opaque')) return open;
    return this.#parts.begin(kind, index ?? 0, { type: kind, text: '' });
  }

  #words({ kind, index }: OpenPart, text: string): void {
    if (text !== '') this.emit({ type: kind === 'text' ? 'text-delta' : 'reasoning-delta', choice: 0, index, text });
  }

  #plan(text: string): void {
    const open =
      this.#parts.of('plan') ?? this.#parts.begin('plan', -1, { type: 'reasoning', text: '', form: 'tool_plan' });
    if (open !== null) this.#words(open, text);
  }

  #callStart(index: number | undefined, call: JsonFields): void {
    const called = objectOf(call, 'function') ?? {};
    const open = this.#parts.begin('call', index ?? this.#parts.count, {
      type: 'tool-call',
      id: textOf(call, 'id') ?? `call_${String(this.#parts.count)}`,
      name: textOf(called, 'name') ?? '',
      arguments: '',
      extensions: withInner(
        restOf(call, TOOL_CALL, FORMAT),
        FORMAT,
        'function',
        restOf(called, CALLED_FUNCTION, FORMAT),
      ),
    });
    if (open !== null) this.#arguments(open, textOf(called, 'arguments') ?? '');
  }

  #callDelta(index: number | undefined, call: JsonFields): void {
    const open = this.#parts.call(index);
    if (open === undefined) this.fail(wireError('malformed', 'A tool call of the stream has no beginning.'));
    else this.#arguments(open, textOf(objectOf(call, 'function') ?? {}, 'arguments') ?? '');
  }

  #arguments({ index }: OpenPart, text: string): void {
    if (text !== '') this.emit({ type: 'arguments-delta', choice: 0, index, text });
  }

  /** On the text that is open; citations of a plan or a thought stay as they are. */
  #citations(value: unknown): void {
    const citations = Array.isArray(value) ? (value as unknown[]) : [value];
    const open = this.#parts.of('text');
    if (open === undefined) this.#extend({ [FORMAT]: { citations } }, 0);
    else
      for (const citation of citations)
        this.emit({ type: 'citation-add', choice: 0, index: open.index, citation: decodeCitation(citation) });
  }

  #extend(extensions: Extensions | undefined, choice?: number): void {
    if (extensions === undefined) return;
    this.emit({ type: 'extensions-add', ...(choice === undefined ? {} : { choice }), extensions });
  }

  #end(fields: JsonFields): void {
    const delta = objectOf(fields, 'delta') ?? {};
    const reason = textOf(delta, 'finish_reason');
    if (isFailure(delta, reason)) {
      this.fail(errorAtEnd(reason ?? '', delta['error']));
      return;
    }
    if (!this.#started) this.#start({});
    this.#parts.endAll();
    const raw = objectOf(delta, 'usage');
    const usage = raw === undefined ? null : readCohereUsage(raw);
    if (raw !== undefined && usage !== null)
      this.emit({ type: 'usage-update', usage, raw: { format: FORMAT, value: raw } });
    this.#extend(restOf(fields, HEAD, FORMAT));
    this.#extend(restOf(delta, END_DELTA, FORMAT));
    this.emit({
      type: 'choice-finish',
      choice: 0,
      finish: reason === undefined ? { reason: 'other' } : finishOf(reason),
    });
    this.complete();
  }
}

function isFailure(delta: JsonFields, reason: string | undefined): boolean {
  return (delta['error'] ?? null) !== null || reason === 'ERROR' || reason === 'TIMEOUT';
}

/** A failure says why in `message`. */
function errorWithoutType(fields: JsonFields): ReturnType<typeof errorInside> {
  const says = typeof fields['message'] === 'string' || (fields['error'] ?? null) !== null;
  return says ? errorInside(FORMAT, fields) : wireError('malformed', 'An event of the stream has no type.');
}

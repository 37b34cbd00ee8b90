import {
  type AnswerStart,
  type ChoiceFinish,
  type Extensions,
  type JsonFields,
  type StreamEvent,
  type UsageUpdate,
  type WireError,
  wireError,
} from '../../protocol/index.js';
import { given, isFields, reportExtensions } from '../fields.js';
import type { EncodeAnswerContext, StreamEncoder } from '../wire-format.js';
import { idMaker, responseOf, type ToldEnd, usageFields } from './encode-answer.js';
import type { ItemEncoding } from './encode-items.js';
import { errorEventFields, failureFields } from './errors.js';
import { EventWriter, Output } from './event-writer.js';
import { type Ending, endingOf } from './finish.js';
import { FORMAT } from './shapes.js';
import type { Out } from './written-item.js';
import { WrittenParts } from './written-parts.js';

/** Characters of an answer that are kept, because its end repeats them; more is an error. */
const MAX_KEPT_CHARS = 16 << 20;

/**
 * Writes a stream of Responses events with their numbers, each with its `event:` line. Items stand in the order of their
 * beginnings and may be open side by side; the end of each waits for the event behind it, which tells whether the answer was
 * cut off there. The last event repeats the whole response, so its text is kept, at most 16 Mi characters. A failed stream
 * ends with `error` and, where the response had begun, `response.failed`.
 */
export function encodeEvents(context: EncodeAnswerContext): StreamEncoder {
  return new ResponseEventEncoder(context);
}

class ResponseEventEncoder implements StreamEncoder {
  readonly #context: EncodeAnswerContext;
  readonly #writer = new EventWriter();
  readonly #output = new Output();
  #start: AnswerStart | null = null;
  #parts: WrittenParts | null = null;
  #usage: UsageUpdate | null = null;
  #finish: ChoiceFinish | null = null;
  /** Fields of the response that came behind its beginning. */
  readonly #late: Out = {};
  #kept = 0;
  #over = false;

  constructor(context: EncodeAnswerContext) {
    this.#context = context;
  }

  push(event: StreamEvent): string {
    if (this.#over) return '';
    if ('text' in event) {
      this.#kept += event.text.length;
      if (this.#kept > MAX_KEPT_CHARS)
        return this.#fail(wireError('frame-too-large', 'The answer is too long to be repeated at its end.'));
    }
    const choice = 'choice' in event ? (event.choice ?? 0) : 0;
    if (choice === 0) return this.#one(event);
    this.#context.report.add(`choices[${String(choice)}]`, 'the target has one choice');
    return '';
  }

  #one(event: StreamEvent): string {
    switch (event.type) {
      case 'answer-start':
        return this.#begin(event);
      case 'choice-finish':
        return this.#choiceFinish(event);
      case 'usage-update':
        this.#usage = event;
        return '';
      case 'extensions-add':
        return this.#extend(event.extensions);
      case 'keep-alive':
        return ':\n\n';
      case 'answer-end':
        return this.#end();
      case 'error':
        return this.#fail(event.error);
      default:
        return this.#parts?.push(event) ?? '';
    }
  }

  #begin(event: AnswerStart): string {
    const { report } = this.#context;
    this.#start = event;
    const own = event.source === FORMAT;
    reportExtensions(report, event.extensions, FORMAT, '');
    const encoding: ItemEncoding = { own, toCaller: true, report, makeId: idMaker(event, this.#context) };
    this.#parts = new WrittenParts({ writer: this.#writer, output: this.#output, own }, encoding);
    const response = this.#response({ ending: { status: 'in_progress' }, output: [] });
    return (
      this.#writer.event('response.created', { response }) + this.#writer.event('response.in_progress', { response })
    );
  }

  #response(end: ToldEnd): Out {
    return responseOf(this.#start ?? {}, this.#context, end);
  }

  #choiceFinish(event: ChoiceFinish): string {
    const { report } = this.#context;
    reportExtensions(report, event.extensions, FORMAT, 'choices[0]');
    this.#finish = event;
    if (event.echo?.format === FORMAT) Object.assign(this.#late, event.echo.value);
    return this.#parts?.settle(this.#ending().status) ?? '';
  }

  #ending(): Ending {
    return endingOf(this.#finish?.finish ?? null, this.#context.report);
  }

  /** Events and fields of the format's own. */
  #extend(extensions: Extensions): string {
    reportExtensions(this.#context.report, extensions, FORMAT, '');
    let out = '';
    for (const [name, value] of Object.entries(extensions[FORMAT] ?? {})) {
      if (!name.endsWith('.')) this.#late[name] = value;
      else if (isFields(value)) out += this.#ownEvent(name.slice(0, -1), value);
    }
    return out;
  }

  #ownEvent(type: string, event: JsonFields): string {
    if (!/^[\w.]+$/.test(type)) return '';
    return this.#writer.event(type, given({ ...event, type: undefined, sequence_number: undefined }));
  }

  #end(): string {
    this.#over = true;
    const ending = this.#ending();
    const settled = this.#parts?.settle(ending.status) ?? '';
    const usage = this.#usage === null ? undefined : usageFields(this.#usage.usage, this.#usage.raw);
    const response = { ...this.#response({ ending, output: this.#output.items, usage }), ...this.#late };
    const type = ending.status === 'incomplete' || ending.status === 'cancelled' ? ending.status : 'completed';
    return settled + this.#writer.event(`response.${type}`, { response });
  }

  #fail(error: WireError): string {
    this.#over = true;
    const told = this.#writer.event('error', errorEventFields(error));
    if (this.#start === null) return told;
    const end: ToldEnd = { ending: { status: 'failed' }, output: this.#output.items, error: failureFields(error) };
    return told + this.#writer.event('response.failed', { response: this.#response(end) });
  }
}

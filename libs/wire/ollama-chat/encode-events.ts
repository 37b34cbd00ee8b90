import type {
  AnswerStart,
  Extensions,
  Finish,
  Part,
  PartStart,
  StreamEvent,
  SummaryDelta,
  TextDelta,
  ToolCallPart,
  UsageUpdate,
} from '../../protocol/index.js';
import { wireError } from '../../protocol/index.js';
import { given, jsonText, reportExtensions, writeExtensions } from '../fields.js';
import type { EncodeAnswerContext, StreamEncoder } from '../wire-format.js';
import { timeOf, usageFields } from './encode-answer.js';
import { spokenFields } from './encode-messages.js';
import { encodeToolCall, type Encoding, type Out } from './encode-parts.js';
import { errorFields } from './errors.js';
import { finishWord } from './finish.js';
import { encodeLogprobs } from './logprobs.js';
import { FORMAT } from './shapes.js';

/** Characters of arguments held back until their calls are whole. */
const MAX_ARGUMENT_CHARS = 4 << 20;

/**
 * Writes a stream of `POST /api/chat`: one JSON object a line. Calls go out whole, since this format knows no pieces of them.
 * The last line is `done`, with why and with the counts; a failed stream ends with `{"error":…}` instead.
 */
export function encodeEvents(context: EncodeAnswerContext): StreamEncoder {
  return new OllamaEventEncoder(context);
}

/** A call whose arguments are not whole. */
interface OpenCall {
  readonly part: ToolCallPart;
  text: string;
}

class OllamaEventEncoder implements StreamEncoder {
  readonly #context: EncodeAnswerContext;
  #encoding: Encoding;
  #head: Out = {};
  /** A line up to the text of its message, by the message's field. */
  #before = { content: '', thinking: '' };
  readonly #calls = new Map<number, OpenCall>();
  #callCount = 0;
  #heldChars = 0;
  #paragraph = 0;
  #usage: UsageUpdate | null = null;
  #finish: Finish | null = null;
  #over = false;

  constructor(context: EncodeAnswerContext) {
    this.#context = context;
    this.#encoding = { own: false, toCaller: true, report: context.report };
  }

  push(event: StreamEvent): string {
    if (this.#over || !this.#isTold(event)) return '';
    if ('text' in event) return event.type === 'summary-delta' ? this.#summary(event) : this.#text(event);
    switch (event.type) {
      case 'part-start':
        return this.#start(event);
      case 'part-end':
        return this.#end(event.index);
      case 'answer-start':
        this.#begin(event);
        return '';
      case 'answer-end':
        return this.#last();
      case 'error':
        this.#over = true;
        return `${jsonText(errorFields(event.error))}\n`;
      default:
        return this.#rest(event);
    }
  }

  #isTold(event: StreamEvent): boolean {
    const choice = 'choice' in event ? (event.choice ?? 0) : 0;
    if (choice !== 0) this.#context.report.add(`choices[${String(choice)}]`, 'the target has one choice');
    return choice === 0;
  }

  #begin({ source, model, created, extensions }: AnswerStart): void {
    const { report, model: called, created: now } = this.#context;
    this.#encoding = { ...this.#encoding, own: source === FORMAT };
    reportExtensions(report, extensions, FORMAT, '');
    this.#head = { model: called ?? model ?? '', created_at: timeOf(created ?? now) };
    const before = `${jsonText(this.#head).slice(0, -1)},"message":{"role":"assistant","content":`;
    this.#before = { content: before, thinking: `${before}"","thinking":` };
  }

  #text({ type, index, text }: TextDelta): string {
    if (text === '') return '';
    if (type === 'arguments-delta') return this.#arguments(index, text);
    return this.#words(type === 'reasoning-delta' ? 'thinking' : 'content', text);
  }

  /** Paragraphs of a summary are thoughts with an empty line between. */
  #summary({ paragraph, text }: SummaryDelta): string {
    const isNext = paragraph > this.#paragraph;
    this.#paragraph = paragraph;
    return text === '' ? '' : this.#words('thinking', isNext ? `\n\n${text}` : text);
  }

  #words(field: 'content' | 'thinking', text: string): string {
    return `${this.#before[field]}${JSON.stringify(text)}},"done":false}\n`;
  }

  #line(message: Out, more: Out = {}): string {
    return `${jsonText({ ...this.#head, message: { role: 'assistant', content: '', ...message }, ...more, done: false })}\n`;
  }

  #start({ index, part }: PartStart): string {
    const { report } = this.#context;
    this.#paragraph = 0;
    if (part.type === 'tool-call') {
      reportExtensions(report, part.extensions, FORMAT, this.#path(index));
      this.#calls.set(index, { part, text: part.arguments });
      return '';
    }
    const said = this.#said(part, index);
    return said === null ? '' : this.#line(said);
  }

  /** What a part brings at its start: images and summaries; words come later. `null`: nothing. */
  #said(part: Part, index: number): Out | null {
    const fields = spokenFields({ parts: [part] }, this.#encoding, this.#path(index).replace(/\.parts.*$/, ''));
    const { content, ...others } = fields;
    const told = given({ content: content === '' ? undefined : content, ...others });
    return Object.values(told).every((value) => value === '') ? null : told;
  }

  #path(index: number): string {
    return `choices[0].parts[${String(index)}]`;
  }

  #arguments(index: number, text: string): string {
    const call = this.#calls.get(index);
    // Of a tool the provider runs itself.
    if (call === undefined) return '';
    call.text += text;
    this.#heldChars += text.length;
    if (this.#heldChars <= MAX_ARGUMENT_CHARS) return '';
    return this.push({ type: 'error', error: wireError('frame-too-large', 'The arguments of a call are too long.') });
  }

  #end(index: number): string {
    const call = this.#calls.get(index);
    if (call === undefined) return '';
    this.#calls.delete(index);
    this.#heldChars -= call.text.length;
    const part = { ...call.part, arguments: call.text };
    return this.#line({ tool_calls: [encodeToolCall(part, this.#encoding, this.#path(index), this.#callCount++)] });
  }

  #rest(event: StreamEvent): string {
    const { report } = this.#context;
    switch (event.type) {
      case 'usage-update':
        this.#usage = event;
        return '';
      case 'choice-finish':
        this.#finish = event.finish;
        reportExtensions(report, event.extensions, FORMAT, 'choices[0]');
        return '';
      case 'logprobs-add':
        reportExtensions(report, event.logprobs.extensions, FORMAT, 'choices[0].logprobs');
        return this.#line({}, { logprobs: encodeLogprobs(event.logprobs) });
      case 'extensions-add':
        return this.#others(event.extensions);
      default:
        this.#lose(event);
        return '';
    }
  }

  /** Empty lines trip some clients: a keep-alive says nothing here. */
  #lose(event: StreamEvent): void {
    const { report } = this.#context;
    if (event.type === 'signature-set') {
      const field = event.encrypted === undefined ? 'signature' : 'encrypted';
      report.add(`${this.#path(event.index)}.${field}`, 'no place in the target');
    } else if (event.type === 'citation-add') {
      report.add(`${this.#path(event.index)}.citations`, 'not known to the target');
    } else if (event.type === 'audio-delta') {
      report.add(this.#path(event.index), 'no audio parts in the target');
    }
  }

  /** What only its own format knows, in a line of its own. */
  #others(extensions: Extensions): string {
    reportExtensions(this.#context.report, extensions, FORMAT, '');
    if (extensions[FORMAT] === undefined) return '';
    const line: Out = { ...this.#head, message: { role: 'assistant', content: '' }, done: false };
    writeExtensions(line, extensions, FORMAT);
    return `${jsonText(line)}\n`;
  }

  #last(): string {
    this.#over = true;
    const { report } = this.#context;
    const line = {
      ...this.#head,
      message: { role: 'assistant', content: '' },
      done: true,
      done_reason: finishWord(this.#finish, report),
      ...(this.#usage === null ? {} : usageFields(this.#usage.usage, this.#usage.raw)),
    };
    return `${jsonText(given(line))}\n`;
  }
}

import type {
  AnswerStart,
  Extensions,
  Part,
  PartStart,
  SignatureSet,
  StreamEvent,
  TextDelta,
  UsageUpdate,
} from '../../protocol/index.js';
import { given, jsonText, reportExtensions, writeExtensions } from '../fields.js';
import { PartQueue } from '../part-queue.js';
import type { EncodeAnswerContext, StreamEncoder } from '../wire-format.js';
import { usageFields } from './encode-answer.js';
import { encodeCitation, encodePart, encodeToolCall, type Encoding, type Out } from './encode-content.js';
import { finishWord } from './finish.js';
import { encodeLogprobs } from './logprobs.js';
import { FORMAT } from './shapes.js';

/** Writes a stream of `POST /v2/chat`. A failed one ends with `message-end` and the reason `ERROR`, without `[DONE]`. */
export function encodeEvents(context: EncodeAnswerContext): StreamEncoder {
  return new CohereEventEncoder(context);
}

/** The part that is open: a piece of content, a plan, or a call. */
interface OpenPart {
  readonly part: Part;
  readonly kind: 'text' | 'thinking' | 'plan' | 'call' | 'none';
  readonly wireIndex: number;
  /** Characters of its text so far: citations want their end. */
  chars: number;
}

class CohereEventEncoder implements StreamEncoder {
  readonly #context: EncodeAnswerContext;
  readonly #queue: PartQueue;
  #encoding: Encoding;
  #open: OpenPart | null = null;
  #contents = 0;
  #calls = 0;
  #citations = 0;
  #paragraph = 0;
  #usage: UsageUpdate | null = null;
  #reason = 'COMPLETE';
  #over = false;

  constructor(context: EncodeAnswerContext) {
    this.#context = context;
    this.#queue = new PartQueue(context.report);
    this.#encoding = { own: false, toCaller: true, report: context.report };
  }

  push(event: StreamEvent): string {
    let out = '';
    for (const one of this.#queue.push(event)) if (!this.#over && this.#isTold(one)) out += this.#one(one);
    return out;
  }

  #isTold(event: StreamEvent): boolean {
    const choice = 'choice' in event ? (event.choice ?? 0) : 0;
    if (choice !== 0) this.#context.report.add(`choices[${String(choice)}]`, 'the target has one choice');
    return choice === 0;
  }

  #one(event: StreamEvent): string {
    if ('text' in event && event.type !== 'summary-delta') return this.#text(event);
    switch (event.type) {
      case 'part-start':
        return this.#start(event);
      case 'part-end':
        return this.#end();
      case 'answer-start':
        return this.#begin(event);
      case 'answer-end':
        return this.#finish();
      case 'error':
        return this.#fail(event.error.kind === 'timeout' ? 'TIMEOUT' : 'ERROR', event.error.message);
      default:
        return this.#rest(event);
    }
  }

  #rest(event: StreamEvent): string {
    switch (event.type) {
      case 'summary-delta':
        return this.#summary(event.paragraph, event.text);
      case 'citation-add':
        return this.#citation(event);
      case 'signature-set':
        this.#lose(event);
        return '';
      case 'audio-delta':
        this.#context.report.add('choices[0].parts', 'the target takes no sound');
        return '';
      case 'logprobs-add':
        return this.#logprobs(event);
      case 'keep-alive':
        return ':\n\n';
      default:
        this.#keep(event);
        return '';
    }
  }

  #keep(event: StreamEvent): void {
    if (event.type === 'usage-update') this.#usage = event;
    else if (event.type === 'choice-finish') this.#reason = finishWord(event.finish, this.#context.report);
    if ('extensions' in event) this.#loseExtensions(event.extensions);
  }

  #loseExtensions(extensions: Extensions | undefined): void {
    reportExtensions(this.#context.report, extensions, FORMAT, '');
  }

  #lose({ index, encrypted }: SignatureSet): void {
    const field = encrypted === undefined ? 'signature' : 'encrypted';
    this.#context.report.add(`${this.#path(index)}.${field}`, 'no place in the target');
  }

  #path(index: number): string {
    return `choices[0].parts[${String(index)}]`;
  }

  #begin({ id, source, extensions }: AnswerStart): string {
    this.#encoding = { ...this.#encoding, own: source === FORMAT };
    this.#loseExtensions(extensions);
    const message = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] };
    return frame('message-start', { id: id ?? this.#context.id, delta: { message } });
  }

  #start({ index, part }: PartStart): string {
    this.#paragraph = 0;
    const kind = kindOf(part, this.#encoding.own);
    const wireIndex = kind === 'call' ? this.#calls : this.#contents;
    this.#open = { part, kind, wireIndex, chars: 0 };
    if (kind === 'none') return this.#whole(part, this.#path(index));
    reportExtensions(this.#context.report, part.extensions, FORMAT, this.#path(index));
    if (kind === 'plan') return '';
    if (part.type === 'tool-call') {
      this.#calls++;
      const call = encodeToolCall({ ...part, arguments: '' }, { ...this.#encoding, own: true }, this.#path(index));
      return frame('tool-call-start', { index: wireIndex, delta: { message: { tool_calls: call } } });
    }
    if (part.type === 'refusal') this.#context.report.add(this.#path(index), 'a refusal is told as text');
    const content: Out = { type: kind, [kind]: '' };
    writeExtensions(content, part.extensions, FORMAT);
    return this.#content(content);
  }

  #content(content: Out): string {
    return frame('content-start', { index: this.#contents++, delta: { message: { content } } });
  }

  /** What comes at once: words and opaque pieces; the rest has no place. */
  #whole(part: Part, path: string): string {
    const encoded = part.type === 'image' ? null : encodePart(part, this.#encoding, path);
    if (part.type === 'image') this.#context.report.add(path, 'the target has no images in an answer');
    if (encoded === null) return '';
    const index = this.#contents;
    return this.#content(encoded) + frame('content-end', { index });
  }

  #text({ type, text }: TextDelta): string {
    const open = this.#open;
    if (open === null || open.kind === 'none') return '';
    if (type !== 'arguments-delta') return this.#words(open, text);
    const delta = { message: { tool_calls: { function: { arguments: text } } } };
    return open.kind === 'call' ? frame('tool-call-delta', { index: open.wireIndex, delta }) : '';
  }

  #words(open: OpenPart, text: string): string {
    open.chars += text.length;
    if (open.kind === 'plan') return frame('tool-plan-delta', { delta: { message: { tool_plan: text } } });
    if (open.kind === 'call') return '';
    const delta = { message: { content: { [open.kind]: text } } };
    return frame('content-delta', { index: open.wireIndex, delta });
  }

  /** Paragraphs of a summary are thoughts here. */
  #summary(paragraph: number, text: string): string {
    if (this.#open?.kind !== 'thinking') return '';
    const between = paragraph > this.#paragraph ? '\n\n' : '';
    this.#paragraph = paragraph;
    return this.#words(this.#open, between + text);
  }

  #citation({ index, citation }: Extract<StreamEvent, { type: 'citation-add' }>): string {
    const { chars = 0, wireIndex = 0 } = this.#open ?? {};
    const encoded = encodeCitation({ start: 0, end: chars, ...citation }, wireIndex, citation.quote ?? '');
    if (encoded === null) {
      this.#context.report.add(`${this.#path(index)}.citations`, 'the target cannot cite this');
      return '';
    }
    const at = this.#citations++;
    const delta = { message: { citations: encoded } };
    return frame('citation-start', { index: at, delta }) + frame('citation-end', { index: at });
  }

  #logprobs({ logprobs }: Extract<StreamEvent, { type: 'logprobs-add' }>): string {
    this.#loseExtensions(logprobs.extensions);
    const { wireIndex = 0 } = this.#open ?? {};
    const items = encodeLogprobs(logprobs);
    return items
      .map((item) =>
        frame('content-delta', { index: wireIndex, delta: { message: { content: { text: '' } } }, logprobs: item }),
      )
      .join('');
  }

  #end(): string {
    const open = this.#open;
    this.#open = null;
    if (open === null || open.kind === 'plan' || open.kind === 'none') return '';
    return frame(open.kind === 'call' ? 'tool-call-end' : 'content-end', { index: open.wireIndex });
  }

  #finish(): string {
    this.#over = true;
    const usage = this.#usage === null ? undefined : usageFields(this.#usage.usage, this.#usage.raw);
    return `${frame('message-end', { delta: given({ finish_reason: this.#reason, usage }) })}data: [DONE]\n\n`;
  }

  #fail(reason: string, message: string): string {
    this.#over = true;
    return frame('message-end', { delta: { finish_reason: reason, error: message } });
  }
}

function kindOf(part: Part, own: boolean): OpenPart['kind'] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return 'text';
    case 'reasoning':
      return own && part.form === 'tool_plan' ? 'plan' : 'thinking';
    case 'tool-call':
      return 'call';
    default:
      return 'none';
  }
}

function frame(type: string, fields: Out): string {
  return `event: ${type}\ndata: ${jsonText({ type, ...fields })}\n\n`;
}

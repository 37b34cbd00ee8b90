import type {
  Extensions,
  Part,
  PartStart,
  SignatureSet,
  StreamEvent,
  SummaryDelta,
  TextDelta,
  UsageUpdate,
} from '../../protocol/index.js';
import { encodeEventStreamMessage } from '../../streaming/index.js';
import { given, isFields, jsonText, reportExtensions, writeExtensions } from '../fields.js';
import { PartQueue } from '../part-queue.js';
import { sealSignature } from '../signature-envelope.js';
import type { EncodeAnswerContext, StreamEncoder } from '../wire-format.js';
import { answerEncoding, usageFields } from './encode-answer.js';
import { encodeBlock, encodeCitation } from './encode-blocks.js';
import type { Encoding, Out } from './encoding.js';
import { exceptionName } from './errors.js';
import { finishWord } from './finish.js';
import { FORMAT } from './shapes.js';

/** Writes the frames of `converse-stream`. A failed stream ends with the frame of an exception. */
export function encodeEvents(context: EncodeAnswerContext): StreamEncoder {
  return new ConverseEventEncoder(context);
}

const NOTHING = Buffer.alloc(0);

class ConverseEventEncoder implements StreamEncoder {
  readonly #context: EncodeAnswerContext;
  readonly #queue: PartQueue;
  #encoding: Encoding;
  #part: Part | null = null;
  /** Whether the open part is a block of the stream, and whether anything of it was told. */
  #open = false;
  #told = false;
  #block = -1;
  #paragraph = 0;
  #usage: UsageUpdate | null = null;
  /** Fields of the last event, which only this format knows. */
  readonly #metadata: Out = {};
  /** Of the event before it. */
  readonly #additional: Out = {};
  #over = false;

  constructor(context: EncodeAnswerContext) {
    this.#context = context;
    this.#queue = new PartQueue(context.report);
    this.#encoding = answerEncoding(false, context.report);
  }

  push(event: StreamEvent): Buffer {
    const frames: Buffer[] = [];
    for (const one of this.#queue.push(event)) if (!this.#over && this.#isTold(one)) this.#event(one, frames);
    return frames.length === 0 ? NOTHING : frames.length === 1 ? frames[0]! : Buffer.concat(frames);
  }

  #isTold(event: StreamEvent): boolean {
    const choice = 'choice' in event ? (event.choice ?? 0) : 0;
    if (choice !== 0) this.#context.report.add(`choices[${String(choice)}]`, 'the target has one choice');
    return choice === 0;
  }

  #event(event: StreamEvent, frames: Buffer[]): void {
    if ('text' in event && event.type !== 'summary-delta') {
      this.#text(event, frames);
      return;
    }
    switch (event.type) {
      case 'answer-start':
        this.#encoding = answerEncoding(event.source === FORMAT, this.#context.report);
        frames.push(frame('messageStart', { role: 'assistant' }));
        this.#lose(event.extensions);
        return;
      case 'part-start':
        this.#start(event, frames);
        return;
      case 'part-end':
        this.#end(frames);
        return;
      case 'answer-end':
      case 'error':
        this.#last(event, frames);
        return;
      default:
        this.#other(event, frames);
    }
  }

  #other(event: StreamEvent, frames: Buffer[]): void {
    switch (event.type) {
      case 'summary-delta':
        this.#summary(event, frames);
        return;
      case 'signature-set':
        this.#signature(event, frames);
        return;
      case 'citation-add':
        this.#citation(event, frames);
        return;
      case 'audio-delta':
        if (event.transcript !== undefined) this.#delta({ text: event.transcript }, frames);
        return;
      case 'choice-finish':
        this.#finish(event, frames);
        return;
      default:
        this.#aside(event);
    }
  }

  #aside(event: StreamEvent): void {
    if (event.type === 'usage-update') this.#usage = event;
    else if (event.type === 'logprobs-add') this.#context.report.add('choices[0].logprobs', 'not known to the target');
    else if (event.type === 'extensions-add') this.#extend(event.extensions, event.choice);
  }

  #extend(extensions: Extensions, choice: number | undefined): void {
    this.#lose(extensions);
    const own = extensions[FORMAT];
    if (own === undefined || choice !== undefined) return;
    const { 'additionalModelResponseFields.': inner, additionalModelResponseFields: whole, ...rest } = own;
    if (isFields(inner ?? whole)) Object.assign(this.#additional, inner ?? whole);
    Object.assign(this.#metadata, rest);
  }

  #lose(extensions: Extensions | undefined): void {
    reportExtensions(this.#context.report, extensions, FORMAT, '');
  }

  #path(index: number): string {
    return `choices[0].parts[${String(index)}]`;
  }

  #start({ index, part }: PartStart, frames: Buffer[]): void {
    this.#part = part;
    this.#told = false;
    this.#paragraph = 0;
    this.#open = hasDeltas(part, this.#encoding.own);
    if (this.#open) {
      this.#block++;
      if (part.type === 'tool-call' || part.type === 'builtin-call') this.#startCall(part, frames);
      if (part.type === 'refusal') this.#context.report.add(this.#path(index), 'a refusal is told as text');
      if (part.type === 'audio') this.#context.report.add(this.#path(index), 'sound is told as its transcript');
      reportExtensions(this.#context.report, part.extensions, FORMAT, this.#path(index));
      return;
    }
    const encoded = encodeBlock(part, this.#encoding, this.#path(index));
    if (encoded !== null) this.#whole(encoded, this.#path(index), frames);
  }

  #startCall(part: Extract<Part, { type: 'tool-call' | 'builtin-call' }>, frames: Buffer[]): void {
    this.#told = true;
    const type = this.#encoding.own ? part.form : undefined;
    const toolUse = given({ toolUseId: part.id, name: part.name, type });
    writeExtensions(toolUse, part.extensions, FORMAT);
    frames.push(frame('contentBlockStart', { start: { toolUse }, contentBlockIndex: this.#block }));
  }

  /** A block that comes at once. */
  #whole(encoded: Out, path: string, frames: Buffer[]): void {
    const { text, toolResult, image } = encoded;
    const contentBlockIndex = this.#block + 1;
    const starts: Out | null = isFields(toolResult)
      ? { toolResult: given({ ...toolResult, content: undefined }) }
      : isFields(image)
        ? { image: { format: image['format'] } }
        : null;
    if (starts === null && typeof text !== 'string') {
      this.#context.report.add(path, 'no place in the stream of the target');
      return;
    }
    this.#block++;
    if (starts !== null) frames.push(frame('contentBlockStart', { start: starts, contentBlockIndex }));
    const delta = isFields(toolResult)
      ? { toolResult: toolResult['content'] ?? [] }
      : isFields(image)
        ? { image: { source: image['source'] } }
        : { text };
    frames.push(frame('contentBlockDelta', { delta, contentBlockIndex }));
    frames.push(frame('contentBlockStop', { contentBlockIndex }));
  }

  #delta(delta: Out, frames: Buffer[]): void {
    if (!this.#open) return;
    this.#told = true;
    frames.push(frame('contentBlockDelta', { delta, contentBlockIndex: this.#block }));
  }

  #text({ type, text }: TextDelta, frames: Buffer[]): void {
    if (type === 'arguments-delta') this.#delta({ toolUse: { input: text } }, frames);
    else if (type === 'reasoning-delta') this.#delta({ reasoningContent: { text } }, frames);
    else this.#delta({ text }, frames);
  }

  /** Paragraphs of a summary are thoughts here. */
  #summary({ paragraph, text }: SummaryDelta, frames: Buffer[]): void {
    if (paragraph > this.#paragraph) this.#delta({ reasoningContent: { text: '\n\n' } }, frames);
    this.#paragraph = paragraph;
    this.#delta({ reasoningContent: { text } }, frames);
  }

  /** Redacted thoughts are bytes; a seal of another format stands where texts may. */
  #signature({ signature, encrypted }: SignatureSet, frames: Buffer[]): void {
    const isRedacted = this.#part?.type === 'reasoning' && this.#part.redacted === true;
    if (isRedacted && encrypted?.origin === FORMAT) {
      this.#delta({ reasoningContent: { redactedContent: encrypted.value } }, frames);
      return;
    }
    if (this.#part?.type !== 'reasoning') {
      this.#context.report.add('choices[0].parts', 'no place for a signature in the target');
      return;
    }
    const seal = sealSignature({ signature, encrypted, id: this.#part.id }, FORMAT);
    if (seal !== undefined) this.#delta({ reasoningContent: { signature: seal } }, frames);
  }

  #citation({ index, citation }: Extract<StreamEvent, { type: 'citation-add' }>, frames: Buffer[]): void {
    const encoded = encodeCitation(citation, true);
    if (encoded === null) this.#context.report.add(`${this.#path(index)}.citations`, 'the target cannot cite this');
    else this.#delta({ citation: encoded }, frames);
  }

  /** Signed without a word: told in one delta where the part brought it with its start. */
  #end(frames: Buffer[]): void {
    const part = this.#part;
    this.#part = null;
    if (!this.#open) return;
    if (!this.#told && part?.type === 'reasoning') this.#unspoken(part, frames);
    if (!this.#told && part?.type === 'text') this.#delta({ text: '' }, frames);
    frames.push(frame('contentBlockStop', { contentBlockIndex: this.#block }));
    this.#open = false;
  }

  #unspoken(part: Extract<Part, { type: 'reasoning' }>, frames: Buffer[]): void {
    const seal = sealSignature(part, FORMAT);
    this.#delta({ reasoningContent: seal === undefined ? { text: '' } : { signature: seal } }, frames);
  }

  #finish({ finish, extensions }: Extract<StreamEvent, { type: 'choice-finish' }>, frames: Buffer[]): void {
    this.#lose(extensions);
    const stopReason = finishWord(finish, this.#context.report);
    if (finish.stopSequence !== undefined) this.#additional['stop_sequence'] = finish.stopSequence;
    const isEmpty = Object.keys(this.#additional).length === 0;
    frames.push(
      frame(
        'messageStop',
        given({ stopReason, additionalModelResponseFields: isEmpty ? undefined : this.#additional }),
      ),
    );
  }

  #last(event: Extract<StreamEvent, { type: 'answer-end' | 'error' }>, frames: Buffer[]): void {
    this.#over = true;
    if (event.type === 'error') {
      const name = exceptionName(event.error);
      frames.push(exceptionFrame(name.charAt(0).toLowerCase() + name.slice(1), event.error.message));
      return;
    }
    const usage = this.#usage === null ? undefined : usageFields(this.#usage.usage, this.#usage.raw);
    if (usage === undefined && Object.keys(this.#metadata).length === 0) return;
    frames.push(frame('metadata', given({ usage, ...this.#metadata })));
  }
}

/** Parts that come in pieces. */
function hasDeltas(part: Part, own: boolean): boolean {
  if (part.type === 'builtin-call') return own;
  return ['text', 'reasoning', 'refusal', 'tool-call', 'audio'].includes(part.type);
}

function frame(type: string, payload: Out): Buffer {
  const headers = { ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' };
  return encodeEventStreamMessage(headers, jsonText(payload));
}

function exceptionFrame(type: string, message: string): Buffer {
  const headers = { ':exception-type': type, ':content-type': 'application/json', ':message-type': 'exception' };
  return encodeEventStreamMessage(headers, jsonText({ message }));
}

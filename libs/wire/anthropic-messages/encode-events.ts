import type {
  AnswerStart,
  ChoiceFinish,
  JsonFields,
  Part,
  PartStart,
  SignatureSet,
  StreamEvent,
  TextDelta,
  UsageUpdate,
} from '../../protocol/index.js';
import { givenId, jsonText, reportExtensions } from '../fields.js';
import { PartQueue } from '../part-queue.js';
import { sealSignature } from '../signature-envelope.js';
import type { EncodeAnswerContext, StreamEncoder } from '../wire-format.js';
import { usageFields } from './encode-answer.js';
import { encodeBlock, encodeCitation, type Encoding, foreignSeal, hiddenThought } from './encode-blocks.js';
import { errorFields } from './errors.js';
import { finishWord } from './finish.js';
import { FORMAT } from './shapes.js';

/**
 * Writes a stream of Messages events, one block after the other, each with its `event:` line. The message begins with the
 * first event that is more than usage, so that it can tell the input tokens where they are known by then; the last
 * `message_delta` tells all of the usage. A failed stream ends with `event: error` and no `message_stop`.
 */
export function encodeEvents(context: EncodeAnswerContext): StreamEncoder {
  return new MessageEventEncoder(context);
}

/** The block that is open. */
interface OpenBlock {
  readonly type: Part['type'];
  readonly index: number;
  readonly wireIndex: number;
  /** Held back until it is known whether a thought can be read. */
  pending: Part | null;
}

class MessageEventEncoder implements StreamEncoder {
  readonly #context: EncodeAnswerContext;
  readonly #queue: PartQueue;
  #encoding: Encoding;
  #start: AnswerStart | null = null;
  #begun = false;
  #usage: UsageUpdate | null = null;
  #finish: ChoiceFinish | null = null;
  #hasRefusal = false;
  #blocks = 0;
  #open: OpenBlock | null = null;
  /** Of a text whose signature came at its end: told behind it where nothing follows. */
  #late: { readonly index: number; readonly block: JsonFields } | null = null;
  #over = false;

  constructor(context: EncodeAnswerContext) {
    this.#context = context;
    this.#queue = new PartQueue(context.report);
    this.#encoding = { own: false, toCaller: true, report: context.report };
  }

  push(event: StreamEvent): string {
    let out = '';
    for (const one of this.#queue.push(event)) if (!this.#over) out += this.#one(one);
    return out;
  }

  #one(event: StreamEvent): string {
    const choice = 'choice' in event ? (event.choice ?? 0) : 0;
    if (choice !== 0) return this.#otherChoice(choice);
    if ('text' in event && event.type !== 'summary-delta') return this.#text(event);
    switch (event.type) {
      case 'part-start':
        return this.#begin() + this.#part(event);
      case 'part-end':
        return this.#stop();
      default:
        return this.#ofMessage(event);
    }
  }

  #ofMessage(event: StreamEvent): string {
    switch (event.type) {
      case 'answer-start':
        return this.#answerStart(event);
      case 'usage-update':
        this.#usage = event;
        return '';
      case 'choice-finish':
        this.#finish = event;
        return '';
      case 'keep-alive':
        return this.#begin() + frame('ping', '{"type":"ping"}');
      case 'error':
        return this.#fail(event);
      case 'answer-end':
        return this.#end();
      default:
        return this.#rare(event);
    }
  }

  #rare(event: StreamEvent): string {
    switch (event.type) {
      case 'signature-set':
        return this.#signature(event);
      case 'summary-delta':
        return this.#words('thinking_delta', 'thinking', event.text);
      case 'citation-add':
        return this.#citation(event);
      case 'audio-delta':
        this.#lose(event.index, 'the target takes no sound');
        return '';
      case 'logprobs-add':
        this.#context.report.add('choices[0].logprobs', 'not known to the target');
        return '';
      case 'extensions-add':
        reportExtensions(this.#context.report, event.extensions, FORMAT, '');
        return '';
      default:
        return '';
    }
  }

  #otherChoice(choice: number): string {
    this.#context.report.add(`choices[${String(choice)}]`, 'the target has one choice');
    return '';
  }

  #answerStart(event: AnswerStart): string {
    this.#start = event;
    this.#encoding = { ...this.#encoding, own: event.source === FORMAT };
    reportExtensions(this.#context.report, event.extensions, FORMAT, '');
    return '';
  }

  #begin(): string {
    if (this.#begun) return '';
    this.#begun = true;
    const { id, model } = this.#context;
    const message = {
      ...this.#start?.extensions?.[FORMAT],
      id: givenId(this.#start?.id, id),
      type: 'message',
      role: 'assistant',
      model: model ?? this.#start?.model ?? '',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: this.#usageFields(),
    };
    return frame('message_start', jsonText({ type: 'message_start', message }));
  }

  #usageFields(): JsonFields {
    return usageFields(this.#usage?.usage ?? null, this.#usage?.raw);
  }

  #part({ index, part }: PartStart): string {
    if (part.type === 'refusal') this.#hasRefusal = true;
    const block = this.#blockOf(part, index);
    if (block === null) return '';
    const seal = foreignSeal(part, this.#encoding);
    this.#loseLate();
    const before = seal === null ? '' : this.#hidden(seal);
    const open: OpenBlock = { index, type: part.type, wireIndex: this.#blocks++, pending: null };
    this.#open = open;
    // Whether a thought of another format can be read is known only when its words come, or do not.
    if (part.type === 'reasoning' && part.redacted !== true && !this.#encoding.own) {
      open.pending = part;
      return before;
    }
    return before + this.#blockStart(open, block);
  }

  /** A block of its own for what only another format's provider reads. */
  #hidden(block: JsonFields): string {
    const wireIndex = this.#blocks++;
    const stop = `{"type":"content_block_stop","index":${String(wireIndex)}}`;
    return this.#blockStart({ wireIndex }, block) + frame('content_block_stop', stop);
  }

  /** Behind something else it would sign that. */
  #loseLate(): void {
    if (this.#late !== null) this.#lose(this.#late.index, 'no place for a signature between the blocks of the target');
    this.#late = null;
  }

  #blockStart({ wireIndex }: Pick<OpenBlock, 'wireIndex'>, block: JsonFields): string {
    return frame(
      'content_block_start',
      `{"type":"content_block_start","index":${String(wireIndex)},"content_block":${jsonText(block)}}`,
    );
  }

  /** The block of a part as its start shows it; `null` for parts the format has not. */
  #blockOf(part: Part, index: number): JsonFields | null {
    if (part.type === 'refusal') {
      this.#lose(index, 'a refusal is told as text');
      return { type: 'text', text: '' };
    }
    if (part.type === 'audio') return null;
    const block = encodeBlock(part, this.#encoding, `choices[0].parts[${String(index)}]`);
    return part.type === 'reasoning' && part.redacted !== true ? { signature: '', ...block } : block;
  }

  #lose(index: number, reason: string): void {
    this.#context.report.add(`choices[0].parts[${String(index)}]`, reason);
  }

  #text({ type, text, index }: TextDelta): string {
    if (this.#open?.index !== index) return '';
    switch (type) {
      case 'arguments-delta':
        return this.#words('input_json_delta', 'partial_json', text);
      case 'reasoning-delta':
        return this.#words('thinking_delta', 'thinking', text);
      default:
        return this.#words('text_delta', 'text', text);
    }
  }

  #words(type: string, field: string, text: string): string {
    if (this.#open === null) return '';
    const shown = this.#open.pending === null ? '' : this.#showThought(this.#open);
    return `${shown}${this.#delta(`{"type":"${type}","${field}":${JSON.stringify(text)}}`)}`;
  }

  #delta(delta: string): string {
    return `event: content_block_delta\ndata: {"type":"content_block_delta","index":${String(this.#open?.wireIndex)},"delta":${delta}}\n\n`;
  }

  #showThought(open: OpenBlock): string {
    open.pending = null;
    return this.#blockStart(open, { type: 'thinking', thinking: '', signature: '' });
  }

  #signature({ index, signature, encrypted }: SignatureSet): string {
    const open = this.#open;
    if (open?.index !== index) return '';
    if (open.type !== 'reasoning') {
      const late = sealSignature({ signature, encrypted }, FORMAT);
      if (late !== undefined) this.#late = { index, block: hiddenThought(late) };
      return '';
    }
    const id = open.pending?.type === 'reasoning' ? open.pending.id : undefined;
    const seal = sealSignature({ signature, encrypted, id }, FORMAT);
    if (seal === undefined) return '';
    if (open.pending === null) return this.#delta(jsonText({ type: 'signature_delta', signature: seal }));
    open.pending = null;
    if (encrypted !== undefined) return this.#blockStart(open, { type: 'redacted_thinking', data: seal });
    return this.#showThought(open) + this.#delta(jsonText({ type: 'signature_delta', signature: seal }));
  }

  #citation({ index, citation }: Extract<StreamEvent, { type: 'citation-add' }>): string {
    const encoded = encodeCitation(citation, true);
    if (encoded === null) this.#lose(index, 'the target cannot cite this');
    if (encoded === null || this.#open === null) return '';
    return this.#delta(jsonText({ type: 'citations_delta', citation: encoded }));
  }

  #stop(): string {
    const open = this.#open;
    if (open === null) return '';
    // A thought without words or seal is none; its number is free again.
    this.#open = null;
    if (open.pending !== null) {
      this.#blocks--;
      return '';
    }
    return frame('content_block_stop', `{"type":"content_block_stop","index":${String(open.wireIndex)}}`);
  }

  #end(): string {
    this.#over = true;
    const { report } = this.#context;
    const { finish = null, extensions } = this.#finish ?? {};
    reportExtensions(report, extensions, FORMAT, 'choices[0]');
    const outer: Record<string, unknown> = { ...extensions?.[FORMAT] };
    const delta: Record<string, unknown> = {
      stop_reason: finishWord(finish, this.#hasRefusal, report),
      stop_sequence: finish?.stopSequence ?? null,
    };
    for (const name of DELTA_FIELDS) {
      if (outer[name] === undefined) continue;
      delta[name] = outer[name];
      Reflect.deleteProperty(outer, name);
    }
    const event = { type: 'message_delta', delta, usage: deltaUsage(this.#usageFields()), ...outer };
    const late = this.#late === null ? '' : this.#hidden(this.#late.block);
    return (
      this.#begin() + late + frame('message_delta', jsonText(event)) + frame('message_stop', '{"type":"message_stop"}')
    );
  }

  #fail({ error }: Extract<StreamEvent, { type: 'error' }>): string {
    this.#over = true;
    return frame('error', jsonText({ type: 'error', error: errorFields(error) }));
  }
}

/** Fields that stand inside the `delta` of the last event. */
const DELTA_FIELDS = ['container', 'stop_details'] as const;

/** Told at the beginning only: clients with closed types know no such counts in the last event. */
const FIRST_USAGE: ReadonlySet<string> = new Set(['cache_creation', 'service_tier', 'inference_geo', 'speed']);

function deltaUsage(usage: JsonFields): JsonFields {
  return Object.fromEntries(Object.entries(usage).filter(([name]) => !FIRST_USAGE.has(name)));
}

function frame(event: string, data: string): string {
  return `event: ${event}\ndata: ${data}\n\n`;
}

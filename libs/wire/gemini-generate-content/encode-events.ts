import type {
  AudioPart,
  Finish,
  JsonFields,
  PartStart,
  ReasoningPart,
  SignatureSet,
  StreamEvent,
  SummaryDelta,
  TextDelta,
  ToolCallPart,
  UsageUpdate,
} from '../../protocol/index.js';
import { given, isFields, jsonText, reportExtensions, without } from '../fields.js';
import { sealSignature } from '../signature-envelope.js';
import type { EncodeAnswerContext, StreamEncoder } from '../wire-format.js';
import { answerEncoding, usageFields } from './encode-answer.js';
import type { Encoding } from './encode-media.js';
import { encodePart } from './encode-parts.js';
import { errorFields } from './errors.js';
import { finishWord } from './finish.js';
import { Grounding } from './grounding.js';
import { encodeLogprobs } from './logprobs.js';
import { mediaTypeOf } from './media-types.js';
import { FORMAT } from './shapes.js';

/** Characters of arguments held back until a call is whole. */
const MAX_ARGUMENT_CHARS = 4 << 20;

/**
 * Writes a stream of `GenerateContentResponse`: `data: {json}` and a blank line, nothing else, for clients that trip over
 * more. Calls go out whole, since this format knows no pieces of them. The last chunk brings the finish reasons and the
 * usage; a failed stream ends with `data: {"error":…}` instead.
 */
export function encodeEvents(context: EncodeAnswerContext): StreamEncoder {
  return new GeminiEventEncoder(context);
}

/** Fields that only this format knows and that are kept for the last chunk. */
const MAX_KEPT = 64;

/** What is kept of a candidate. */
interface OpenCandidate {
  readonly head: string;
  readonly tail: string;
  readonly calls: Map<number, { readonly part: ToolCallPart; text: string }>;
  readonly grounding: Grounding;
  /** The reasoning part begun last. */
  reasoning: { readonly index: number; readonly part: ReasoningPart; paragraph: number } | null;
  audio: AudioPart | null;
  finish: Finish | null;
  parts: number;
  /** Fields of its own format, for the last chunk. */
  extensions: JsonFields | undefined;
}

class GeminiEventEncoder implements StreamEncoder {
  readonly #context: EncodeAnswerContext;
  #encoding: Encoding;
  #head = '';
  readonly #candidates: OpenCandidate[] = [];
  #usage: UsageUpdate | null = null;
  #extensions: JsonFields | undefined;
  #over = false;

  constructor(context: EncodeAnswerContext) {
    this.#context = context;
    this.#encoding = answerEncoding(false, context.report);
  }

  push(event: StreamEvent): string {
    if (this.#over) return '';
    switch (event.type) {
      case 'text-delta':
      case 'reasoning-delta':
      case 'refusal-delta':
        return this.#text(event);
      case 'arguments-delta':
        return this.#arguments(event);
      case 'part-start':
        return this.#part(event);
      case 'part-end':
        return this.#partEnd(event.choice, event.index);
      case 'answer-end':
      case 'error':
        return this.#end(event);
      default:
        return this.#other(event);
    }
  }

  #other(event: StreamEvent): string {
    switch (event.type) {
      case 'answer-start':
        this.#start(event);
        return '';
      case 'choice-finish':
        this.#at(event.choice).finish = event.finish;
        reportExtensions(this.#context.report, event.extensions, FORMAT, pathOf(event.choice));
        return '';
      case 'usage-update':
        this.#usage = event;
        return '';
      case 'signature-set':
        return this.#signature(event);
      case 'summary-delta':
        return this.#summary(event);
      case 'citation-add':
        this.#citation(event);
        return '';
      case 'audio-delta':
        return this.#audio(event);
      case 'logprobs-add':
        return this.#logprobs(event);
      case 'extensions-add':
        this.#keep(event);
        return '';
      default:
        return '';
    }
  }

  #start({ source, id, model, created, extensions }: Extract<StreamEvent, { type: 'answer-start' }>): void {
    const { report, id: madeId, model: called } = this.#context;
    const own = source === FORMAT;
    this.#encoding = answerEncoding(own, report);
    reportExtensions(report, extensions, FORMAT, '');
    const name = called ?? model ?? (own ? undefined : '');
    const answerId = id ?? madeId;
    const time = own && created !== undefined ? `,"createTime":"${timeOf(created)}"` : '';
    this.#head = `${time}${name === undefined ? '' : `,"modelVersion":${jsonText(name)}`},"responseId":${jsonText(answerId)}`;
  }

  #at(choice: number): OpenCandidate {
    return (this.#candidates[choice] ??= {
      head: 'data: {"candidates":[{"content":{"parts":[',
      tail: `],"role":"model"},"index":${String(choice)}}]${this.#head}}\n\n`,
      calls: new Map(),
      grounding: new Grounding(),
      reasoning: null,
      audio: null,
      finish: null,
      parts: 0,
      extensions: undefined,
    });
  }

  #chunk(choice: number, part: string): string {
    const { head, tail } = this.#at(choice);
    return head + part + tail;
  }

  #text({ type, choice, text }: TextDelta): string {
    const thought = type === 'reasoning-delta' ? ',"thought":true' : '';
    return this.#chunk(choice, `{"text":${JSON.stringify(text)}${thought}}`);
  }

  #part(event: PartStart): string {
    const { choice, index, part } = event;
    const candidate = this.#at(choice);
    candidate.parts++;
    switch (part.type) {
      case 'text':
        return part.signature === undefined ? '' : this.#signed(choice, { signature: part.signature }, false);
      case 'refusal':
        this.#context.report.add(`${pathOf(choice)}.parts[${String(index)}]`, 'a refusal is told as text');
        return '';
      case 'tool-call':
        candidate.calls.set(index, { part, text: part.arguments });
        return '';
      case 'reasoning':
        return this.#thought(choice, index, part);
      case 'audio':
        if (part.source.kind !== 'data' || part.source.data !== '') return this.#whole(event);
        candidate.audio = part;
        return '';
      default:
        return this.#whole(event);
    }
  }

  #whole({ choice, index, part }: PartStart): string {
    const out = encodePart(part, this.#encoding, `${pathOf(choice)}.parts[${String(index)}]`);
    return out === null ? '' : this.#chunk(choice, jsonText(out));
  }

  #thought(choice: number, index: number, part: ReasoningPart): string {
    this.#at(choice).reasoning = { index, part, paragraph: 0 };
    const words = part.summary?.join('\n\n') ?? '';
    const told = words === '' ? '' : this.#chunk(choice, jsonText({ text: words, thought: true }));
    const kept = part.signature ?? part.encrypted;
    return kept === undefined ? told : told + this.#signed(choice, part, true);
  }

  #signed(choice: number, part: Pick<ReasoningPart, 'signature' | 'encrypted' | 'id'>, thought: boolean): string {
    const thoughtSignature = sealSignature(part, FORMAT);
    return this.#chunk(choice, jsonText(given({ text: '', thought: thought || undefined, thoughtSignature })));
  }

  #signature({ choice, index, signature, encrypted }: SignatureSet): string {
    const { calls, reasoning } = this.#at(choice);
    const call = calls.get(index);
    if (call !== undefined) {
      calls.set(index, { part: { ...call.part, signature: signature ?? encrypted }, text: call.text });
      return '';
    }
    const isThought = reasoning?.index === index;
    return this.#signed(choice, { signature, encrypted, id: isThought ? reasoning.part.id : undefined }, isThought);
  }

  /** Paragraphs of a summary are thoughts with an empty line between. */
  #summary({ choice, index, paragraph, text }: SummaryDelta): string {
    const { reasoning } = this.#at(choice);
    const isNext = reasoning?.index === index && reasoning.paragraph !== paragraph;
    if (isNext) reasoning.paragraph = paragraph;
    return this.#chunk(choice, `{"text":${JSON.stringify(isNext ? `\n\n${text}` : text)},"thought":true}`);
  }

  #arguments({ choice, index, text }: TextDelta): string {
    const call = this.#at(choice).calls.get(index);
    // Of a tool the provider runs itself.
    if (call === undefined) return '';
    call.text += text;
    if (call.text.length <= MAX_ARGUMENT_CHARS) return '';
    this.#over = true;
    return `data: ${jsonText({ error: { code: 502, message: 'The arguments of a call are too long.', status: 'INTERNAL' } })}\n\n`;
  }

  #partEnd(choice: number, index: number): string {
    const { calls } = this.#at(choice);
    const call = calls.get(index);
    if (call === undefined) return '';
    calls.delete(index);
    const path = `${pathOf(choice)}.parts[${String(index)}]`;
    return this.#chunk(choice, jsonText(encodePart({ ...call.part, arguments: call.text }, this.#encoding, path)));
  }

  /** The text is gone; a place that is none of an ASCII text would be a wrong one. */
  #citation({ choice, index, citation }: Extract<StreamEvent, { type: 'citation-add' }>): void {
    if (this.#encoding.own) return;
    const path = `${pathOf(choice)}.parts[${String(index)}].citations`;
    this.#at(choice).grounding.add(citation, given({ text: citation.quote }), this.#context.report, path);
  }

  #audio({ choice, index, data, transcript, extensions }: Extract<StreamEvent, { type: 'audio-delta' }>): string {
    const { audio } = this.#at(choice);
    const { report } = this.#context;
    const path = `${pathOf(choice)}.parts[${String(index)}]`;
    if (transcript !== undefined) report.add(`${path}.transcript`, 'not known to the target');
    reportExtensions(report, extensions, FORMAT, path);
    if (data === undefined || audio === null) return '';
    const mimeType = mediaTypeOf(audio.source, 'audio', report, path);
    return this.#chunk(choice, jsonText({ inlineData: { mimeType, data } }));
  }

  #logprobs({ choice, logprobs }: Extract<StreamEvent, { type: 'logprobs-add' }>): string {
    const candidate = {
      content: { parts: [{ text: '' }], role: 'model' },
      logprobsResult: encodeLogprobs(logprobs),
      index: choice,
    };
    return `data: {"candidates":[${jsonText(candidate)}]${this.#head}}\n\n`;
  }

  /** What only its own format knows goes into the last chunk; what others know is lost. */
  #keep({ choice, extensions }: Extract<StreamEvent, { type: 'extensions-add' }>): void {
    reportExtensions(this.#context.report, extensions, FORMAT, choice === undefined ? '' : pathOf(choice));
    const own = extensions[FORMAT];
    if (own === undefined) return;
    if (choice === undefined) this.#extensions = together(this.#extensions, own);
    else {
      const candidate = this.#at(choice);
      candidate.extensions = together(candidate.extensions, own);
    }
  }

  #end(event: Extract<StreamEvent, { type: 'answer-end' | 'error' }>): string {
    this.#over = true;
    if (event.type === 'error') return `data: ${jsonText({ error: errorFields(event.error) })}\n\n`;
    const candidates = this.#candidates.map((candidate, choice) => this.#last(candidate, choice));
    const list = this.#isBlocked() ? '' : `"candidates":${jsonText(candidates.filter(isFields))},`;
    const usage = this.#usage;
    const fields = {
      ...(usage === null ? {} : { usageMetadata: usageFields(usage.usage, usage.raw) }),
      ...this.#extensions,
    };
    const rest = jsonText(fields).slice(1, -1);
    return `data: {${list}${rest}${rest === '' ? this.#head.slice(1) : this.#head}}\n\n`;
  }

  /** A refused prompt has a verdict instead of candidates. */
  #isBlocked(): boolean {
    const [first] = this.#candidates;
    const feedback = this.#extensions?.['promptFeedback'];
    return isFields(feedback) && feedback['blockReason'] === first?.finish?.raw && first?.parts === 0;
  }

  #last({ finish, grounding, extensions }: OpenCandidate, choice: number): JsonFields {
    return given({
      content: { parts: [{ text: '' }], role: 'model' },
      finishReason: finish === null ? 'STOP' : finishWord(finish, this.#context.report, `${pathOf(choice)}.finish`),
      index: choice,
      groundingMetadata: grounding.fields(),
      ...without(extensions ?? {}, 'content.'),
    });
  }
}

/** The newest value of each name. A stream that makes up a new name with every event is heard for the first ones only. */
function together(kept: JsonFields | undefined, own: JsonFields): JsonFields {
  const all = Object.entries({ ...kept, ...own });
  return Object.fromEntries(all.length > MAX_KEPT ? all.slice(0, MAX_KEPT) : all);
}

/** What is no possible time is told as the beginning of all. */
function timeOf(seconds: number): string {
  const time = new Date(seconds * 1000);
  return Number.isNaN(time.getTime()) ? new Date(0).toISOString() : time.toISOString();
}

function pathOf(choice: number): string {
  return `choices[${String(choice)}]`;
}

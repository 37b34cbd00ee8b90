import type {
  AnswerStart,
  Extensions,
  PartStart,
  SignatureSet,
  StreamEvent,
  SummaryDelta,
  TextDelta,
  UsageUpdate,
} from '../../protocol/index.js';
import { jsonText, reportExtensions } from '../fields.js';
import type { EncodeAnswerContext, StreamEncoder } from '../wire-format.js';
import { encodeAnnotation, encodeLogprobs, usageFields } from './encode-answer.js';
import { encodePart } from './encode-parts.js';
import { errorFields } from './errors.js';
import { finishWord } from './finish.js';
import { sealedDetails } from './encode-reasoning.js';
import { FORMAT } from './shapes.js';

/**
 * Writes a stream of `chat.completion.chunk`. Every choice begins with its role; usage comes in a last chunk without choices
 * where it is asked for; `[DONE]` ends a complete stream, and only that: a failed one ends with `data: {"error":…}`.
 */
export function encodeEvents(context: EncodeAnswerContext): StreamEncoder {
  return new ChatEventEncoder(context);
}

/** What is kept of a choice. */
interface OpenChoice {
  calls: number;
  /** Index of a tool call by its part. */
  readonly callOf: Map<number, number>;
  /** Characters of text so far: citations count from the answer's first one. */
  chars: number;
  charsBeforePart: number;
}

const DELTA_FIELD = {
  'text-delta': 'content',
  'reasoning-delta': 'reasoning_content',
  'refusal-delta': 'refusal',
} as const;

class ChatEventEncoder implements StreamEncoder {
  readonly #context: EncodeAnswerContext;
  /** A chunk up to its choices. */
  #head = '';
  readonly #choices: OpenChoice[] = [];
  #usage: UsageUpdate | null = null;
  #over = false;

  constructor(context: EncodeAnswerContext) {
    this.#context = context;
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
      case 'answer-start':
        this.#start(event);
        return '';
      case 'part-start':
        return this.#part(event);
      case 'answer-end':
      case 'error':
        return this.#end(event);
      default:
        return this.#other(event);
    }
  }

  #other(event: StreamEvent): string {
    switch (event.type) {
      case 'choice-finish':
        return this.#finish(event);
      case 'usage-update':
        this.#usage = event;
        return '';
      case 'signature-set':
        return this.#signature(event);
      case 'summary-delta':
        return this.#summary(event);
      case 'citation-add':
        return this.#citation(event);
      case 'audio-delta':
        return this.#audio(event);
      case 'logprobs-add':
        return this.#chunk(event.choice, '{}', jsonText(encodeLogprobs(event.logprobs)));
      case 'extensions-add':
        this.#lose(event.extensions, event.choice);
        return '';
      case 'keep-alive':
        return ':\n\n';
      default:
        return '';
    }
  }

  #start({ id, created, model, source, serviceTier, extensions }: AnswerStart): void {
    const { report, ...fallback } = this.#context;
    const own = source === FORMAT;
    const tier = own && serviceTier !== undefined ? `,"service_tier":${jsonText(serviceTier)}` : '';
    const fingerprint = extensions?.[FORMAT]?.['system_fingerprint'];
    reportExtensions(report, extensions, FORMAT, '');
    this.#head =
      `data: {"id":${jsonText(id ?? fallback.id)},"object":"chat.completion.chunk",` +
      `"created":${String(created ?? fallback.created)},"model":${jsonText(fallback.model ?? model ?? '')}${tier}` +
      `${fingerprint === undefined ? '' : `,"system_fingerprint":${jsonText(fingerprint)}`},"choices":[`;
  }

  #chunk(choice: number, delta: string, logprobs = 'null', reason = 'null'): string {
    const begun = this.#choices[choice] === undefined ? this.#begin(choice) : '';
    return `${begun}${this.#head}{"index":${String(choice)},"delta":${delta},"logprobs":${logprobs},"finish_reason":${reason}}]}\n\n`;
  }

  #begin(choice: number): string {
    this.#choices[choice] = { calls: 0, callOf: new Map(), chars: 0, charsBeforePart: 0 };
    return this.#chunk(choice, '{"role":"assistant","content":""}');
  }

  #state(choice: number): OpenChoice {
    return (this.#choices[choice] ??= { calls: 0, callOf: new Map(), chars: 0, charsBeforePart: 0 });
  }

  #text({ type, choice, text }: TextDelta): string {
    const out = this.#chunk(choice, `{"${DELTA_FIELD[type as 'text-delta']}":${JSON.stringify(text)}}`);
    if (type === 'text-delta') this.#choices[choice]!.chars += text.length;
    return out;
  }

  #part({ choice, index, part }: PartStart): string {
    const begun = this.#choices[choice] === undefined ? this.#begin(choice) : '';
    const state = this.#state(choice);
    if (part.type === 'text') state.charsBeforePart = state.chars;
    if (part.type === 'tool-call') {
      const at = state.calls++;
      state.callOf.set(index, at);
      const { kind, id, name, signature } = part;
      const called = kind === 'custom' ? { name, input: '' } : { name, arguments: '' };
      const extra =
        signature?.origin === 'gemini-generate-content'
          ? { extra_content: { google: { thought_signature: signature.value } } }
          : {};
      const type = kind === 'custom' ? 'custom' : 'function';
      return begun + this.#chunk(choice, jsonText({ tool_calls: [{ index: at, id, type, [type]: called, ...extra }] }));
    }
    return begun + this.#wholePart({ type: 'part-start', choice, index, part });
  }

  /** Parts that come whole: an image in the field others use for it, words as words, the rest is lost. */
  #wholePart({ choice, index, part }: PartStart): string {
    const path = `choices[${String(choice)}].parts[${String(index)}]`;
    const encoding = { own: false, report: this.#context.report };
    switch (part.type) {
      case 'text':
      case 'reasoning':
      case 'refusal':
      case 'audio':
        return '';
      case 'json':
        return this.#chunk(choice, jsonText({ content: jsonText(part.value) }));
      case 'image': {
        const image = encodePart(part, encoding, path);
        return image === null ? '' : this.#chunk(choice, jsonText({ images: [{ ...image, index: 0 }] }));
      }
      default:
        encodePart(part, encoding, path);
        return '';
    }
  }

  #arguments({ choice, index, text }: TextDelta): string {
    const at = this.#state(choice).callOf.get(index);
    // Of a tool the provider runs itself.
    if (at === undefined) return '';
    return this.#chunk(
      choice,
      `{"tool_calls":[{"index":${String(at)},"function":{"arguments":${JSON.stringify(text)}}}]}`,
    );
  }

  /** A format with one field for thoughts tells the summary there. */
  #summary({ choice, text }: SummaryDelta): string {
    return this.#chunk(choice, `{"reasoning_content":${JSON.stringify(text)}}`);
  }

  #signature({ choice, signature, encrypted }: SignatureSet): string {
    return this.#chunk(choice, jsonText({ reasoning_details: sealedDetails({ signature, encrypted }) }));
  }

  #citation(event: Extract<StreamEvent, { type: 'citation-add' }>): string {
    const { choice, index, citation } = event;
    if (citation.url === undefined) {
      const path = `choices[${String(choice)}].parts[${String(index)}].citations`;
      this.#context.report.add(path, 'the target cites URLs only');
      return '';
    }
    const { chars, charsBeforePart } = this.#state(choice);
    const placed = { start: 0, end: chars - charsBeforePart, ...citation };
    return this.#chunk(choice, jsonText({ annotations: [encodeAnnotation(placed, charsBeforePart)] }));
  }

  #audio({ choice, data, transcript, extensions }: Extract<StreamEvent, { type: 'audio-delta' }>): string {
    const audio = { ...extensions?.[FORMAT], data, transcript };
    return this.#chunk(choice, jsonText({ audio }));
  }

  #finish({ choice, finish, extensions }: Extract<StreamEvent, { type: 'choice-finish' }>): string {
    if (extensions !== undefined) this.#lose(extensions, choice);
    const reason = finishWord(finish, this.#context.report, `choices[${String(choice)}].finish`);
    return this.#chunk(choice, '{}', 'null', jsonText(reason));
  }

  #lose(extensions: Extensions, choice: number | undefined): void {
    const path = choice === undefined ? '' : `choices[${String(choice)}]`;
    reportExtensions(this.#context.report, extensions, FORMAT, path);
  }

  #end(event: Extract<StreamEvent, { type: 'answer-end' | 'error' }>): string {
    this.#over = true;
    if (event.type === 'error') return `data: ${jsonText({ error: errorFields(event.error) })}\n\n`;
    const usage = this.#usage;
    if (usage === null || this.#context.includeUsage !== true) return 'data: [DONE]\n\n';
    return `${this.#head}],"usage":${jsonText(usageFields(usage.usage, usage.raw))}}\n\ndata: [DONE]\n\n`;
  }
}

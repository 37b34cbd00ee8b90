import { type JsonFields, type Part, type StreamEvent, type TextDelta, wireError } from '../../protocol/index.js';
import { parsed } from '../answer-bytes.js';
import { AlikeSseEventDecoder } from '../event-decoder.js';
import { isFields, jsonText, listOf, objectOf, textOf } from '../fields.js';
import type { DecodeEventsOptions, StreamDecoder } from '../wire-format.js';
import { headOf, type ResponseHead, usageIn } from './decode-answer.js';
import { decodeAnnotation } from './decode-parts.js';
import { errorIn } from './errors.js';
import { finishIn } from './finish.js';
import { decodeTokens } from './logprobs.js';
import { FORMAT } from './shapes.js';
import { type OpenItem, OpenItems } from './stream-items.js';
import { PartSink } from './stream-parts.js';

/**
 * Reads a stream of `POST /v1/responses`. It ends with `response.completed`, `response.incomplete` or `response.cancelled`,
 * and with an error after `response.failed` or `error`; without any of them the answer is `incomplete`. What the end of a
 * part, an item or the response repeats is told as far as no delta told it. Words for an item nobody began begin it;
 * arguments of such a call are `malformed`. Unknown events are kept as extensions.
 */
export function decodeEvents(options: DecodeEventsOptions = {}): StreamDecoder {
  return new ResponseEventDecoder(options.maxFrameBytes);
}

/** Which part the words of an event belong to. */
const WORDS: Readonly<Record<string, Part['type']>> = {
  'response.output_text.delta': 'text',
  'response.function_call_arguments.delta': 'tool-call',
  'response.custom_tool_call_input.delta': 'tool-call',
  'response.mcp_call_arguments.delta': 'tool-call',
  'response.code_interpreter_call_code.delta': 'tool-call',
  'response.reasoning_text.delta': 'reasoning',
  'response.refusal.delta': 'refusal',
};

/** What these say the end of their part or item says again. */
const REPEATED =
  /^response\.(?:(?:output_text|refusal|reasoning_text|reasoning_summary_text|\w+_arguments|\w+_input|\w+_code)\.done|reasoning_summary_part\.(?:added|done))$/;
/** One of the provider's own tools is at work. */
const PROGRESS =
  /^response\.(?:\w+_call|mcp_list_tools)\.(?:in_progress|searching|interpreting|generating|completed|failed)$/;

class ResponseEventDecoder extends AlikeSseEventDecoder {
  readonly #sink = new PartSink((event) => this.emit(event));
  readonly #items = new OpenItems(this.#sink);
  #started = false;
  #head: ResponseHead | null = null;
  /** The part the last words went to. */
  #spokenLast: ReturnType<OpenItem['spoken']> = null;

  protected override read(data: string, event: string | null): void {
    const fields = parsed(data);
    // Comes behind the end; alone it ends nothing.
    if (data === '[DONE]') this.fail(wireError('incomplete', 'The stream ended before its response.'));
    else if (!isFields(fields)) this.fail(wireError('malformed', 'An event of the stream is no JSON object.'));
    else this.#event(textOf(fields, 'type') ?? event ?? '', fields);
    if (this.#items.overflow) this.fail(wireError('malformed', 'The stream has too many open items.'));
  }

  /** The end of a part repeats its words: how many were told is counted there. */
  protected override alike(delta: TextDelta): void {
    this.#spokenLast?.words(delta.text);
  }

  #event(type: string, fields: JsonFields): void {
    const kind = Object.hasOwn(WORDS, type) ? WORDS[type] : undefined;
    if (type === 'error' || (type === '' && (fields['error'] ?? null) !== null)) this.fail(errorIn(fields));
    else if (!type.startsWith('response.')) this.#outside(type, fields);
    else if (!this.#started) this.#first(type, fields);
    else if (kind !== undefined) this.#words(kind, fields);
    else this.#within(type, fields);
  }

  /** Gateways in between keep a connection warm. */
  #outside(type: string, fields: JsonFields): void {
    if (type === 'keepalive' || type === 'ping') this.emit({ type: 'keep-alive' });
    else if (type === '') this.fail(wireError('malformed', 'An event of the stream has no type.'));
    else this.#keep(type, fields);
  }

  #first(type: string, fields: JsonFields): void {
    const response = objectOf(fields, 'response');
    if (response === undefined) {
      this.fail(wireError('malformed', 'The stream does not begin with its response.'));
      return;
    }
    this.#started = true;
    const head = headOf(response);
    this.#head = head;
    this.emit({ type: 'answer-start', source: FORMAT, ...head });
    this.#lifecycle(type, fields);
  }

  #within(type: string, fields: JsonFields): void {
    switch (type) {
      case 'response.reasoning_summary_text.delta':
        this.#spoken('reasoning', fields)?.summary(numberIn(fields, 'summary_index'), textOf(fields, 'delta') ?? '');
        break;
      case 'response.output_item.added':
        this.#items.begin(fields, objectOf(fields, 'item') ?? {});
        break;
      case 'response.output_item.done':
        this.#items.done(fields);
        break;
      case 'response.output_text.annotation.added':
        this.#spoken('text', fields)?.cite(decodeAnnotation(fields['annotation']));
        break;
      default:
        if (type.startsWith('response.content_part.')) this.#content(type, fields);
        else this.#lifecycle(type, fields);
    }
  }

  #content(type: string, fields: JsonFields): void {
    const item = this.#items.find(fields);
    const content = numberIn(fields, 'content_index');
    if (type === 'response.content_part.added') item?.contentAdded(content, fields['part']);
    else if (type === 'response.content_part.done') item?.contentDone(content, fields['part']);
    else this.#keep(type, fields);
  }

  #lifecycle(type: string, fields: JsonFields): void {
    switch (type) {
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress':
        break;
      case 'response.completed':
      case 'response.incomplete':
      case 'response.cancelled':
        this.#end(type.slice('response.'.length), objectOf(fields, 'response') ?? {});
        break;
      case 'response.failed':
        this.fail(failureIn(objectOf(fields, 'response') ?? {}));
        break;
      default:
        this.#rest(type, fields);
    }
  }

  #rest(type: string, fields: JsonFields): void {
    if (PROGRESS.test(type)) this.emit({ type: 'keep-alive' });
    else if (!REPEATED.test(type)) this.#keep(type, fields);
  }

  #keep(type: string, fields: JsonFields): void {
    if (this.#started) this.emit({ type: 'extensions-add', extensions: { [FORMAT]: { [`${type}.`]: fields } } });
  }

  #words(kind: Part['type'], fields: JsonFields): void {
    const open = this.#spoken(kind, fields);
    this.#spokenLast = open;
    if (open === null) return;
    open.words(textOf(fields, 'delta') ?? '');
    const logprobs = listOf(fields, 'logprobs');
    if (logprobs !== undefined && logprobs.length > 0)
      this.emit({ type: 'logprobs-add', choice: 0, logprobs: { content: decodeTokens(logprobs) } });
  }

  /** The part that words of a kind go to. Words nobody announced begin their item. */
  #spoken(kind: Part['type'], fields: JsonFields): ReturnType<OpenItem['spoken']> {
    const content = numberIn(fields, 'content_index');
    const item = this.#items.find(fields);
    if (item !== null) return item.spoken(kind, content);
    if (kind === 'tool-call') {
      this.fail(wireError('malformed', 'A tool call of the stream has no beginning.'));
      return null;
    }
    const id = textOf(fields, 'item_id');
    const begun = kind === 'reasoning' ? { type: kind, id } : { type: 'message', id, role: 'assistant' };
    return this.#items.begin(fields, begun).spoken(kind, content);
  }

  #end(status: string, response: JsonFields): void {
    this.#items.end();
    const sink = this.#sink;
    // A stream that tells nothing but its end tells it whole.
    if (sink.count === 0)
      for (const item of listOf(response, 'output') ?? []) if (isFields(item)) this.#items.done({ item });
    const finish = finishIn({ ...response, status: textOf(response, 'status') ?? status }, sink.hasCalls);
    const { echo, extensions } = this.#news(response);
    if (finish !== null) this.emit({ type: 'choice-finish', choice: 0, finish, echo });
    this.#usage(response);
    if (extensions !== undefined) this.emit({ type: 'extensions-add', extensions });
    this.complete();
  }

  #usage(response: JsonFields): void {
    const usage = usageIn(response);
    const value = objectOf(response, 'usage');
    if (value !== undefined && usage !== null)
      this.emit({ type: 'usage-update', usage, raw: { format: FORMAT, value } });
  }

  /** What the response tells of itself only at its end. */
  #news(response: JsonFields): Pick<ResponseHead, 'echo' | 'extensions'> {
    const { echo, serviceTier, extensions } = headOf(response);
    const before = { ...this.#head?.echo?.value, service_tier: this.#head?.serviceTier };
    const told = newsIn({ ...echo?.value, service_tier: serviceTier }, before);
    const news = newsIn(extensions?.[FORMAT], this.#head?.extensions?.[FORMAT]);
    return {
      echo: told === undefined ? undefined : { format: FORMAT, value: told },
      extensions: news === undefined ? undefined : { [FORMAT]: news },
    };
  }
}

function newsIn(fields: JsonFields = {}, before: JsonFields = {}): JsonFields | undefined {
  const news = Object.entries(fields).filter(
    ([name, value]) => value !== null && value !== undefined && jsonText(before[name]) !== jsonText(value),
  );
  return news.length === 0 ? undefined : Object.fromEntries(news);
}

function failureIn(response: JsonFields): Extract<StreamEvent, { type: 'error' }>['error'] {
  return (response['error'] ?? null) === null
    ? wireError('server', 'The provider reported that the response failed.')
    : errorIn(response);
}

const MAX_PLACE = 1024;

/** A place in a list; 0 for what is none. */
function numberIn(fields: JsonFields, name: string): number {
  const value = fields[name];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= MAX_PLACE ? value : 0;
}

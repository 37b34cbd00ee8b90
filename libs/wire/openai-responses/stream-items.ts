import type { JsonFields, Part, TokenLogprob } from '../../protocol/index.js';
import { isFields, textOf } from '../fields.js';
import { partsOf } from './decode-answer.js';
import { begunBy } from './decode-items.js';
import { decodePart } from './decode-parts.js';
import type { OpenPart, PartSink } from './stream-parts.js';

/** Contents of one message, and messages, calls and thoughts open at a time; more are no answer. */
const MAX_OPEN = 1024;

/** An item of the output being told. */
export class OpenItem {
  readonly id: string | undefined;
  readonly #fields: JsonFields;
  readonly #sink: PartSink;
  /** Of a call or a thought. */
  readonly #part: OpenPart | null;
  /** Of a message; `null` for what has ended. */
  readonly #contents = new Map<number, OpenPart | null>();

  constructor(sink: PartSink, fields: JsonFields) {
    this.#sink = sink;
    this.#fields = fields;
    this.id = textOf(fields, 'id');
    const begun = beginning(fields);
    this.#part = begun === null ? null : sink.begin(begun);
    // Some say it all at once. OpenAI's own tools show a draft here, which the end replaces.
    if (begun?.type === 'tool-call') this.#part?.words(begun.arguments);
  }

  get overflow(): boolean {
    return this.#contents.size > MAX_OPEN;
  }

  /** The part that words of a kind go to, if the item has one or can have one. */
  spoken(kind: Part['type'], content: number): OpenPart | null {
    if (this.#fields['type'] !== 'message') {
      const isCall = this.#part?.type === 'builtin-call' && kind === 'tool-call';
      return this.#part?.type === kind || isCall ? this.#part : null;
    }
    if (kind !== 'text' && kind !== 'refusal') return null;
    const open = this.#contents.get(content);
    return open === undefined ? this.#beginContent(content, { type: kind, text: '' }) : open;
  }

  contentAdded(content: number, value: unknown): void {
    if (this.#fields['type'] !== 'message' || this.#contents.has(content)) return;
    const part = decodePart(value, { role: 'assistant', tokens: [] });
    // What is no text comes whole at its end.
    if (part.type === 'text' || part.type === 'refusal') this.#beginContent(content, part);
  }

  contentDone(content: number, value: unknown): void {
    if (this.#fields['type'] !== 'message') return;
    const part = decodePart(value, { role: 'assistant', tokens: [] });
    this.#endContent(content, part);
  }

  /** @param item as its end repeats it; `null` where the stream does not say */
  done(item: JsonFields | null): void {
    if (item !== null) this.#doneAs(item);
    else this.#part?.finish(null);
    for (const open of this.#contents.values()) open?.finish(null);
    this.#contents.clear();
  }

  #doneAs(item: JsonFields): void {
    const tokens: TokenLogprob[] = [];
    const parts = partsOf(item, tokens);
    if (this.#part !== null) {
      this.#part.finish(parts[0] ?? null);
      return;
    }
    if (this.#contents.size === 0 && tokens.length > 0)
      this.#sink.emit({ type: 'logprobs-add', choice: 0, logprobs: { content: tokens } });
    const isMessage = this.#fields['type'] === 'message' && item['type'] === 'message';
    if (!isMessage) parts.forEach((part) => this.#sink.whole(part));
    else if (Array.isArray(item['content'])) parts.forEach((part, at) => this.#endContent(at, part));
  }

  #beginContent(content: number, part: Part): OpenPart {
    const begun = this.#sink.begin(this.#contents.size === 0 ? begunBy(part, this.#fields) : part);
    this.#contents.set(content, begun);
    return begun;
  }

  #endContent(content: number, part: Part): void {
    const open = this.#contents.get(content);
    if (open === null) return;
    (open ?? this.#beginContent(content, part)).finish(part);
    this.#contents.set(content, null);
  }
}

/** The part an item begins with; `null` for messages, and for what is known only at its end. */
function beginning(fields: JsonFields): Part | null {
  // Becomes the picture.
  if (fields['type'] === 'message' || fields['type'] === 'image_generation_call') return null;
  const [part] = partsOf(fields);
  return part?.type === 'tool-call' || part?.type === 'builtin-call' || part?.type === 'reasoning' ? part : null;
}

/** The items that are being told, by their place in the output. */
export class OpenItems {
  readonly #sink: PartSink;
  readonly #items = new Map<number, OpenItem>();
  #last: OpenItem | null = null;
  /** Places of items that name none. */
  #unplaced = -1;

  constructor(sink: PartSink) {
    this.#sink = sink;
  }

  /** Whether more is open than an answer can have. */
  get overflow(): boolean {
    return this.#items.size > MAX_OPEN || this.#last?.overflow === true;
  }

  /** Some providers give an item another id in every event: its place goes before it. */
  find(event: JsonFields): OpenItem | null {
    const place = placeOf(event);
    if (place !== null) return this.#items.get(place) ?? null;
    const id = event['item_id'] ?? (isFields(event['item']) ? event['item']['id'] : undefined);
    for (const item of this.#items.values()) if (id !== undefined && item.id === id) return item;
    return this.#items.size === 1 ? this.#last : null;
  }

  begin(event: JsonFields, fields: JsonFields): OpenItem {
    const place = placeOf(event) ?? this.#unplaced--;
    this.#items.get(place)?.done(null);
    const item = new OpenItem(this.#sink, fields);
    this.#items.set(place, item);
    this.#last = item;
    return item;
  }

  done(event: JsonFields): void {
    const fields = isFields(event['item']) ? event['item'] : null;
    const open = this.find(event);
    if (open !== null) this.#remove(open);
    if (open !== null) open.done(fields);
    else if (fields !== null) new OpenItem(this.#sink, withoutWords(fields)).done(fields);
  }

  /** The answer is over: so is everything of it. */
  end(): void {
    for (const item of this.#items.values()) item.done(null);
    this.#items.clear();
  }

  #remove(open: OpenItem): void {
    for (const [place, item] of this.#items) if (item === open) this.#items.delete(place);
  }
}

function placeOf(event: JsonFields): number | null {
  const place = event['output_index'];
  return typeof place === 'number' && Number.isSafeInteger(place) && place >= 0 ? place : null;
}

/** An item that nobody announced, as it would have been. */
export function withoutWords(fields: JsonFields): JsonFields {
  return {
    ...fields,
    ...(fields['arguments'] === undefined ? {} : { arguments: '' }),
    ...(fields['input'] === undefined ? {} : { input: '' }),
  };
}

import type { Part, PartStart, StreamEvent } from '../../protocol/index.js';
import { given, jsonText, reportExtensions } from '../fields.js';
import { beginMessage, beginsMessage, encodeItem, type ItemEncoding } from './encode-items.js';
import { encodePart, lost } from './encode-parts.js';
import { encodeTokens } from './logprobs.js';
import { FORMAT } from './shapes.js';
import { WrittenCall } from './written-call.js';
import { type Out, type Page, WholeItem, type WrittenItem, type WrittenPart } from './written-item.js';
import { WrittenMessage, type WrittenText } from './written-message.js';
import { WrittenThought } from './written-thought.js';

type PartEvent = Extract<StreamEvent, { readonly index: number } | { readonly type: 'logprobs-add' }>;

/** The parts of an answer as items of a stream. */
export class WrittenParts {
  readonly #page: Page;
  readonly #encoding: ItemEncoding;
  readonly #open = new Map<number, WrittenPart>();
  /** Items all of whose parts have ended: their own end waits for what comes next. */
  readonly #ended = new Set<WrittenItem>();
  #message: WrittenMessage | null = null;
  /** The text that probabilities belong to. */
  #text: WrittenText | null = null;

  constructor(page: Page, encoding: ItemEncoding) {
    this.#page = page;
    this.#encoding = encoding;
  }

  push(event: PartEvent): string {
    switch (event.type) {
      case 'part-start':
        return this.#start(event);
      case 'logprobs-add':
        return this.#logprobs(event);
      case 'part-end':
        return this.#end(event);
      default:
        return this.#more(event);
    }
  }

  /** Ends the items that wait for it. @param status of the last item, where the answer stops in it */
  settle(status = 'completed'): string {
    let out = '';
    const last = this.#page.output.items.length - 1;
    for (const item of this.#ended) {
      out += item.close(item.place === last && status === 'incomplete' ? status : 'completed');
      // What follows begins another.
      if (item === this.#message) this.#message = null;
    }
    this.#ended.clear();
    return out;
  }

  #more(event: Exclude<PartEvent, { type: 'part-start' | 'part-end' | 'logprobs-add' }>): string {
    const open = this.#open.get(event.index);
    switch (event.type) {
      case 'summary-delta':
        return open?.summary?.(event.paragraph, event.text) ?? '';
      case 'signature-set':
        return this.#sign(event, open);
      case 'citation-add':
        return this.#cite(event, open);
      case 'audio-delta':
        return '';
      default:
        return open?.words(event.text) ?? '';
    }
  }

  #sign(event: Extract<PartEvent, { type: 'signature-set' }>, open: WrittenPart | undefined): string {
    if (open?.sign !== undefined) return open.sign(event);
    if (open !== undefined) lost(this.#encoding, `${pathOf(event.index)}.signature`, 'no place in the target');
    return '';
  }

  #cite(event: Extract<PartEvent, { type: 'citation-add' }>, open: WrittenPart | undefined): string {
    const cited = open?.cite?.(event.citation) ?? null;
    if (cited === null) lost(this.#encoding, `${pathOf(event.index)}.citations`, 'the target cannot cite this');
    return cited ?? '';
  }

  #logprobs({ logprobs }: Extract<PartEvent, { type: 'logprobs-add' }>): string {
    const { report } = this.#encoding;
    reportExtensions(report, logprobs.extensions, FORMAT, 'choices[0].logprobs');
    if (logprobs.refusal !== undefined) report.add('choices[0].logprobs.refusal', 'not known to the target');
    const tokens = encodeTokens(logprobs.content ?? []);
    return tokens.length === 0 ? '' : (this.#text?.logprobs(tokens) ?? '');
  }

  #end({ index, extensions }: Extract<PartEvent, { type: 'part-end' }>): string {
    const open = this.#open.get(index);
    reportExtensions(this.#encoding.report, extensions, FORMAT, pathOf(index));
    if (open === undefined) return '';
    this.#open.delete(index);
    const out = open.end(extensions);
    const item = open.over();
    if (item !== null) this.#ended.add(item);
    return out;
  }

  #start({ index, part }: PartStart): string {
    switch (part.type) {
      case 'text':
      case 'refusal':
        return this.#content(part, index);
      case 'json':
        return this.#json(jsonText(part.value), index);
      case 'reasoning':
      case 'tool-call':
      case 'builtin-call':
        return this.settle() + this.#item(part, index);
      default:
        return this.settle() + this.#whole(this.#items(part, index));
    }
  }

  #json(text: string, index: number): string {
    const begun = this.#content({ type: 'text', text: '' }, index);
    return begun + (this.#open.get(index)?.words(text) ?? '');
  }

  /** Words stand in a message: in the one before, or in a new one. */
  #content(part: Part, index: number): string {
    const encoding = this.#encoding;
    const joins = this.#isLast(this.#message) && !beginsMessage(part, encoding);
    if (joins && this.#message !== null) this.#ended.delete(this.#message);
    let out = this.settle();
    if (!joins || this.#message === null) {
      this.#message = new WrittenMessage(this.#page, beginMessage(part, encoding, this.#page.output.items.length));
      out += this.#message.start();
    }
    const content = encodePart(withoutItem(part), 'assistant', encoding, pathOf(index)) ?? {};
    const written = this.#message.begin(content, part.type);
    this.#open.set(index, written);
    if (part.type === 'text') this.#text = written;
    return out + written.start();
  }

  #isLast(message: WrittenMessage | null): boolean {
    return message !== null && message.place === this.#page.output.items.length - 1;
  }

  #items(part: Part, index: number): Out[] {
    return encodeItem(part, this.#encoding, pathOf(index), this.#page.output.items.length);
  }

  /** Calls and thoughts; a signature of a call comes in a thought before it. */
  #item(part: Extract<Part, { type: 'reasoning' | 'tool-call' | 'builtin-call' }>, index: number): string {
    const items = this.#items(part.type === 'builtin-call' ? { ...part, form: drafted(part.form) } : part, index);
    const fields = items.pop();
    if (fields === undefined) return '';
    const before = this.#whole(items);
    if (part.type === 'reasoning') {
      const thought = new WrittenThought(this.#page, fields, part);
      this.#open.set(index, thought);
      return before + thought.begin();
    }
    const call = new WrittenCall(this.#page, fields);
    this.#open.set(index, call);
    return before + call.start();
  }

  #whole(items: readonly Out[]): string {
    return items
      .map((fields) => {
        const item = new WholeItem(this.#page, fields);
        return item.start() + item.close('completed');
      })
      .join('');
  }
}

function pathOf(index: number): string {
  return `choices[0].parts[${String(index)}]`;
}

/** The item's own fields are not the part's. */
function withoutItem(part: Part): Part {
  const own = part.extensions?.[FORMAT];
  if (own?.['item.'] === undefined) return part;
  return { ...part, extensions: { ...part.extensions, [FORMAT]: given({ ...own, 'item.': undefined }) } };
}

/** What was asked at the beginning of a call is no more than a draft. */
function drafted(form: string | undefined): string | undefined {
  return form?.replace(/ asked=\w+/, '');
}

import { type Finish, type JsonFields, type Part, wireError } from '../../protocol/index.js';
import { errorInside, parsed } from '../answer-bytes.js';
import { AlikeSseEventDecoder } from '../event-decoder.js';
import { isFields, objectOf, textOf } from '../fields.js';
import { openSignature } from '../signature-envelope.js';
import { readAnthropicUsage } from '../usage/anthropic.js';
import type { DecodeEventsOptions, StreamDecoder } from '../wire-format.js';
import { restOfAnswer } from './decode-answer.js';
import { decodeBlock, decodeCitation } from './decode-blocks.js';
import { finishOf } from './finish.js';
import { FORMAT } from './shapes.js';

/** Blocks open at a time; more are no answer. */
const MAX_OPEN_BLOCKS = 1024;

/**
 * Reads a stream of Messages events. It ends with `message_stop`; without it the answer is `incomplete`.
 *
 * Blocks are known by their index, a delta without one belongs to the block begun last. Blocks may be open side by side and
 * stop in any order; the stop of a block that is not open says nothing; a second start ends the first; the end of the
 * message ends them all. A delta for a block that never began begins it, if it says of what kind it is (text, thinking); the
 * input of a tool without a name is `malformed`. Unknown events are kept as extensions.
 */
export function decodeEvents(options: DecodeEventsOptions = {}): StreamDecoder {
  return new MessageEventDecoder(options.maxFrameBytes);
}

interface OpenBlock {
  readonly wireIndex: number;
  readonly index: number;
  readonly part: Part['type'];
  /** The input told at the start, which deltas usually follow; it counts where none do. */
  whole: string;
}

class MessageEventDecoder extends AlikeSseEventDecoder {
  #started = false;
  #parts = 0;
  readonly #open: OpenBlock[] = [];
  /** The block of the last start or delta. */
  #current: OpenBlock | null = null;
  #usage: Record<string, unknown> = {};
  #finish: Finish | null = null;
  #finishExtensions: JsonFields | null = null;

  protected override read(data: string, event: string | null): void {
    const fields = parsed(data);
    if (event === 'error') this.fail(errorInside(FORMAT, fields ?? data));
    else if (!isFields(fields)) this.fail(wireError('malformed', 'An event of the stream is no JSON object.'));
    else this.#event(typeof fields['type'] === 'string' ? fields['type'] : (event ?? ''), fields);
  }

  #event(type: string, fields: JsonFields): void {
    // Nearly all events are deltas.
    if (type === 'content_block_delta') this.#delta(fields);
    else if (type === 'content_block_start') this.#start(fields);
    else if (type === 'content_block_stop') this.#stop(fields);
    else this.#messageEvent(type, fields);
  }

  #messageEvent(type: string, fields: JsonFields): void {
    switch (type) {
      case 'message_start':
        this.#begin(objectOf(fields, 'message') ?? {});
        break;
      case 'message_delta':
        this.#messageDelta(fields);
        break;
      case 'message_stop':
        this.#end();
        break;
      case 'ping':
        if (this.#started) this.emit({ type: 'keep-alive' });
        break;
      case 'error':
        this.fail(errorInside(FORMAT, fields));
        break;
      default:
        this.#unknown(type, fields);
    }
  }

  #unknown(type: string, fields: JsonFields): void {
    if ((fields['error'] ?? null) !== null) this.fail(errorInside(FORMAT, fields));
    else if (type === '') this.fail(wireError('malformed', 'An event of the stream has no type.'));
    else if (this.#ensureStarted()) this.emit({ type: 'extensions-add', extensions: { [FORMAT]: { [type]: fields } } });
  }

  #begin(message: JsonFields): void {
    if (this.#started) return;
    this.#started = true;
    const usage = message['usage'];
    this.emit({
      type: 'answer-start',
      source: FORMAT,
      id: textOf(message, 'id'),
      model: textOf(message, 'model'),
      extensions: restOfAnswer(message),
    });
    if (isFields(usage)) this.#addUsage(usage);
  }

  /** Nothing may come before `message_start`: what does is no stream of this format. */
  #ensureStarted(): boolean {
    if (!this.#started) this.fail(wireError('malformed', 'The stream does not begin with its message.'));
    return this.#started;
  }

  #addUsage(usage: JsonFields): void {
    for (const name in usage) {
      if (usage[name] !== null && name !== '__proto__') this.#usage[name] = usage[name];
    }
    const read = readAnthropicUsage(this.#usage);
    if (read !== null)
      this.emit({ type: 'usage-update', usage: read, raw: { format: FORMAT, value: { ...this.#usage } } });
  }

  #start(fields: JsonFields): void {
    if (!this.#ensureStarted()) return;
    const block = objectOf(fields, 'content_block') ?? {};
    const wireIndex = typeof fields['index'] === 'number' ? fields['index'] : (this.#open.at(-1)?.wireIndex ?? -1) + 1;
    const before = this.#open.find((one) => one.wireIndex === wireIndex);
    if (before !== undefined) this.#close(before);
    if (this.#open.length >= MAX_OPEN_BLOCKS) {
      this.fail(wireError('malformed', 'The stream has too many open blocks.'));
      return;
    }
    this.#openBlock(wireIndex, decodeBlock(block), block);
  }

  #openBlock(wireIndex: number, part: Part, block: JsonFields): OpenBlock {
    const open: OpenBlock = { wireIndex, index: this.#parts++, part: part.type, whole: '' };
    this.#open.push(open);
    this.#current = open;
    this.emit({ type: 'part-start', choice: 0, index: open.index, part: emptied(part) });
    this.#startContent(open, part, block);
    return open;
  }

  /** What a start says already goes on as if it were deltas. */
  #startContent(open: OpenBlock, part: Part, block: JsonFields): void {
    if (part.type === 'text') {
      this.#text(open, 'text-delta', part.text);
      for (const citation of part.citations ?? [])
        this.emit({ type: 'citation-add', choice: 0, index: open.index, citation });
    } else if (part.type === 'reasoning' && part.redacted !== true) {
      this.#text(open, 'reasoning-delta', part.text);
      this.#signature(open, block['signature']);
    } else if (part.type === 'tool-call' || part.type === 'builtin-call') {
      open.whole = part.arguments === '{}' ? '' : part.arguments;
    }
  }

  #text(open: OpenBlock, type: 'text-delta' | 'reasoning-delta' | 'arguments-delta', text: unknown): void {
    if (typeof text === 'string' && text !== '') this.emit({ type, choice: 0, index: open.index, text });
  }

  #signature(open: OpenBlock, text: unknown): void {
    if (typeof text !== 'string' || text === '') return;
    const { signature, encrypted } = openSignature(text, FORMAT);
    this.emit({ type: 'signature-set', choice: 0, index: open.index, signature, encrypted });
  }

  #delta(fields: JsonFields): void {
    const delta = fields['delta'];
    if (!isFields(delta) || !this.#ensureStarted()) return;
    const open = this.#blockOf(fields['index'], delta['type']);
    if (open === null) {
      this.fail(wireError('malformed', 'A delta of the stream belongs to no block.'));
      return;
    }
    this.#deltaOf(open, delta);
  }

  #deltaOf(open: OpenBlock, delta: JsonFields): void {
    switch (delta['type']) {
      case 'text_delta':
        this.#text(open, 'text-delta', delta['text']);
        break;
      case 'input_json_delta':
        this.#input(open, delta['partial_json']);
        break;
      case 'thinking_delta':
        this.#text(open, 'reasoning-delta', delta['thinking']);
        break;
      case 'signature_delta':
        this.#signature(open, delta['signature']);
        break;
      case 'citations_delta':
        this.emit({ type: 'citation-add', choice: 0, index: open.index, citation: decodeCitation(delta['citation']) });
        break;
      default:
        this.emit({ type: 'extensions-add', choice: 0, extensions: { [FORMAT]: { 'delta.': delta } } });
    }
  }

  #input(open: OpenBlock, text: unknown): void {
    if (typeof text !== 'string' || text === '') return;
    open.whole = '';
    this.#text(open, 'arguments-delta', text);
  }

  /** The block a delta belongs to; a new one for words without a block; `null` for what cannot be one. */
  #blockOf(index: unknown, type: unknown): OpenBlock | null {
    const found = this.#known(index);
    if (found === null) return this.#implied(typeof index === 'number' ? index : 0, type);
    const wanted = typeof type === 'string' && Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
    if (wanted?.includes(found.part) === false) return null;
    this.#current = found;
    return found;
  }

  #known(index: unknown): OpenBlock | null {
    const current = this.#current;
    if (typeof index !== 'number' || current?.wireIndex === index) return current;
    return this.#open.find((one) => one.wireIndex === index) ?? null;
  }

  #implied(wireIndex: number, type: unknown): OpenBlock | null {
    if (type === 'text_delta') return this.#openBlock(wireIndex, { type: 'text', text: '' }, {});
    return type === 'thinking_delta' ? this.#openBlock(wireIndex, { type: 'reasoning', text: '' }, {}) : null;
  }

  #stop(fields: JsonFields): void {
    const index = fields['index'];
    const open = typeof index === 'number' ? this.#open.find((one) => one.wireIndex === index) : this.#current;
    if (open !== undefined && open !== null) this.#close(open);
  }

  #close(open: OpenBlock): void {
    this.#text(open, 'arguments-delta', open.whole);
    this.emit({ type: 'part-end', choice: 0, index: open.index });
    this.#open.splice(this.#open.indexOf(open), 1);
    if (this.#current === open) this.#current = this.#open.at(-1) ?? null;
  }

  #messageDelta(fields: JsonFields): void {
    if (!this.#ensureStarted()) return;
    const { stop_reason: reason, stop_sequence: sequence, ...rest } = objectOf(fields, 'delta') ?? {};
    if (typeof reason === 'string')
      this.#finish = finishOf(reason, typeof sequence === 'string' ? sequence : undefined);
    if (isFields(fields['usage'])) this.#addUsage(fields['usage']);
    const more = nonNull({ ...rest, ...fields, type: null, delta: null, usage: null });
    if (more !== null) this.#finishExtensions = { ...this.#finishExtensions, ...more };
  }

  #end(): void {
    if (!this.#ensureStarted()) return;
    for (const open of [...this.#open]) this.#close(open);
    this.emit({
      type: 'choice-finish',
      choice: 0,
      finish: this.#finish ?? { reason: 'other' },
      extensions: this.#finishExtensions === null ? undefined : { [FORMAT]: this.#finishExtensions },
    });
    this.complete();
  }
}

/** Which kinds of parts a delta may belong to. */
const KINDS: Readonly<Record<string, readonly Part['type'][]>> = {
  text_delta: ['text'],
  input_json_delta: ['tool-call', 'builtin-call'],
  thinking_delta: ['reasoning'],
  signature_delta: ['reasoning'],
  citations_delta: ['text'],
};

/** The part as `part-start` tells it: what comes as deltas is empty. */
function emptied(part: Part): Part {
  switch (part.type) {
    case 'text':
      return { ...part, text: '', citations: undefined };
    case 'reasoning':
      if (part.redacted === true) return part;
      // The signature comes later, the empty one of the start says nothing.
      return { ...part, text: '', signature: undefined, encrypted: undefined, extensions: undefined };
    case 'tool-call':
    case 'builtin-call':
      return { ...part, arguments: '' };
    default:
      return part;
  }
}

function nonNull(fields: JsonFields): JsonFields | null {
  const kept = Object.entries(fields).filter(([, value]) => value !== null);
  return kept.length === 0 ? null : Object.fromEntries(kept);
}

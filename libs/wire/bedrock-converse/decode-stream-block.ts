import type { BuiltinResultPart, ImagePart, JsonFields, Part, StreamEvent } from '../../protocol/index.js';
import { isFields, listOf, objectOf, restOf, shape, STRING, textOf } from '../fields.js';
import { openSignature } from '../signature-envelope.js';
import { kindOfTool, SERVER_TOOL_USE } from './decode-blocks.js';
import { decodeCitation } from './decode-citation.js';
import { mediaTypeOf } from './media-formats.js';
import { FORMAT } from './shapes.js';

const TOOL_START = shape({ toolUseId: STRING, name: STRING, type: STRING });

type Kind = 'text' | 'reasoning' | 'call';

/** What blocks tell while they come, and how they get the number of a part. */
export interface BlockSink {
  emit(event: StreamEvent): void;
  nextPart(): number;
  /** Characters of what has to be held until it is whole; `false` when that is too much. */
  hold(chars: number): boolean;
}

/**
 * One content block of a stream. Text and reasoning begin with their first delta, calls with their start. What the provider's
 * own tools answered, and images, are held until they are whole, because parts without deltas are told at once.
 */
export class StreamBlock {
  readonly #sink: BlockSink;
  #kind: Kind | null = null;
  #part = -1;
  #result: BuiltinResultPart | null = null;
  #resultContent: unknown[] = [];
  #imageFormat: string | undefined;
  #imageBytes: string[] = [];

  constructor(sink: BlockSink) {
    this.#sink = sink;
  }

  start(start: JsonFields): void {
    const use = objectOf(start, 'toolUse');
    const result = objectOf(start, 'toolResult');
    const image = objectOf(start, 'image');
    if (use !== undefined) this.#startCall(use);
    else if (result !== undefined) this.#result = resultOf(result);
    else if (image !== undefined) this.#imageFormat = textOf(image, 'format');
  }

  /** @returns whether the block could take it */
  delta(delta: JsonFields): boolean {
    if (typeof delta['text'] === 'string') return this.#text(delta['text']);
    if (isFields(delta['toolUse'])) return this.#arguments(delta['toolUse']);
    if (isFields(delta['reasoningContent'])) return this.#reasoning(delta['reasoningContent']);
    if (isFields(delta['citation'])) return this.#citation(delta['citation']);
    if (Array.isArray(delta['toolResult'])) return this.#results(delta['toolResult'] as unknown[]);
    if (isFields(delta['image'])) return this.#image(delta['image']);
    this.#sink.emit({ type: 'extensions-add', choice: 0, extensions: { [FORMAT]: { 'delta.': delta } } });
    return true;
  }

  stop(): void {
    this.#end();
    if (this.#result !== null) this.#whole({ ...this.#result, value: this.#resultContent });
    if (this.#imageBytes.length > 0) this.#whole(this.#wholeImage());
    this.#result = null;
    this.#resultContent = [];
    this.#imageBytes = [];
  }

  #begin(kind: Kind, part: Part): void {
    this.#end();
    this.#kind = kind;
    this.#part = this.#sink.nextPart();
    this.#sink.emit({ type: 'part-start', choice: 0, index: this.#part, part });
  }

  #end(): void {
    if (this.#kind === null) return;
    this.#kind = null;
    this.#sink.emit({ type: 'part-end', choice: 0, index: this.#part });
  }

  #whole(part: Part): void {
    const index = this.#sink.nextPart();
    this.#sink.emit({ type: 'part-start', choice: 0, index, part });
    this.#sink.emit({ type: 'part-end', choice: 0, index });
  }

  /** Some models send an empty text before their thoughts. */
  #text(text: string): boolean {
    if (text === '') return true;
    if (this.#kind !== 'text') this.#begin('text', { type: 'text', text: '' });
    this.#sink.emit({ type: 'text-delta', choice: 0, index: this.#part, text });
    return true;
  }

  #citation(citation: JsonFields): boolean {
    if (this.#kind !== 'text') this.#begin('text', { type: 'text', text: '' });
    this.#sink.emit({ type: 'citation-add', choice: 0, index: this.#part, citation: decodeCitation(citation) });
    return true;
  }

  #reasoning(content: JsonFields): boolean {
    const text = textOf(content, 'text');
    const signature = textOf(content, 'signature');
    const redacted = textOf(content, 'redactedContent');
    if (redacted !== undefined) {
      this.#begin('reasoning', { type: 'reasoning', text: '', redacted: true });
      const encrypted = { origin: FORMAT, value: redacted } as const;
      this.#sink.emit({ type: 'signature-set', choice: 0, index: this.#part, encrypted });
      return true;
    }
    if (this.#kind !== 'reasoning') this.#begin('reasoning', { type: 'reasoning', text: '' });
    if (text !== undefined && text !== '')
      this.#sink.emit({ type: 'reasoning-delta', choice: 0, index: this.#part, text });
    if (signature !== undefined) {
      const opened = openSignature(signature, FORMAT);
      this.#sink.emit({
        type: 'signature-set',
        choice: 0,
        index: this.#part,
        signature: opened.signature,
        encrypted: opened.encrypted,
      });
    }
    return true;
  }

  #startCall(use: JsonFields): void {
    const name = textOf(use, 'name') ?? '';
    const id = textOf(use, 'toolUseId') ?? '';
    const form = textOf(use, 'type');
    const extensions = restOf(use, TOOL_START, FORMAT);
    const common = { id, name, arguments: '', extensions, form };
    if (form === SERVER_TOOL_USE) this.#begin('call', { type: 'builtin-call', tool: kindOfTool(name), ...common });
    else this.#begin('call', { type: 'tool-call', ...common });
  }

  /** Arguments without a call nobody can run. */
  #arguments({ input }: JsonFields): boolean {
    if (this.#kind !== 'call') return false;
    if (typeof input === 'string' && input !== '')
      this.#sink.emit({ type: 'arguments-delta', choice: 0, index: this.#part, text: input });
    return true;
  }

  #results(content: readonly unknown[]): boolean {
    if (this.#result === null) return false;
    this.#resultContent.push(...content);
    return this.#sink.hold(JSON.stringify(content).length);
  }

  #image(image: JsonFields): boolean {
    const bytes = textOf(objectOf(image, 'source') ?? {}, 'bytes');
    if (bytes === undefined) return true;
    this.#imageBytes.push(bytes);
    return this.#sink.hold(bytes.length);
  }

  #wholeImage(): ImagePart {
    const [only = '', ...more] = this.#imageBytes;
    const data =
      more.length === 0
        ? only
        : Buffer.concat(this.#imageBytes.map((bytes) => Buffer.from(bytes, 'base64'))).toString('base64');
    const source = { kind: 'data', data, mediaType: mediaTypeOf('image', this.#imageFormat) } as const;
    return { type: 'image', source, form: this.#imageFormat };
  }
}

const RESULT_START = shape({ toolUseId: STRING, type: STRING, status: STRING });

function resultOf(result: JsonFields): BuiltinResultPart {
  const type = textOf(result, 'type');
  const status = textOf(result, 'status');
  return {
    type: 'builtin-result',
    tool: kindOfTool(type ?? ''),
    callId: textOf(result, 'toolUseId') ?? '',
    format: FORMAT,
    value: listOf(result, 'content') ?? [],
    isError: status === undefined ? undefined : status === 'error',
    extensions: restOf(result, RESULT_START, FORMAT),
    form: type,
  };
}

import type { Finish, JsonFields, Part, StreamEvent, ToolCallPart } from '../../protocol/index.js';
import { isFields } from '../fields.js';
import { argumentsText, decodeAnnotation, decodeReasoningDetail, thoughtSignature } from './decode-messages.js';
import { decodePart } from './decode-parts.js';
import { finishOf } from './finish.js';
import { FORMAT } from './shapes.js';

/** Tool calls of one choice; more are no answer. */
const MAX_CALLS = 1024;
/** Characters of arguments that came before their call had a name. */
const MAX_UNNAMED_CHARS = 65_536;

/** A tool call being told. */
interface OpenCall {
  /** What the provider calls it; `null`: it gives no indices. */
  readonly wireIndex: number | null;
  readonly id: string | null;
  /** Its part, -1 until its name is known. */
  part: number;
  /** Arguments that came before the name. */
  early: string;
}

type TextKind = 'text' | 'reasoning' | 'refusal';

/** Fields of a delta that are read. */
const DELTA_FIELDS: Readonly<Record<string, true>> = Object.freeze(
  Object.assign(
    Object.create(null) as Record<string, true>,
    {
      role: true,
      content: true,
      refusal: true,
      reasoning: true,
      reasoning_content: true,
      reasoning_details: true,
      tool_calls: true,
      function_call: true,
      annotations: true,
      audio: true,
      images: true,
    } as const,
  ),
);

/**
 * One choice of a stream: turns deltas into parts.
 *
 * Text, reasoning and refusal follow one another: the next kind ends the one before. Tool calls stay open to the end of the
 * choice, because this format never says that one is complete. A call is known by its index; without one by its id, and
 * without either it goes on with the last. The same index with another id is another call (Gemini counts all as 0).
 * The finish reason is told at the end, so that nothing comes behind it.
 */
export class ChoiceDecoder {
  readonly index: number;
  /** Why the choice is no answer any more. */
  overflow: string | null = null;

  readonly #answerId: string;
  readonly #emit: (event: StreamEvent) => void;
  #parts = 0;
  #openKind: TextKind | 'audio' | null = null;
  #openIndex = -1;
  #calls: OpenCall[] = [];
  #callCount = 0;
  #reason: string | null = null;

  constructor(index: number, answerId: string, emit: (event: StreamEvent) => void) {
    this.index = index;
    this.#answerId = answerId;
    this.#emit = emit;
  }

  get finished(): boolean {
    return this.#reason !== null;
  }

  delta(delta: JsonFields): void {
    let more = false;
    for (const name in delta) {
      const value = delta[name];
      if (name === 'role' || value === null) continue;
      if (name === 'content' && typeof value === 'string') {
        if (value !== '') this.#text('text', 'text-delta', value);
      } else {
        more = true;
      }
    }
    if (more) this.#rest(delta);
  }

  /** The first reason counts. */
  finish(reason: string): void {
    this.#reason ??= reason;
  }

  /** The stream is complete: ends what is open and tells the reason. */
  close(): void {
    this.#end();
    for (const call of this.#calls) {
      if (call.part < 0) this.#startCall(call, '', undefined);
      this.#emit({ type: 'part-end', choice: this.index, index: call.part });
    }
    const finish: Finish = this.#reason === null ? { reason: 'other' } : finishOf(this.#reason, this.#calls.length > 0);
    this.#emit({ type: 'choice-finish', choice: this.index, finish });
  }

  /** Everything but role and text. Reasoning comes first: a chunk that has both begins with it. */
  #rest(delta: JsonFields): void {
    this.#reasoning(delta);
    const { content, refusal, annotations, audio, images } = delta;
    if (isFields(content) || Array.isArray(content)) this.#content(content);
    if (typeof refusal === 'string' && refusal !== '') this.#text('refusal', 'refusal-delta', refusal);
    if (Array.isArray(delta['tool_calls'])) {
      for (const call of delta['tool_calls'] as unknown[]) if (isFields(call)) this.#call(call);
    }
    if (isFields(delta['function_call'])) this.#call({ index: 0, function: delta['function_call'] });
    this.#media(annotations, audio, images);
    this.#unknown(delta);
  }

  #media(annotations: unknown, audio: unknown, images: unknown): void {
    if (Array.isArray(annotations)) this.#annotations(annotations);
    if (isFields(audio)) this.#audio(audio);
    if (Array.isArray(images)) for (const image of images) this.#whole(decodePart(image));
  }

  #text(kind: TextKind, type: 'text-delta' | 'reasoning-delta' | 'refusal-delta', text: string): void {
    if (this.#openKind !== kind) this.#start(kind, { type: kind, text: '' });
    this.#emit({ type, choice: this.index, index: this.#openIndex, text });
  }

  #start(kind: TextKind | 'audio', part: Part): void {
    this.#end();
    this.#openKind = kind;
    this.#openIndex = this.#parts++;
    this.#emit({ type: 'part-start', choice: this.index, index: this.#openIndex, part });
  }

  #end(): void {
    if (this.#openKind === null) return;
    this.#emit({ type: 'part-end', choice: this.index, index: this.#openIndex });
    this.#openKind = null;
  }

  #whole(part: Part): void {
    this.#end();
    const index = this.#parts++;
    this.#emit({ type: 'part-start', choice: this.index, index, part });
    this.#emit({ type: 'part-end', choice: this.index, index });
  }

  /** One field holds the words; `reasoning_details` beside it repeats them and adds what proves them. */
  #reasoning(delta: JsonFields): void {
    const { reasoning_content: content, reasoning, reasoning_details: details } = delta;
    const words = typeof content === 'string' && content !== '' ? content : reasoning;
    const hasWords = typeof words === 'string' && words !== '';
    if (hasWords) this.#text('reasoning', 'reasoning-delta', words);
    if (!Array.isArray(details)) return;
    for (const detail of details) this.#detail(decodeReasoningDetail(detail), hasWords);
  }

  #detail(part: Part, hasWords: boolean): void {
    if (part.type !== 'reasoning') return;
    const { signature, encrypted, summary } = part;
    const words = part.text === '' ? (summary?.[0] ?? '') : part.text;
    if (!hasWords && words !== '') this.#text('reasoning', 'reasoning-delta', words);
    if (signature === undefined && encrypted === undefined) return;
    if (this.#openKind !== 'reasoning') this.#start('reasoning', { type: 'reasoning', text: '', id: part.id });
    this.#emit({ type: 'signature-set', choice: this.index, index: this.#openIndex, signature, encrypted });
  }

  /** Content as a list of parts (Mistral's thoughts), or a value (Cloudflare's structured output). */
  #content(content: unknown): void {
    if (!Array.isArray(content)) {
      this.#whole({ type: 'json', value: content });
      return;
    }
    for (const value of content) {
      const part = decodePart(value);
      if (part.type === 'reasoning') this.#text('reasoning', 'reasoning-delta', part.text);
      else if (part.type === 'text') this.#text('text', 'text-delta', part.text);
      else this.#whole(part);
    }
  }

  #annotations(annotations: readonly unknown[]): void {
    if (annotations.length === 0) return;
    if (this.#openKind !== 'text') this.#start('text', { type: 'text', text: '' });
    for (const annotation of annotations)
      this.#emit({
        type: 'citation-add',
        choice: this.index,
        index: this.#openIndex,
        citation: decodeAnnotation(annotation),
      });
  }

  #audio(audio: JsonFields): void {
    const { id, data, transcript, ...rest } = audio;
    if (this.#openKind !== 'audio') {
      const source = { kind: 'data', data: '' } as const;
      this.#start('audio', { type: 'audio', source, id: typeof id === 'string' ? id : undefined, form: 'audio' });
    }
    this.#emit({
      type: 'audio-delta',
      choice: this.index,
      index: this.#openIndex,
      data: typeof data === 'string' ? data : undefined,
      transcript: typeof transcript === 'string' ? transcript : undefined,
      extensions: Object.keys(rest).length === 0 ? undefined : { [FORMAT]: rest },
    });
  }

  #call(fields: JsonFields): void {
    this.#end();
    const called = isFields(fields['custom'])
      ? fields['custom']
      : isFields(fields['function'])
        ? fields['function']
        : {};
    const call = this.#callOf(fields);
    if (call === null) return;
    const text = argumentsText(called['arguments'] ?? called['input']);
    if (call.part >= 0) {
      if (text !== '') this.#emit({ type: 'arguments-delta', choice: this.index, index: call.part, text });
      return;
    }
    call.early += text;
    if (call.early.length > MAX_UNNAMED_CHARS) this.overflow = 'A tool call of the stream has no name.';
    const name = called['name'];
    if (typeof name === 'string' && name !== '') this.#startCall(call, name, fields);
  }

  #startCall(call: OpenCall, name: string, fields: JsonFields | undefined): void {
    call.part = this.#parts++;
    const part: ToolCallPart = {
      type: 'tool-call',
      id: call.id ?? `call_${this.#answerId}_${String(this.index)}_${String(call.part)}`,
      name,
      arguments: '',
      kind: fields !== undefined && isFields(fields['custom']) ? 'custom' : undefined,
      signature: fields === undefined ? undefined : thoughtSignature(fields),
    };
    this.#emit({ type: 'part-start', choice: this.index, index: call.part, part });
    if (call.early !== '')
      this.#emit({ type: 'arguments-delta', choice: this.index, index: call.part, text: call.early });
    call.early = '';
  }

  /** The call a delta belongs to, a new one where it is the first of it. */
  #callOf(fields: JsonFields): OpenCall | null {
    const wireIndex = typeof fields['index'] === 'number' ? fields['index'] : null;
    const id = typeof fields['id'] === 'string' && fields['id'] !== '' ? fields['id'] : null;
    const known = this.#known(wireIndex, id);
    if (known !== undefined) return known;
    if (++this.#callCount > MAX_CALLS) {
      this.overflow = 'The stream has too many tool calls.';
      return null;
    }
    const call: OpenCall = { wireIndex, id, part: -1, early: '' };
    this.#calls.push(call);
    return call;
  }

  #known(wireIndex: number | null, id: string | null): OpenCall | undefined {
    if (wireIndex !== null) {
      const call = this.#calls.findLast((one) => one.wireIndex === wireIndex);
      return id !== null && call !== undefined && call.id !== null && call.id !== id ? undefined : call;
    }
    return id === null ? this.#calls.at(-1) : this.#calls.find((one) => one.id === id);
  }

  #unknown(delta: JsonFields): void {
    let rest: Record<string, unknown> | undefined;
    for (const name in delta) {
      const value = delta[name];
      if (DELTA_FIELDS[name] === true || name === '__proto__' || value === null) continue;
      rest ??= {};
      rest[name] = value;
    }
    if (rest === undefined) return;
    this.#emit({ type: 'extensions-add', choice: this.index, extensions: { [FORMAT]: { 'delta.': rest } } });
  }
}

import type { AudioPart, Finish, JsonFields, Part, Signature, StreamEvent, TextDelta } from '../../protocol/index.js';
import { isFields, jsonText, restOf, textOf, withInner } from '../fields.js';
import { openSignature } from '../signature-envelope.js';
import { CallIds } from './call-ids.js';
import { callPrefix } from './decode-answer.js';
import { decodePart } from './decode-parts.js';
import { camelNames } from './field-names.js';
import { finishOf } from './finish.js';
import { citationsOf, inStream } from './grounding.js';
import { decodeLogprobs } from './logprobs.js';
import { PartialArgs } from './partial-args.js';
import { CANDIDATE, CONTENT, FORMAT } from './shapes.js';

type TextKind = 'text' | 'reasoning';

/** A call whose arguments come in pieces. */
interface OpenCall {
  readonly part: number;
  readonly args: PartialArgs;
}

/** Fields of a part that is text and nothing else. */
const TEXT_FIELDS: ReadonlySet<string> = new Set(['text', 'thought', 'thoughtSignature']);
const NOT_ASCII = /[^\u0000-\u007f]/;

/**
 * One candidate of a stream: turns the parts of its chunks into parts and deltas. Text and thoughts go on from chunk to chunk
 * until another kind follows; calls, images and results come whole. The finish reason is told at the end, because chunks with
 * nothing but usage may follow it.
 */
export class CandidateDecoder {
  readonly index: number;
  /** Why the candidate is no answer any more. */
  overflow: string | null = null;

  readonly #emit: (event: StreamEvent) => void;
  readonly #ids: CallIds;
  #parts = 0;
  #openKind: TextKind | 'audio' | null = null;
  #openIndex = -1;
  #audioType: string | undefined;
  #isAscii = true;
  #call: OpenCall | null = null;
  #hasCalls = false;
  #reason: string | number | null = null;

  constructor(index: number, answerId: string, emit: (event: StreamEvent) => void) {
    this.index = index;
    this.#ids = new CallIds(callPrefix(answerId, index));
    this.#emit = emit;
  }

  get finished(): boolean {
    return this.#reason !== null;
  }

  /** What a chunk tells of the candidate. */
  take(fields: JsonFields): void {
    const { content, finishReason } = fields;
    if (isFields(content)) this.#content(content);
    if (typeof finishReason === 'string' || typeof finishReason === 'number') this.#reason ??= finishReason;
    if (saysMore(fields)) this.#rest(fields);
    else if (isFields(content)) this.#restOfContent(content);
  }

  /** Words of the part that is open. */
  heard({ type, text }: TextDelta): void {
    if (this.#isAscii && type === 'text-delta') this.#isAscii = !NOT_ASCII.test(text);
  }

  /** The stream is complete: ends what is open and tells the reason. */
  close(): void {
    this.#endCall();
    this.#end();
    const finish: Finish = this.#reason === null ? { reason: 'other' } : finishOf(this.#reason, this.#hasCalls);
    this.#emit({ type: 'choice-finish', choice: this.index, finish });
  }

  #content({ parts }: JsonFields): void {
    if (!Array.isArray(parts)) return;
    for (const part of parts as readonly unknown[]) if (isFields(part)) this.#part(part);
  }

  #part(part: JsonFields): void {
    const { text } = part;
    if (typeof text === 'string' && isOnlyText(part)) {
      this.#text(part, text);
      return;
    }
    const fields = camelNames(part);
    const call = fields['functionCall'];
    if (isFields(call)) this.#function(fields, camelNames(call));
    else this.#other(decodePart(part, this.#ids));
  }

  #text(part: JsonFields, text: string): void {
    const kind: TextKind = part['thought'] === true ? 'reasoning' : 'text';
    if (text !== '') {
      this.#open(kind);
      const type = kind === 'text' ? 'text-delta' : 'reasoning-delta';
      const delta: TextDelta = { type, choice: this.index, index: this.#openIndex, text };
      this.heard(delta);
      this.#emit(delta);
    }
    const signature = part['thoughtSignature'];
    if (typeof signature === 'string') this.#sign(kind, signature);
  }

  #sign(kind: TextKind, text: string): void {
    this.#open(kind);
    const { signature, encrypted } = openSignature(text, FORMAT);
    const kept: { signature?: Signature | undefined; encrypted?: Signature | undefined } =
      kind === 'text' ? { signature: signature ?? encrypted } : { signature, encrypted };
    this.#emit({ type: 'signature-set', choice: this.index, index: this.#openIndex, ...kept });
  }

  #open(kind: TextKind): void {
    if (this.#openKind === kind) return;
    this.#isAscii = true;
    this.#start(kind, { type: kind, text: '' });
  }

  #start(kind: TextKind | 'audio', part: Part): void {
    this.#endCall();
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

  #other(part: Part): void {
    if (part.type === 'text') {
      // A signature without a text, for the words before it.
      if (part.text !== '') this.#text({}, part.text);
      if (part.signature !== undefined) this.#sign('text', part.signature.value);
    } else if (part.type === 'audio' && part.source.kind === 'data') {
      this.#audio(part, part.source.data, part.source.mediaType);
    } else {
      this.#whole(part);
    }
  }

  #whole(part: Part): void {
    this.#endCall();
    this.#end();
    const index = this.#parts++;
    this.#emit({ type: 'part-start', choice: this.index, index, part });
    this.#emit({ type: 'part-end', choice: this.index, index });
  }

  /** Sound comes in pieces of the same type. */
  #audio(part: AudioPart, data: string, mediaType: string | undefined): void {
    if (this.#openKind !== 'audio' || this.#audioType !== mediaType) {
      this.#audioType = mediaType;
      this.#start('audio', { ...part, source: { kind: 'data', data: '', mediaType } });
    }
    this.#emit({ type: 'audio-delta', choice: this.index, index: this.#openIndex, data });
  }

  #function(fields: JsonFields, call: JsonFields): void {
    const pieces = call['partialArgs'];
    const goesOn = call['willContinue'] === true;
    const name = textOf(call, 'name');
    if (name === undefined && this.#call === null) return;
    if (name === undefined || goesOn || Array.isArray(pieces)) {
      this.#pieces(fields, call, goesOn);
      return;
    }
    const index = this.#startCall(fields, false);
    if (index < 0) return;
    const args = call['args'];
    this.#emit({
      type: 'arguments-delta',
      choice: this.index,
      index,
      text: isFields(args) ? jsonText(args) : '{}',
    });
    this.#emit({ type: 'part-end', choice: this.index, index });
  }

  /** Tells the call, its arguments left out; they follow. */
  #startCall(fields: JsonFields, inPieces: boolean): number {
    const part = decodePart(fields, this.#ids);
    if (part.type !== 'tool-call') return -1;
    this.#endCall();
    this.#end();
    this.#hasCalls = true;
    const index = this.#parts++;
    // Of a call in pieces the form would tell that it has no arguments.
    const form = inPieces ? part.form?.replace(/ ?no-args/, '') : part.form;
    const begun: Part = { ...part, arguments: '', extensions: undefined, form };
    this.#emit({ type: 'part-start', choice: this.index, index, part: begun });
    return index;
  }

  #pieces(fields: JsonFields, call: JsonFields, goesOn: boolean): void {
    if (textOf(call, 'name') !== undefined) {
      const part = this.#startCall(fields, true);
      if (part < 0) return;
      this.#call = { part, args: new PartialArgs() };
    }
    const open = this.#call;
    if (open === null) return;
    const { args, partialArgs } = call;
    if (isFields(args)) open.args.merge(args);
    if (Array.isArray(partialArgs)) open.args.add(partialArgs);
    if (open.args.failed) this.overflow = 'The arguments of a call could not be put together.';
    if (!goesOn) this.#endCall();
  }

  #endCall(): void {
    const call = this.#call;
    if (call === null) return;
    this.#call = null;
    this.#emit({ type: 'arguments-delta', choice: this.index, index: call.part, text: call.args.text() });
    this.#emit({ type: 'part-end', choice: this.index, index: call.part });
  }

  /** Citations, probabilities, and what only Google knows. */
  #rest(fields: JsonFields): void {
    if (this.#openKind === 'text')
      for (const placed of citationsOf(fields))
        this.#emit({
          type: 'citation-add',
          choice: this.index,
          index: this.#openIndex,
          citation: inStream(placed, this.#isAscii),
        });
    const { logprobsResult, content } = fields;
    if (isFields(logprobsResult))
      this.#emit({ type: 'logprobs-add', choice: this.index, logprobs: decodeLogprobs(logprobsResult) });
    const inner = isFields(content) ? restOf(content, CONTENT, FORMAT) : undefined;
    const extensions = withInner(restOf(fields, CANDIDATE, FORMAT), FORMAT, 'content', inner);
    if (extensions !== undefined) this.#emit({ type: 'extensions-add', choice: this.index, extensions });
  }

  #restOfContent(content: JsonFields): void {
    const inner = restOf(content, CONTENT, FORMAT);
    const extensions = withInner(undefined, FORMAT, 'content', inner);
    if (extensions !== undefined) this.#emit({ type: 'extensions-add', choice: this.index, extensions });
  }
}

/** Whether a candidate has more than nearly every chunk's has. */
function saysMore(fields: JsonFields): boolean {
  for (const name in fields) if (name !== 'content' && name !== 'index' && name !== 'finishReason') return true;
  return false;
}

function isOnlyText(part: JsonFields): boolean {
  for (const name in part) if (!TEXT_FIELDS.has(name)) return false;
  return true;
}

import { type JsonFields, wireError } from '../../protocol/index.js';
import { LineSplitter } from '../../streaming/index.js';
import { errorInside, parsed } from '../answer-bytes.js';
import { DEFAULT_MAX_FRAME_BYTES, EventDecoder } from '../event-decoder.js';
import { isFields, listOf, objectOf, restOf, type Shape, textOf, withInner } from '../fields.js';
import { readOllamaUsage } from '../usage/ollama.js';
import type { DecodeEventsOptions, StreamDecoder } from '../wire-format.js';
import { CallIds } from './call-ids.js';
import { callIdsOf, countsOf, secondsOf } from './decode-answer.js';
import { decodeToolCall } from './decode-messages.js';
import { finishOf } from './finish.js';
import { decodeImage } from './images.js';
import { decodeLogprobs } from './logprobs.js';
import { ANSWER, FORMAT, MESSAGE } from './shapes.js';

/**
 * Reads a stream of `POST /api/chat`: one JSON object a line. It ends with the line that says `done`; without it the answer is
 * `incomplete`. Words of a kind belong to the part that is open until another kind follows; calls come whole. A line with
 * neither message nor error is kept as extensions.
 */
export function decodeEvents(options: DecodeEventsOptions = {}): StreamDecoder {
  return new OllamaEventDecoder(options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES);
}

type Kind = 'text' | 'reasoning';

class OllamaEventDecoder extends EventDecoder {
  readonly #lines: LineSplitter;
  #started = false;
  #ids = new CallIds('call_');
  #open: Kind | null = null;
  #parts = 0;
  #hasCalls = false;

  constructor(maxFrameBytes: number) {
    super();
    this.#lines = new LineSplitter(maxFrameBytes, (line) => {
      if (!this.over) this.#line(line.trim());
    });
  }

  protected override consume(chunk: Buffer): void {
    this.#lines.push(chunk);
    if (this.#lines.tooLarge) this.fail(wireError('frame-too-large', 'A line of the stream is too large.'));
  }

  protected override finish(): void {
    this.#lines.end();
  }

  #line(text: string): void {
    if (text === '') return;
    const fields = parsed(text);
    if (!isFields(fields)) this.fail(wireError('malformed', 'A line of the stream is no JSON object.'));
    else if ((fields['error'] ?? null) !== null) this.fail(errorInside(FORMAT, fields));
    else this.#fields(fields);
  }

  #fields(fields: JsonFields): void {
    if (!this.#started) this.#start(fields);
    this.#message(objectOf(fields, 'message') ?? {});
    const logprobs = listOf(fields, 'logprobs');
    if (logprobs !== undefined && logprobs.length > 0)
      this.emit({ type: 'logprobs-add', choice: 0, logprobs: decodeLogprobs(logprobs) });
    if (hasOthers(fields, ANSWER)) this.#others(fields);
    if (fields['done'] === true) this.#end(fields);
  }

  #start(fields: JsonFields): void {
    this.#started = true;
    this.#ids = callIdsOf(fields);
    this.emit({
      type: 'answer-start',
      source: FORMAT,
      model: textOf(fields, 'model'),
      created: secondsOf(textOf(fields, 'created_at')),
    });
  }

  #message(message: JsonFields): void {
    this.#words('reasoning', textOf(message, 'thinking') ?? '');
    this.#words('text', textOf(message, 'content') ?? '');
    if (message['images'] !== undefined) this.#images(listOf(message, 'images') ?? []);
    for (const call of listOf(message, 'tool_calls') ?? []) if (isFields(call)) this.#call(call);
    if (!hasOthers(message, MESSAGE)) return;
    const extensions = withInner(undefined, FORMAT, 'message', restOf(message, MESSAGE, FORMAT));
    if (extensions !== undefined) this.emit({ type: 'extensions-add', choice: 0, extensions });
  }

  #words(kind: Kind, text: string): void {
    if (text === '') return;
    if (this.#open !== kind) {
      this.#close();
      this.#open = kind;
      this.emit({ type: 'part-start', choice: 0, index: this.#parts++, part: { type: kind, text: '' } });
    }
    const type = kind === 'text' ? 'text-delta' : 'reasoning-delta';
    this.emit({ type, choice: 0, index: this.#parts - 1, text });
  }

  #images(images: readonly unknown[]): void {
    for (const image of images) {
      if (typeof image !== 'string') continue;
      this.#close();
      this.emit({ type: 'part-start', choice: 0, index: this.#parts, part: decodeImage(image) });
      this.emit({ type: 'part-end', choice: 0, index: this.#parts++ });
    }
  }

  #call(value: JsonFields): void {
    this.#close();
    this.#hasCalls = true;
    const part = decodeToolCall(value, this.#ids);
    const index = this.#parts++;
    this.emit({ type: 'part-start', choice: 0, index, part: { ...part, arguments: '' } });
    if (part.arguments !== '') this.emit({ type: 'arguments-delta', choice: 0, index, text: part.arguments });
    this.emit({ type: 'part-end', choice: 0, index });
  }

  #close(): void {
    if (this.#open !== null) this.emit({ type: 'part-end', choice: 0, index: this.#parts - 1 });
    this.#open = null;
  }

  #others(fields: JsonFields): void {
    const extensions = restOf(fields, ANSWER, FORMAT);
    if (extensions !== undefined) this.emit({ type: 'extensions-add', extensions });
  }

  #end(fields: JsonFields): void {
    this.#close();
    const usage = readOllamaUsage(fields);
    if (usage !== null) this.emit({ type: 'usage-update', usage, raw: countsOf(fields) });
    const finish = finishOf(textOf(fields, 'done_reason'), this.#hasCalls);
    this.emit({ type: 'choice-finish', choice: 0, finish });
    this.complete();
  }
}

/** Nearly all lines have known fields only. */
function hasOthers(fields: JsonFields, table: Shape): boolean {
  for (const name in fields) if (table[name] === undefined) return true;
  return false;
}

import { type Extensions, type JsonFields, type StreamEvent, wireError } from '../../protocol/index.js';
import { errorInside, parsed } from '../answer-bytes.js';
import { AlikeSseEventDecoder } from '../event-decoder.js';
import { isFields, textOf } from '../fields.js';
import type { DecodeEventsOptions, StreamDecoder } from '../wire-format.js';
import { decodeLogprobs, isError } from './decode-answer.js';
import { ChoiceDecoder } from './decode-choice.js';
import { FORMAT } from './shapes.js';
import { readUsage } from './usage.js';

/** More choices than this are no answer. */
const MAX_CHOICES = 128;

/**
 * Reads a stream of `chat.completion.chunk`. It ends with `[DONE]`, or where every choice has its finish reason (Mistral,
 * Ollama and others leave the mark out); anything else is `incomplete`.
 */
export function decodeEvents(options: DecodeEventsOptions = {}): StreamDecoder {
  return new ChatEventDecoder(options.maxFrameBytes);
}

/** Fields of a chunk that are read, are of no use (padding against guessing), or repeat what others said. */
const CHUNK_FIELDS: Readonly<Record<string, true>> = Object.freeze(
  Object.assign(
    Object.create(null) as Record<string, true>,
    {
      id: true,
      object: true,
      created: true,
      model: true,
      choices: true,
      usage: true,
      service_tier: true,
      system_fingerprint: true,
      obfuscation: true,
      p: true,
    } as const,
  ),
);

/** The same of a choice. `message` and `text` are copies of what the deltas said (Perplexity, Together). */
const CHOICE_FIELDS: Readonly<Record<string, true>> = Object.freeze(
  Object.assign(
    Object.create(null) as Record<string, true>,
    {
      index: true,
      delta: true,
      finish_reason: true,
      logprobs: true,
      message: true,
      text: true,
    } as const,
  ),
);

class ChatEventDecoder extends AlikeSseEventDecoder {
  #started = false;
  #answerId = '';
  #serviceTier: unknown = null;
  #fingerprint: unknown = null;
  readonly #choices: ChoiceDecoder[] = [];
  /** The choice of the last chunk: nearly all streams have but one. */
  #last: ChoiceDecoder | null = null;
  readonly #emit = (event: StreamEvent): void => this.emit(event);

  protected override read(data: string, event: string | null): void {
    if (data === '[DONE]') {
      this.#finishAll();
      return;
    }
    const chunk = parsed(data);
    if (event === 'error') this.fail(errorInside(FORMAT, chunk ?? data));
    else if (!isFields(chunk)) this.fail(wireError('malformed', 'An event of the stream is no JSON object.'));
    else if (isError(chunk)) this.fail(errorInside(FORMAT, chunk));
    else this.#chunk(chunk);
  }

  protected override finish(): void {
    super.finish();
    if (this.over || this.#choices.length === 0) return;
    if (this.#choices.every(({ finished }) => finished)) this.#finishAll();
  }

  #finishAll(): void {
    if (!this.#started) {
      this.fail(wireError('incomplete', 'The stream ended before it began.'));
      return;
    }
    for (const choice of this.#choices.sort((one, other) => one.index - other.index)) choice.close();
    this.complete();
  }

  #chunk(chunk: JsonFields): void {
    if (!this.#started) this.#start(chunk);
    const choices = chunk['choices'];
    if (Array.isArray(choices)) {
      for (const choice of choices as unknown[]) if (isFields(choice)) this.#choice(choice);
    }
    const usage = chunk['usage'];
    if (isFields(usage)) this.#usage(usage);
    this.#others(chunk);
  }

  #start(chunk: JsonFields): void {
    this.#started = true;
    this.#answerId = textOf(chunk, 'id') ?? '';
    this.#serviceTier = chunk['service_tier'] ?? null;
    this.#fingerprint = chunk['system_fingerprint'] ?? null;
    const created = chunk['created'];
    this.emit({
      type: 'answer-start',
      source: FORMAT,
      id: this.#answerId === '' ? undefined : this.#answerId,
      model: textOf(chunk, 'model'),
      created: typeof created === 'number' ? created : undefined,
      serviceTier: textOf(chunk, 'service_tier'),
      extensions: this.#fingerprint === null ? undefined : { [FORMAT]: { system_fingerprint: this.#fingerprint } },
    });
  }

  #usage(usage: JsonFields): void {
    const read = readUsage(usage);
    if (read !== null) this.emit({ type: 'usage-update', usage: read, raw: { format: FORMAT, value: usage } });
  }

  #choice(fields: JsonFields): void {
    const choice = this.#choiceAt(fields['index']);
    if (choice === null) {
      this.fail(wireError('malformed', 'A choice of the stream has no possible index.'));
      return;
    }
    const delta = fields['delta'];
    if (isFields(delta)) choice.delta(delta);
    const logprobs = fields['logprobs'];
    if (isFields(logprobs))
      this.emit({ type: 'logprobs-add', choice: choice.index, logprobs: decodeLogprobs(logprobs) });
    const reason = fields['finish_reason'];
    if (typeof reason === 'string' && reason !== '') choice.finish(reason);
    if (choice.overflow !== null) this.fail(wireError('malformed', choice.overflow));
    const extensions = unknownFields(fields, CHOICE_FIELDS);
    if (extensions !== undefined) this.emit({ type: 'extensions-add', choice: choice.index, extensions });
  }

  /** A missing index is that of the only choice. */
  #choiceAt(value: unknown): ChoiceDecoder | null {
    const index = value ?? 0;
    if (this.#last?.index === index) return this.#last;
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= MAX_CHOICES) return null;
    let choice = this.#choices.find((known) => known.index === index);
    if (choice === undefined) {
      choice = new ChoiceDecoder(index as number, this.#answerId, this.#emit);
      this.#choices.push(choice);
    }
    this.#last = choice;
    return choice;
  }

  /** What changed of the answer's own fields, and what only the provider knows. */
  #others(chunk: JsonFields): void {
    let extensions = unknownFields(chunk, CHUNK_FIELDS);
    const tier = chunk['service_tier'] ?? null;
    const fingerprint = chunk['system_fingerprint'] ?? null;
    if (tier !== null && tier !== this.#serviceTier) {
      this.#serviceTier = tier;
      extensions = { [FORMAT]: { ...extensions?.[FORMAT], service_tier: tier } };
    }
    if (fingerprint !== null && fingerprint !== this.#fingerprint) {
      this.#fingerprint = fingerprint;
      extensions = { [FORMAT]: { ...extensions?.[FORMAT], system_fingerprint: fingerprint } };
    }
    if (extensions !== undefined) this.emit({ type: 'extensions-add', extensions });
  }
}

function unknownFields(fields: JsonFields, known: Readonly<Record<string, true>>): Extensions | undefined {
  let rest: Record<string, unknown> | undefined;
  for (const name in fields) {
    if (known[name] === true || name === '__proto__') continue;
    const value = fields[name];
    if (value === null) continue;
    rest ??= {};
    rest[name] = value;
  }
  return rest === undefined ? undefined : { [FORMAT]: rest };
}

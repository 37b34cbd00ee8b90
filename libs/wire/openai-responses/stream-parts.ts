import type { Extensions, Part, ReasoningPart, StreamEvent } from '../../protocol/index.js';

type Emit = (event: StreamEvent) => void;

/** The parts of the answer that a stream has begun; numbers them. */
export class PartSink {
  readonly emit: Emit;
  hasCalls = false;
  #count = 0;

  constructor(emit: Emit) {
    this.emit = emit;
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  begin(part: Part): OpenPart {
    if (part.type === 'tool-call') this.hasCalls = true;
    this.emit({ type: 'part-start', choice: 0, index: this.#count, part: emptied(part) });
    return new OpenPart(this, part.type, this.#count++);
  }

  /** A part of which nothing was told before. */
  whole(part: Part): void {
    this.begin(part).finish(part);
  }
}

/** The part as its beginning shows it: words come behind it. */
function emptied(part: Part): Part {
  switch (part.type) {
    case 'text':
      return { ...part, text: '', citations: undefined };
    case 'refusal':
      return { ...part, text: '' };
    case 'reasoning':
      return { ...part, text: '', summary: undefined, signature: undefined, encrypted: undefined };
    case 'tool-call':
    case 'builtin-call':
      return { ...part, arguments: '' };
    default:
      return part;
  }
}

const DELTAS = {
  text: 'text-delta',
  refusal: 'refusal-delta',
  reasoning: 'reasoning-delta',
  'tool-call': 'arguments-delta',
  'builtin-call': 'arguments-delta',
} as const;

type Spoken = keyof typeof DELTAS;

/**
 * A part being told. Only lengths are kept of what was said: what its end repeats is told from where the deltas stopped, so
 * that providers that leave deltas out lose nothing.
 */
export class OpenPart {
  readonly type: Part['type'];
  readonly #sink: PartSink;
  readonly #index: number;
  #chars = 0;
  #citations = 0;
  /** Characters told of each paragraph of the summary. */
  readonly #paragraphs = new Map<number, number>();

  constructor(sink: PartSink, type: Part['type'], index: number) {
    this.#sink = sink;
    this.type = type;
    this.#index = index;
  }

  words(text: string): void {
    const type = Object.hasOwn(DELTAS, this.type) ? DELTAS[this.type as Spoken] : undefined;
    if (type === undefined || text === '') return;
    this.#chars += text.length;
    this.#sink.emit({ type, choice: 0, index: this.#index, text });
  }

  summary(paragraph: number, text: string): void {
    if (this.type !== 'reasoning' || text === '') return;
    this.#paragraphs.set(paragraph, (this.#paragraphs.get(paragraph) ?? 0) + text.length);
    this.#sink.emit({ type: 'summary-delta', choice: 0, index: this.#index, paragraph, text });
  }

  cite(citation: Extract<StreamEvent, { type: 'citation-add' }>['citation']): void {
    if (this.type !== 'text') return;
    this.#citations++;
    this.#sink.emit({ type: 'citation-add', choice: 0, index: this.#index, citation });
  }

  /** @param whole the part as its end repeats it; `null` where the stream does not say */
  finish(whole: Part | null): void {
    const told = whole?.type === this.type ? whole : null;
    if (told !== null) this.#rest(told);
    this.#end(told?.extensions);
  }

  #end(extensions: Extensions | undefined): void {
    this.#sink.emit({ type: 'part-end', choice: 0, index: this.#index, extensions });
  }

  /** What the end says and the deltas did not. */
  #rest(part: Part): void {
    switch (part.type) {
      case 'text':
        this.words(part.text.slice(this.#chars));
        part.citations?.slice(this.#citations).forEach((citation) => this.cite(citation));
        break;
      case 'refusal':
        this.words(part.text.slice(this.#chars));
        break;
      case 'tool-call':
      case 'builtin-call':
        this.words(part.arguments.slice(this.#chars));
        break;
      case 'reasoning':
        this.#restOfThought(part);
        break;
      default:
    }
  }

  #restOfThought({ text, summary = [], encrypted, signature }: ReasoningPart): void {
    this.words(text.slice(this.#chars));
    summary.forEach((paragraph, at) => this.summary(at, paragraph.slice(this.#paragraphs.get(at) ?? 0)));
    if (encrypted !== undefined || signature !== undefined)
      this.#sink.emit({ type: 'signature-set', choice: 0, index: this.#index, encrypted, signature });
  }
}

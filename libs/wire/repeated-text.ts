import type { StreamEvent, TextDelta } from '../protocol/index.js';

/** What stands between the quotes of a JSON string and means itself. */
const PLAIN = /^[^"\\\u0000-\u001f]*$/;
/** Fields that no decoder reads and that are another in every frame: a number, padding against guessing. */
const OF_NO_USE = /"(?:sequence_number":\s*(?=\d)|(?:obfuscation|p)":\s*(?="))/g;
/** Longer frames are not kept in mind. */
const MAX_FRAME_CHARS = 4096;
/** Frames remembered one after another without another like them, until a stream is taken for one that has none. */
const MAX_IN_VAIN = 8;

/** A value that may be another in a frame alike; its place in the frame, quotes left out. */
interface Gap {
  readonly kind: 'text' | 'string' | 'number';
  readonly start: number;
  readonly end: number;
}

/**
 * Most frames of a stream say what the frame before said, in other words: same part, same fields, another text. Such a frame is
 * known by all that stands around its text, and its JSON need not be read, which is most of the work of decoding.
 */
export class RepeatedText {
  /** What stands before the gaps. */
  #pieces: readonly string[] = [];
  /** What stands behind the last. */
  #last = '';
  #gaps: readonly Gap[] = [];
  #event: string | null = null;
  #delta: TextDelta | null = null;
  #inVain = 0;

  /** What a frame says that is like the remembered one but for its text; `null`: it has to be read. */
  find(data: string, event: string | null): TextDelta | null {
    const delta = this.#delta;
    if (delta === null || event !== this.#event) return null;
    const text = this.#textOf(data);
    if (text === null) return null;
    this.#inVain = 0;
    return { type: delta.type, choice: delta.choice, index: delta.index, text };
  }

  /** Takes note of a frame that was read, with its event; `null` where it gave none or several. */
  note(data: string, event: string | null, said: StreamEvent | null): void {
    if (said === null || !isWords(said)) this.#delta = null;
    else if (!this.#remember(data, event, said) && !isSamePart(this.#delta, said)) this.#delta = null;
  }

  /** Pieces are compared at once, which `startsWith` and `endsWith` do character by character. */
  #textOf(data: string): string | null {
    let at = 0;
    let text = '';
    for (let index = 0; index < this.#gaps.length; index++) {
      const piece = this.#pieces[index]!;
      const start = at + piece.length;
      if (data.slice(at, start) !== piece) return null;
      const { kind } = this.#gaps[index]!;
      at = kind === 'number' ? endOfNumber(data, start) : data.indexOf('"', start);
      if (at < 0) return null;
      const value = data.slice(start, at);
      if (!PLAIN.test(value)) return null;
      if (kind === 'text') text = value;
    }
    return text === '' || data.slice(at) !== this.#last ? null : text;
  }

  /** Without escapes in the frame, a text that stands in it once is where the event has it from. */
  #remember(data: string, event: string | null, said: TextDelta): boolean {
    if (this.#inVain >= MAX_IN_VAIN || data.length > MAX_FRAME_CHARS || data.includes('\\')) return false;
    const at = data.indexOf(`"${said.text}"`) + 1;
    if (at === 0 || data.includes(`"${said.text}"`, at)) return false;
    const gaps = [{ kind: 'text', start: at, end: at + said.text.length } as const, ...uselessIn(data)];
    if (gaps.some(({ end }) => end < 0)) return false;
    this.#gaps = gaps.sort((one, other) => one.start - other.start);
    this.#pieces = this.#gaps.map(({ start }, index) => data.slice(this.#gaps[index - 1]?.end ?? 0, start));
    this.#last = data.slice(this.#gaps.at(-1)?.end);
    this.#event = event;
    this.#delta = said;
    this.#inVain++;
    return true;
  }
}

function uselessIn(data: string): Gap[] {
  return [...data.matchAll(OF_NO_USE)].map((found): Gap => {
    const start = found.index + found[0].length;
    if (data[start] !== '"') return { kind: 'number', start, end: endOfNumber(data, start) };
    return { kind: 'string', start: start + 1, end: data.indexOf('"', start + 1) };
  });
}

/** Behind the digits that begin at `start`, -1 where they are no whole number. */
function endOfNumber(data: string, start: number): number {
  let end = start;
  while (isDigit(data.charCodeAt(end))) end++;
  const isNumber = end > start && (end === start + 1 || data[start] !== '0');
  return isNumber && end - start < 16 ? end : -1;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isWords(event: StreamEvent): event is TextDelta {
  return event.type === 'text-delta' || event.type === 'reasoning-delta' || event.type === 'refusal-delta';
}

function isSamePart(one: TextDelta | null, other: TextDelta): boolean {
  return one?.type === other.type && one.choice === other.choice && one.index === other.index;
}

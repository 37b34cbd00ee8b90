import type { StreamEvent, TextDelta } from '../protocol/index.js';

/** What stands between the quotes of a JSON string and means itself. */
const PLAIN = /^[^"\\\u0000-\u001f]+$/;
/** Longer frames are not kept in mind. */
const MAX_FRAME_CHARS = 4096;
/** Frames remembered one after another without another like them, until a stream is taken for one that has none. */
const MAX_IN_VAIN = 8;

/**
 * Most frames of a stream say what the frame before said, in other words: same part, same fields, another text. Such a frame is
 * known by all that stands around its text, and its JSON need not be read, which is most of the work of decoding.
 */
export class RepeatedText {
  #before = '';
  #behind = '';
  #event: string | null = null;
  #delta: TextDelta | null = null;
  #inVain = 0;

  /** What a frame says that differs from the remembered one in its text only; `null`: it has to be read. */
  find(data: string, event: string | null): TextDelta | null {
    const delta = this.#delta;
    if (delta === null || event !== this.#event) return null;
    const end = data.length - this.#behind.length;
    const start = this.#before.length;
    // Pieces are compared at once, which `startsWith` and `endsWith` do character by character.
    if (end <= start || data.slice(0, start) !== this.#before || data.slice(end) !== this.#behind) return null;
    const text = data.slice(start, end);
    if (!PLAIN.test(text)) return null;
    this.#inVain = 0;
    return { type: delta.type, choice: delta.choice, index: delta.index, text };
  }

  /** Takes note of a frame that was read, with its event; `null` where it gave none or several. */
  note(data: string, event: string | null, said: StreamEvent | null): void {
    if (said === null || !isWords(said)) this.#delta = null;
    else if (!this.#remember(data, event, said) && !isSamePart(this.#delta, said)) this.#delta = null;
  }

  /** Without escapes in the frame, a text that stands in it once is where the event has it from. */
  #remember(data: string, event: string | null, said: TextDelta): boolean {
    if (this.#inVain >= MAX_IN_VAIN || data.length > MAX_FRAME_CHARS || data.includes('\\')) return false;
    const literal = `"${said.text}"`;
    const at = data.indexOf(literal);
    if (at < 0 || data.includes(literal, at + 1)) return false;
    this.#before = data.slice(0, at + 1);
    this.#behind = data.slice(at + literal.length - 1);
    this.#event = event;
    this.#delta = said;
    this.#inVain++;
    return true;
  }
}

function isWords(event: StreamEvent): event is TextDelta {
  return event.type === 'text-delta' || event.type === 'reasoning-delta' || event.type === 'refusal-delta';
}

function isSamePart(one: TextDelta | null, other: TextDelta): boolean {
  return one?.type === other.type && one.choice === other.choice && one.index === other.index;
}

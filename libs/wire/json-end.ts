const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Watches JSON arrive in pieces and knows when its object or list is closed. Holds none of it. */
export class JsonEnd {
  /** Whether an object or a list was opened and closed again. */
  closed = false;

  #depth = 0;
  #inString = false;
  #escaped = false;

  push(text: string): void {
    for (let index = 0; index < text.length && !this.closed; index++) {
      const code = text.charCodeAt(index);
      if (this.#inString) this.#string(code);
      else this.#structure(code);
    }
  }

  #string(code: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (code === BACKSLASH) this.#escaped = true;
    else if (code === QUOTE) this.#inString = false;
  }

  #structure(code: number): void {
    if (code === QUOTE) this.#inString = true;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) this.#depth++;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) this.closed = --this.#depth <= 0;
  }
}

/** Pieces held before they are joined. */
const MAX_PIECES = 256;

/**
 * A text that comes in pieces and is wanted whole at its end. Added to a string one by one, its pieces would all be kept, and
 * with them several times the memory of the text.
 */
export class KeptText {
  #joined = '';
  #pieces: string[] = [];
  #length = 0;

  /** Characters. */
  get length(): number {
    return this.#length;
  }

  add(text: string): void {
    this.#length += text.length;
    if (this.#pieces.push(text) >= MAX_PIECES) this.#join();
  }

  whole(): string {
    this.#join();
    return this.#joined;
  }

  #join(): void {
    this.#joined += this.#pieces.join('');
    this.#pieces = [];
  }
}

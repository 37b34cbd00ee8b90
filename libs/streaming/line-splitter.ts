const LF = 0x0a;
const FIRST_CARRY_BYTES = 1024;

/**
 * Splits lines of text while they arrive, e.g. JSON lines (`application/x-ndjson`). A line ends with LF; a CR before it stays
 * in the line, and so does a byte order mark: both are space to whoever trims. Characters are decoded only when their line is
 * whole, so a cut through one does no harm. Holds back one line, at most `maxBytes` of it.
 */
export class LineSplitter {
  /** A line was larger than the cap. Nothing more is taken. */
  tooLarge = false;

  readonly #maxBytes: number;
  readonly #onLine: (line: string) => void;
  #carry: Buffer = Buffer.alloc(0);
  #carried = 0;

  /** @param maxBytes the most bytes of one line, its end left out */
  constructor(maxBytes: number, onLine: (line: string) => void) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    let position = 0;
    while (position < chunk.length && !this.tooLarge) {
      const end = chunk.indexOf(LF, position);
      if (end < 0) {
        this.#keep(chunk, position, chunk.length);
        return;
      }
      this.#whole(chunk, position, end);
      position = end + 1;
    }
  }

  /** The upstream has closed: a last line without its end is taken as whole. Whoever reads it finds out whether it is. */
  end(): void {
    if (this.tooLarge || this.#carried === 0) return;
    const length = this.#carried;
    this.#carried = 0;
    this.#onLine(this.#carry.toString('utf8', 0, length));
  }

  #whole(chunk: Buffer, start: number, end: number): void {
    if (this.#carried === 0 && end - start <= this.#maxBytes) {
      this.#onLine(chunk.toString('utf8', start, end));
      return;
    }
    this.#keep(chunk, start, end);
    const length = this.#carried;
    this.#carried = 0;
    if (!this.tooLarge) this.#onLine(this.#carry.toString('utf8', 0, length));
  }

  /** Keeps the beginning of a line until the rest has come. */
  #keep(chunk: Buffer, start: number, end: number): void {
    const size = this.#carried + end - start;
    if (size > this.#maxBytes) {
      this.tooLarge = true;
      return;
    }
    if (this.#carry.length < size) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_CARRY_BYTES, size * 2));
      this.#carry.copy(larger, 0, 0, this.#carried);
      this.#carry = larger;
    }
    chunk.copy(this.#carry, this.#carried, start, end);
    this.#carried = size;
  }
}

/** Bytes that all tapes together may hold. */
export class TapeBudget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#left += bytes;
  }
}

/** A copy of the bytes that pass, up to a bound; beyond it nothing is kept, and nothing of what was. */
export class ByteTape {
  /** Whether more passed than may be kept. */
  overflowed = false;
  /** The bytes that passed, kept or not. */
  passed = 0;
  #chunks: Buffer[] = [];
  #kept = 0;

  constructor(
    private readonly maxBytes: number,
    private readonly budget: TapeBudget,
  ) {}

  /** The chunks as they came. */
  get chunks(): readonly Buffer[] {
    return this.#chunks;
  }

  add(chunk: Buffer): void {
    this.passed += chunk.length;
    if (this.overflowed) return;
    if (this.#kept + chunk.length > this.maxBytes || !this.budget.take(chunk.length)) {
      this.drop();
      this.overflowed = true;
      return;
    }
    this.#kept += chunk.length;
    this.#chunks.push(chunk);
  }

  /** Gives the memory back. */
  drop(): void {
    this.budget.giveBack(this.#kept);
    this.#kept = 0;
    this.#chunks = [];
  }
}

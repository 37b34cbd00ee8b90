/** Whole nano-dollars so far; exact at any size and nearly as cheap as a number while the sum is small. */
export class NanoSum {
  private small = 0;
  private large = 0n;

  /** @param text a whole number, negative ones included */
  add(text: string): void {
    // Fifteen digits are exact as numbers, and two of them do not leave what numbers hold exactly.
    if (text.length > 15) {
      this.large += BigInt(text);
      return;
    }
    this.small += Number(text);
    if (this.small > 4e15 || this.small < -4e15) {
      this.large += BigInt(this.small);
      this.small = 0;
    }
  }

  toString(): string {
    return this.large === 0n ? String(this.small) : (this.large + BigInt(this.small)).toString();
  }
}

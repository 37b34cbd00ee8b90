import type { RowBatch } from './row-source.js';

/** Ended calls the disk does not take at present; at most `maxChars` of them. */
export class UnwrittenRows {
  /** Rows that found no room; lost. */
  lost = 0;
  private rows: string[] = [];
  private chars = 0;

  constructor(private readonly maxChars: number) {}

  get count(): number {
    return this.rows.length;
  }

  add(rows: readonly string[]): void {
    for (const row of rows) {
      if (this.chars + row.length > this.maxChars) {
        this.lost += 1;
        continue;
      }
      this.rows.push(row);
      this.chars += row.length;
    }
  }

  /** Hands the oldest rows to `write`, which may throw; then they stay. Rows taken by `take` meanwhile are written all the same. */
  writeSome(count: number, write: (rows: string[]) => void): void {
    const some = this.rows.slice(0, count);
    write(some);
    // A new array: a batch taken from the old one must not remove others in their place.
    this.rows = this.rows.slice(count);
    this.chars -= lengthOf(some);
  }

  /** The oldest rows for the database directly; one that reaches the disk meanwhile is only repeated. */
  take(maxRows: number): RowBatch | null {
    if (this.rows.length === 0) return null;
    const source = this.rows;
    const rows = source.slice(0, maxRows);
    return {
      rows,
      confirm: () => {
        if (this.rows !== source) return;
        source.splice(0, rows.length);
        this.chars -= lengthOf(rows);
      },
    };
  }
}

const lengthOf = (rows: readonly string[]): number => rows.reduce((sum, row) => sum + row.length, 0);

/** Rows on their way to the database. `confirm` is called once they are there (or put aside), in the order they were taken. */
export interface RowBatch {
  readonly rows: readonly string[];
  confirm(): void;
}

/** Something that has rows for the database. */
export interface RowSource {
  /** The next rows, about `maxRows` of them; `null` when there are none now. One batch at a time. */
  take(maxRows: number): Promise<RowBatch | null>;
}

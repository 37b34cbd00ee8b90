import { isBefore, type Position } from './journal-files.js';
import type { RowBatch, RowSource } from './row-source.js';
import { SegmentReader } from './segment-reader.js';

/** Rows written in one event-loop turn, and where the journal stood after them. */
interface Turn {
  rows: string[];
  end: Position;
}

/**
 * Brings the ended calls of a running journal to the ledger writer, in the order they were written. Up to `maxRows` rows
 * wait in memory; while the database is behind, the rest is left in the segments and read back from there.
 */
export class JournalFeed implements RowSource {
  /** Ended calls that are in the journal and not yet confirmed. */
  waiting = 0;
  private turns: Turn[] = [];
  private queued = 0;
  /** Set while rows are only in the segments: from here on. */
  private reader: SegmentReader | null = null;
  private done: Position;
  private written: Position;

  constructor(
    private readonly options: { directory: string; maxRows: number },
    start: Position,
    private readonly onConfirmed: (position: Position) => void,
    private readonly onSkipped: (lines: number) => void,
  ) {
    this.done = this.written = start;
  }

  /** Everything before it is in the database. */
  get confirmedTo(): Position {
    return this.done;
  }

  /** Whether rows are waiting in the segments alone. */
  get isBehind(): boolean {
    return this.reader !== null;
  }

  /** Rows waiting in memory. */
  get inMemory(): number {
    return this.queued;
  }

  offer(rows: string[], end: Position): void {
    const before = this.written;
    this.written = end;
    this.waiting += rows.length;
    if (this.reader !== null) return;
    const last = this.turns.at(-1);
    if (rows.length === 0 && last !== undefined) {
      last.end = end;
    } else if (this.queued + rows.length > this.options.maxRows && rows.length > 0) {
      this.reader = new SegmentReader(this.options.directory, before);
    } else {
      this.turns.push({ rows, end });
      this.queued += rows.length;
    }
  }

  async take(maxRows: number): Promise<RowBatch | null> {
    if (this.turns.length > 0) return this.takeFromMemory(maxRows);
    return this.reader === null ? null : this.takeFromFiles(this.reader);
  }

  close(): void {
    void this.reader?.close();
    this.reader = null;
  }

  private takeFromMemory(maxRows: number): RowBatch {
    const rows: string[] = [];
    let end = this.done;
    let turns = 0;
    for (const turn of this.turns) {
      if (rows.length > 0 && rows.length + turn.rows.length > maxRows) break;
      for (const row of turn.rows) rows.push(row);
      end = turn.end;
      turns += 1;
    }
    this.turns.splice(0, turns);
    this.queued -= rows.length;
    return this.batch(rows, end);
  }

  private async takeFromFiles(reader: SegmentReader): Promise<RowBatch | null> {
    const skippedBefore = reader.skipped;
    const entries = await reader.next(this.written);
    if (reader.skipped > skippedBefore) this.onSkipped(reader.skipped - skippedBefore);
    if (!isBefore(reader.position, this.written)) {
      // Caught up: from this turn on rows come through memory again.
      this.reader = null;
      void reader.close();
    }
    if (entries === null) return null;
    const rows = entries.filter((entry) => entry.kind === 'end').map((entry) => entry.row);
    return this.batch(rows, reader.position);
  }

  private batch(rows: readonly string[], end: Position): RowBatch {
    return {
      rows,
      confirm: () => {
        this.waiting -= rows.length;
        this.done = end;
        this.onConfirmed(end);
      },
    };
  }
}

import { rmSync } from 'node:fs';
import { isBefore, listSegments, readCheckpoint, writeCheckpoint, type Position } from './journal-files.js';
import { fitRow } from './record-row.js';
import type { RowBatch, RowSource } from './row-source.js';
import { SegmentReader } from './segment-reader.js';

/** Calls of the last moments before the checkpoint that are remembered, up to twice as many. */
const MOST_DELIVERED = 2_000;

/**
 * The journal of a process that is gone. Its ended calls go to the database from the checkpoint on; what began and never
 * ended follows as it stands in the journal, as `died`. The directory is removed after the last row is confirmed, so a
 * process that dies over it leaves it to the next one, and the same rows are only repeated.
 */
export class Leftover implements RowSource {
  /** The last rows that the dead process had brought into the database itself: what else it had to do for them it may not have done. */
  readonly delivered: string[] = [];
  /** Size on disk, bytes. */
  readonly bytes: number;
  private readonly reader: SegmentReader;
  private readonly checkpoint: Position;
  /** Rows of the calls that have begun and not ended so far, by id; as many as were running at one time. */
  private readonly open = new Map<string, string>();
  private read = false;

  constructor(readonly directory: string) {
    this.reader = new SegmentReader(directory);
    this.checkpoint = readCheckpoint(directory);
    this.bytes = listSegments(directory).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Lines that were not entries. */
  get skipped(): number {
    return this.reader.skipped;
  }

  async take(maxRows: number): Promise<RowBatch | null> {
    while (!this.read) {
      const rows = await this.readOn();
      const end = this.reader.position;
      if (rows.length > 0) return { rows, confirm: () => writeCheckpoint(this.directory, end) };
    }
    const died = [...this.open].slice(0, maxRows);
    if (died.length === 0) return null;
    return {
      rows: died.map(([, row]) => row),
      confirm: () => {
        for (const [id] of died) this.open.delete(id);
      },
    };
  }

  async remove(): Promise<void> {
    await this.reader.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private noteDelivered(row: string): void {
    this.delivered.push(row);
    if (this.delivered.length >= 2 * MOST_DELIVERED) this.delivered.splice(0, MOST_DELIVERED);
  }

  private async readOn(): Promise<string[]> {
    const rows: string[] = [];
    const entries = await this.reader.next();
    if (entries === null) {
      this.read = true;
      await this.reader.close();
    }
    for (const { kind, id, row, end } of entries ?? []) {
      if (kind === 'begin') {
        this.open.set(id, fitRow(row));
        continue;
      }
      this.open.delete(id);
      if (isBefore(this.checkpoint, end)) rows.push(fitRow(row));
      else this.noteDelivered(fitRow(row));
    }
    return rows;
  }
}

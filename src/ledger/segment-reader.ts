import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { isBefore, listSegments, segmentPath, START, type Position } from './journal-files.js';
import { MAX_ROW_CHARS, rowId } from './record-row.js';

/** `begin`: the row a call leaves should it never end; `end`: the row of an ended call. */
export interface Entry {
  readonly kind: 'begin' | 'end';
  readonly id: string;
  readonly row: string;
  /** Right behind the entry. */
  readonly end: Position;
}

const LINE_FEED = 0x0a;
const TAB = 0x09;
const KIND_BEGIN = 0x42;
const KIND_END = 0x45;
/** UTF-8 takes at most three bytes a UTF-16 unit; checksum and kind come on top. */
const MAX_LINE_BYTES = 3 * MAX_ROW_CHARS + 16;
const CHUNK_BYTES = 256 * 1024 + MAX_LINE_BYTES;

/**
 * Reads the segments of a directory in order, a chunk at a time. Whatever is not a whole line with the right checksum is
 * skipped and counted: a torn tail after a power cut, garbage in the middle.
 */
export class SegmentReader {
  /** Lines and tails that were not entries. */
  skipped = 0;
  private handle: FileHandle | null = null;
  private readonly chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  private inGarbage = false;

  constructor(
    private readonly directory: string,
    private at: Position = START,
  ) {}

  get position(): Position {
    return this.at;
  }

  /** The next entries before `limit` (default: all that is there), at most one chunk; `null` at the end. An array may be empty. */
  async next(limit: Position | null = null): Promise<Entry[] | null> {
    if (limit !== null && !isBefore(this.at, limit)) return null;
    this.handle ??= await this.openHere();
    if (this.handle === null) return null;
    const atMost =
      limit !== null && limit.segment === this.at.segment
        ? Math.min(CHUNK_BYTES, limit.offset - this.at.offset)
        : CHUNK_BYTES;
    const { bytesRead } = await this.handle.read(this.chunk, 0, atMost, this.at.offset);
    const entries: Entry[] = [];
    const used = this.parse(bytesRead, entries);
    if (used > 0) this.at = { segment: this.at.segment, offset: this.at.offset + used };
    else if (!(await this.advance(bytesRead, limit))) return null;
    return entries;
  }

  async close(): Promise<void> {
    await this.handle?.close();
    this.handle = null;
  }

  /** Opens the segment at the position, or the first one there is after it. */
  private async openHere(): Promise<FileHandle | null> {
    const found = listSegments(this.directory).find(({ segment }) => segment >= this.at.segment);
    if (found === undefined) return null;
    if (found.segment !== this.at.segment) this.at = { segment: found.segment, offset: 0 };
    return open(segmentPath(this.directory, found.segment), 'r');
  }

  /** Nothing whole was left in this segment: goes to the next one; `false` when there is none. */
  private async advance(rest: number, limit: Position | null): Promise<boolean> {
    if (rest > 0 || this.inGarbage) this.skipped += 1;
    this.inGarbage = false;
    if (limit !== null && limit.segment === this.at.segment) {
      this.at = limit;
      return false;
    }
    const later = listSegments(this.directory).find(({ segment }) => segment > this.at.segment);
    if (later === undefined) return false;
    await this.close();
    this.at = { segment: later.segment, offset: 0 };
    return true;
  }

  /** Returns how many bytes of the chunk are dealt with. */
  private parse(length: number, entries: Entry[]): number {
    let from = 0;
    for (;;) {
      const lineFeed = this.chunk.subarray(0, length).indexOf(LINE_FEED, from);
      if (lineFeed < 0) break;
      const entry = this.inGarbage ? null : this.entryAt(from, lineFeed);
      if (entry === null) this.skipped += 1;
      else entries.push(entry);
      this.inGarbage = false;
      from = lineFeed + 1;
    }
    if (from === 0 && length > MAX_LINE_BYTES) {
      this.inGarbage = true;
      return length;
    }
    return from;
  }

  private entryAt(from: number, to: number): Entry | null {
    const kind = this.chunk[from];
    const tab = this.chunk.indexOf(TAB, from);
    if ((kind !== KIND_BEGIN && kind !== KIND_END) || tab < 0 || tab > from + 9 || tab >= to) return null;
    const bytes = this.chunk.subarray(tab + 1, to);
    if (crc32(bytes) !== Number.parseInt(this.chunk.toString('latin1', from + 1, tab), 16)) return null;
    const row = bytes.toString('utf8');
    const end = { segment: this.at.segment, offset: this.at.offset + to + 1 };
    return { kind: kind === KIND_BEGIN ? 'begin' : 'end', id: rowId(row), row, end };
  }
}

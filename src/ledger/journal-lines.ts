import { crc32 } from 'node:zlib';

const KIND_BYTES = 1;
const CRC_DIGITS = 8;
const PREFIX_BYTES = KIND_BYTES + CRC_DIGITS + 1;
const TAB = 0x09;
const LINE_FEED = 0x0a;
const HEX = Buffer.from('0123456789abcdef', 'latin1');
const KINDS = { B: 0x42, E: 0x45 } as const;
const FIRST_BYTES = 64 * 1024;
/** What one turn gathers is rarely more; a larger buffer is let go of after use. */
const KEPT_BYTES = 1024 * 1024;

/**
 * Lines of the journal as bytes: kind, CRC-32 of the row in eight hexadecimal digits, tab, row, line feed. The row itself holds
 * no line feed. Each row is encoded once, into memory that is used again for the next lines.
 */
export class JournalLines {
  private bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  private length = 0;

  add(kind: keyof typeof KINDS, row: string): this {
    // UTF-8 takes at most three bytes a UTF-16 unit.
    this.reserve(PREFIX_BYTES + 3 * row.length + 1);
    const { bytes, length: from } = this;
    const rowFrom = from + PREFIX_BYTES;
    const rowTo = rowFrom + bytes.write(row, rowFrom);
    let crc = crc32(bytes.subarray(rowFrom, rowTo));
    bytes[from] = KINDS[kind];
    for (let at = rowFrom - 2; at > from; at -= 1) {
      bytes[at] = HEX[crc & 15] as number;
      crc >>>= 4;
    }
    bytes[rowFrom - 1] = TAB;
    bytes[rowTo] = LINE_FEED;
    this.length = rowTo + 1;
    return this;
  }

  addAll(kind: keyof typeof KINDS, rows: Iterable<string>): this {
    for (const row of rows) this.add(kind, row);
    return this;
  }

  /** The lines so far, valid until the next `clear`. */
  get view(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  clear(): this {
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
    return this;
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.bytes.length));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

import { listSegments, segmentPath, writeFully, type JournalDisk, type Position } from './journal-files.js';

/** The append-only files of one journal: the newest is written, older ones wait to be deleted. Sizes are bytes. */
export class SegmentLog {
  private segment = 0;
  /** Highest number given to a segment. */
  private newest = 0;
  private offset = 0;
  /** Size of what was carried into the current segment; does not count towards its limit. */
  private carried = 0;
  private fd = -1;
  private dirty = false;
  private syncing = false;
  /** The current file ends in something half-written that could not be cut off: nothing may follow it. */
  private torn = false;
  private older: { segment: number; bytes: number }[] = [];
  private olderBytes = 0;

  constructor(
    private readonly directory: string,
    private readonly segmentBytes: number,
    private readonly disk: JournalDisk,
    private readonly onSyncError: (error: Error) => void,
  ) {}

  get position(): Position {
    return { segment: this.segment, offset: this.offset };
  }

  /** All segments on disk. */
  get bytes(): number {
    return this.olderBytes + this.offset;
  }

  /** Number of the oldest segment on disk. */
  get oldest(): number {
    return this.older[0]?.segment ?? this.segment;
  }

  get wantsRotation(): boolean {
    return this.torn || this.offset - this.carried >= this.segmentBytes;
  }

  open(): void {
    const last = listSegments(this.directory).at(-1);
    this.newest = this.segment = last === undefined ? 1 : last.segment + 1;
    this.fd = this.openSegment(this.segment);
  }

  /** All of `bytes` or nothing: what a failing disk took of them is cut off again. Throws the disk's error. */
  write(bytes: Buffer): void {
    if (this.torn) throw Object.assign(new Error('the segment is damaged'), { code: 'EIO' });
    try {
      writeFully(this.disk, this.fd, bytes);
    } catch (error) {
      this.cutOff();
      throw error;
    }
    this.offset += bytes.length;
    this.dirty = true;
  }

  /** Begins a new segment with `carry`. On failure the old one stays in use and the disk's error is thrown. */
  rotate(carry: Buffer): void {
    // A new number at each attempt: what a failed one left behind is never written on.
    this.newest += 1;
    const fd = this.openSegment(this.newest);
    try {
      writeFully(this.disk, fd, carry);
    } catch (error) {
      this.disk.close(fd);
      this.disk.unlink(segmentPath(this.directory, this.newest));
      throw error;
    }
    this.retire(this.fd);
    this.older.push({ segment: this.segment, bytes: this.offset });
    this.olderBytes += this.offset;
    this.segment = this.newest;
    this.fd = fd;
    this.offset = this.carried = carry.length;
    this.dirty = true;
    this.torn = false;
  }

  /** Deletes the segments before `segment`. */
  dropBefore(segment: number): void {
    while (this.older[0] !== undefined && this.older[0].segment < segment) {
      const { segment: old, bytes } = this.older[0];
      this.disk.unlink(segmentPath(this.directory, old));
      this.older.shift();
      this.olderBytes -= bytes;
    }
  }

  /** Asks the disk to make what was written survive a power cut; at most one request is under way. */
  sync(): void {
    if (!this.dirty || this.syncing || this.fd < 0) return;
    this.dirty = false;
    this.syncing = true;
    this.disk.sync(this.fd, (error) => {
      this.syncing = false;
      if (error !== null) this.onSyncError(error);
    });
  }

  close(): void {
    if (this.fd >= 0) this.retire(this.fd);
    this.fd = -1;
  }

  /** For appending: after bytes were cut off, the next ones follow at the new end and leave no hole. */
  private openSegment(segment: number): number {
    return this.disk.open(segmentPath(this.directory, segment), 'ax');
  }

  private cutOff(): void {
    try {
      this.disk.truncate(this.fd, this.offset);
    } catch {
      this.torn = true;
    }
  }

  private retire(fd: number): void {
    this.disk.sync(fd, (error) => {
      this.disk.close(fd);
      if (error !== null) this.onSyncError(error);
    });
  }
}

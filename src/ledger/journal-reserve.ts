import { join } from 'node:path';
import { writeFully, type JournalDisk } from './journal-files.js';

/**
 * Room on the disk that is held by a file of zeros, to be given up when the disk is full: the ends of the calls that are
 * running then still find a place. Zeros are written, not seeked over, or the file system would hold nothing.
 */
export class JournalReserve {
  held = false;
  private readonly path: string;

  constructor(
    directory: string,
    readonly bytes: number,
    private readonly disk: JournalDisk,
  ) {
    this.path = join(directory, 'reserve');
  }

  /** `false`: there is no room for it now. */
  hold(): boolean {
    if (this.held) return true;
    try {
      const fd = this.disk.open(this.path, 'w');
      try {
        writeFully(this.disk, fd, Buffer.alloc(this.bytes));
      } finally {
        this.disk.close(fd);
      }
      this.held = true;
    } catch {
      this.disk.unlink(this.path);
    }
    return this.held;
  }

  /** Gives the room up; `false` when it was not held. */
  release(): boolean {
    if (!this.held) return false;
    this.held = false;
    this.disk.unlink(this.path);
    return true;
  }
}

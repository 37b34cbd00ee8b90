import { REAL_DISK, type JournalDisk } from '../../src/ledger/journal-files.js';

/** The real disk, counting writes, until it is told to fail or to have only so much room left. */
export class FailingDisk implements JournalDisk {
  writes = 0;
  /** Code every write fails with; `null`: none. */
  code: string | null = null;
  /** Whether half-written bytes can be cut off again. */
  truncates = true;
  /** Bytes it still takes. */
  room = Number.POSITIVE_INFINITY;

  open(path: string, flags: string): number {
    return REAL_DISK.open(path, flags);
  }

  write(fd: number, bytes: Buffer, offset: number, length: number): number {
    this.writes += 1;
    if (this.code !== null) throw Object.assign(new Error(`${this.code}: the disk fails`), { code: this.code });
    const taken = Math.min(length, this.room);
    if (taken <= 0) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    this.room -= taken;
    return REAL_DISK.write(fd, bytes, offset, taken);
  }

  truncate(fd: number, length: number): void {
    if (!this.truncates) throw Object.assign(new Error('EIO: the disk fails'), { code: 'EIO' });
    REAL_DISK.truncate(fd, length);
  }

  close(fd: number): void {
    REAL_DISK.close(fd);
  }

  unlink(path: string): void {
    REAL_DISK.unlink(path);
  }

  sync(fd: number, done: (error: Error | null) => void): void {
    REAL_DISK.sync(fd, done);
  }
}

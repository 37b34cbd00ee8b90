import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of a few megabytes, which can be filled. Only root may make one. */
export class SmallDisk {
  private constructor(readonly directory: string) {}

  /** `null` where it may not be made. */
  static mount(megabytes: number): SmallDisk | null {
    const directory = mkdtempSync(join(tmpdir(), 'omni-full-'));
    try {
      const options = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory];
      execFileSync('mount', options, { stdio: 'ignore' });
      return new SmallDisk(directory);
    } catch {
      rmSync(directory, { recursive: true, force: true });
      return null;
    }
  }

  private get ballast(): string {
    return join(this.directory, 'ballast');
  }

  /** Takes all the room there is, to the last byte. */
  fill(): void {
    const fd = openSync(this.ballast, 'a');
    try {
      for (let piece = 65_536; piece >= 1;) {
        try {
          writeSync(fd, Buffer.alloc(piece));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
          piece >>= 4;
        }
      }
    } finally {
      closeSync(fd);
    }
  }

  makeRoom(): void {
    rmSync(this.ballast, { force: true });
  }

  unmount(): void {
    execFileSync('umount', ['-l', this.directory]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

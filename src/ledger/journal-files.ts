import * as fs from 'node:fs';
import { join } from 'node:path';

/** A place in a journal: byte `offset` of segment number `segment`. Everything before it is meant. */
export interface Position {
  readonly segment: number;
  readonly offset: number;
}

export const START: Position = { segment: 0, offset: 0 };
export const isBefore = (a: Position, b: Position): boolean =>
  a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset);

/** The file calls a journal writes through; a test may put a failing disk in their place. Lengths are bytes. */
export interface JournalDisk {
  open(path: string, flags: string): number;
  write(fd: number, bytes: Buffer, offset: number, length: number): number;
  truncate(fd: number, length: number): void;
  close(fd: number): void;
  unlink(path: string): void;
  sync(fd: number, done: (error: Error | null) => void): void;
}

export const REAL_DISK: JournalDisk = {
  open: (path, flags) => fs.openSync(path, flags, 0o600),
  write: (fd, bytes, offset, length) => fs.writeSync(fd, bytes, offset, length),
  truncate: (fd, length) => fs.ftruncateSync(fd, length),
  close: (fd) => fs.closeSync(fd),
  unlink: (path) => fs.rmSync(path, { force: true }),
  sync: (fd, done) => fs.fdatasync(fd, done),
};

const SEGMENT_FILE = /^(\d{8})\.log$/;

export const segmentPath = (directory: string, segment: number): string =>
  join(directory, `${String(segment).padStart(8, '0')}.log`);

/** The segments of a journal directory with their sizes in bytes, oldest first. */
export function listSegments(directory: string): { segment: number; bytes: number }[] {
  return fs
    .readdirSync(directory)
    .map((name) => ({ name, number: SEGMENT_FILE.exec(name)?.[1] }))
    .filter((file) => file.number !== undefined)
    .map((file) => ({ segment: Number(file.number), bytes: fs.statSync(join(directory, file.name)).size }))
    .sort((a, b) => a.segment - b.segment);
}

/** Writes all of `bytes`; a disk may take less than asked for. */
export function writeFully(disk: JournalDisk, fd: number, bytes: Buffer): void {
  let done = 0;
  while (done < bytes.length) {
    const written = disk.write(fd, bytes, done, bytes.length - done);
    if (written <= 0) throw Object.assign(new Error('the disk took nothing'), { code: 'ENOSPC' });
    done += written;
  }
}

const CHECKPOINT = 'checkpoint';

/** Up to where a journal is in the database; the very start when there is no readable checkpoint. */
export function readCheckpoint(directory: string): Position {
  try {
    const { segment, offset } = JSON.parse(fs.readFileSync(join(directory, CHECKPOINT), 'utf8')) as Partial<Position>;
    if (Number.isSafeInteger(segment) && Number.isSafeInteger(offset)) return { segment, offset } as Position;
  } catch {
    // Absent or torn: reading from the start costs time, not records.
  }
  return START;
}

/** Replaces the checkpoint as a whole. A disk that has no room for it keeps the old one: that costs repeated rows, never records. */
export function writeCheckpoint(directory: string, position: Position): void {
  const path = join(directory, CHECKPOINT);
  try {
    fs.writeFileSync(`${path}.tmp`, JSON.stringify(position));
    fs.renameSync(`${path}.tmp`, path);
  } catch {
    fs.rmSync(`${path}.tmp`, { force: true });
  }
}

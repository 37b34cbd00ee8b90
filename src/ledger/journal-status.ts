import type { JournalDisk } from './journal-files.js';

/**
 * `ok`: all is well. `filling`: half of the allowed size waits for the database. `full`: no room, on the disk or in the
 * allowed size; new calls are refused. `failing`: the disk returns errors; new calls are refused. Each ends by itself.
 */
export type JournalState = 'ok' | 'filling' | 'full' | 'failing';

export interface JournalLog {
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** What an operator and the readiness check want to know. */
export interface JournalStatus {
  state: JournalState;
  /** Size of all segments, adopted ones included. */
  bytes: number;
  maxBytes: number;
  /** Ended calls of this process not yet confirmed by the database. */
  recordsWaiting: number;
  /** Calls that have begun and not ended. */
  openCalls: number;
  /** Bytes left by dead processes and not yet in the database. */
  adoptedBytes: number;
  unrecorded: number;
  skipped: number;
}

export interface JournalOptions {
  /** The process's own directory; exists, with nothing else writing in it. */
  directory: string;
  /** Most bytes of segments, this journal's and the adopted ones' together. */
  maxBytes: number;
  log: JournalLog;
  disk?: JournalDisk;
  /** Ids of the prices the database is known to have; without it every record brings its own. */
  storedPrices?: { has(id: string): boolean };
  /** Monotonic ms. Default `performance.now`. */
  nowMs?: () => number;
  /** Size at which a segment is closed; default 16 MiB, at most an eighth of `maxBytes`. */
  segmentBytes?: number;
  /** Ended calls kept in memory for the writer; default 20,000. */
  queueRows?: number;
  /** Characters of ended calls kept in memory while the disk takes nothing; default 16 Mi. */
  unwrittenChars?: number;
}

/** A new call cannot be accounted for now. */
export class JournalRefusal extends Error {
  constructor(readonly state: JournalState) {
    super(`the call journal is ${state}`);
    this.name = 'JournalRefusal';
  }
}

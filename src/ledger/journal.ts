import type { CallBeginning, CallRecord } from './call-record.js';
import { JournalFeed } from './journal-feed.js';
import { REAL_DISK, writeCheckpoint, type Position } from './journal-files.js';
import { JournalLines } from './journal-lines.js';
import { JournalRefusal, type JournalOptions, type JournalState, type JournalStatus } from './journal-status.js';
import { JournalReserve } from './journal-reserve.js';
import { OpenCalls } from './open-calls.js';
import { encodeBeginning, encodeRecord } from './record-row.js';
import type { RowBatch, RowSource } from './row-source.js';
import { SegmentLog } from './segment-log.js';
import { UnwrittenRows } from './unwritten-rows.js';

interface Beginning {
  id: string;
  row: string;
  onDurable: (error: Error | null) => void;
}

const SYNC_MS = 1000;
const RETRY_MS = 500;
const CHECKPOINT_MS = 1000;
const FILLING_SHARE = 0.5;
/** Kept rows written in one go: a disk with a little room takes some of them. */
const RECOVERY_ROWS = 256;

/**
 * Holds every call between its beginning and the database. All beginnings and ends of one event-loop turn leave in one
 * write, after which they survive the death of the process; about a second later they survive a power cut as well.
 */
export class Journal implements RowSource {
  /** Lines that were read back and were not entries. */
  skipped = 0;
  /** Bytes of adopted journals; they count towards the allowed size. */
  adoptedBytes = 0;
  /** Told the number of rows in memory whenever some were added; must be cheap. */
  onRows: (inMemory: number) => void = () => undefined;

  /** Beginnings of running calls by id, to be carried into a new segment. */
  private readonly open = new OpenCalls();
  private readonly lines = new JournalLines();
  private beginnings: Beginning[] = [];
  private ends: string[] = [];
  private afterwards: (() => void)[] = [];
  private scheduled = false;
  private closed = true;
  private ended = 0;
  /** The disk's error code while it takes nothing. */
  private fault: string | null = null;
  private overLimit = false;
  private checkpointedAtMs = Number.NEGATIVE_INFINITY;
  private lastState: JournalState = 'ok';
  private retryTimer: NodeJS.Timeout | null = null;
  private syncTimer: NodeJS.Timeout | null = null;

  private readonly segments: SegmentLog;
  private readonly feed: JournalFeed;
  private readonly reserve: JournalReserve;
  private readonly unwritten: UnwrittenRows;
  private readonly segmentBytes: number;
  private lostAtClose = 0;
  private readonly flushTurn = (): void => this.flush();

  constructor(private readonly options: JournalOptions) {
    const { directory, maxBytes } = options;
    const disk = options.disk ?? REAL_DISK;
    this.unwritten = new UnwrittenRows(options.unwrittenChars ?? 16 * 1024 * 1024);
    this.segmentBytes = Math.min(options.segmentBytes ?? 16 * 1024 * 1024, Math.floor(maxBytes / 8));
    this.reserve = new JournalReserve(directory, Math.min(8 * 1024 * 1024, Math.floor(maxBytes / 8)), disk);
    this.segments = new SegmentLog(directory, this.segmentBytes, disk, (error) => this.fail(error));
    this.feed = new JournalFeed(
      { directory, maxRows: options.queueRows ?? 20_000 },
      { segment: 1, offset: 0 },
      (position) => this.confirmed(position),
      (lines) => {
        this.skipped += lines;
        this.options.log.error(`${lines} damaged lines in the journal were skipped`);
      },
    );
  }

  /** Throws when the directory cannot be written at all: a gateway that cannot account must not start. */
  start(): void {
    this.segments.open();
    this.closed = false;
    if (!this.reserve.hold()) this.retryLater();
    this.observe();
  }

  /**
   * To be called before a call is sent upstream, which must wait for `onDurable(null)`; an error there means the call
   * must be refused. Runs `onDurable` at the end of this event-loop turn, never before `begin` returns.
   */
  begin(beginning: CallBeginning, onDurable: (error: Error | null) => void): void {
    const row = encodeBeginning(beginning);
    this.open.add(beginning.id, row);
    this.beginnings.push({ id: beginning.id, row, onDurable });
    this.schedule();
  }

  /**
   * The end of a call, whether or not it was begun here. Never fails: what the disk does not take waits in memory.
   * @param price what the price behind `price_id` says; it travels with the record until the database has it
   */
  append(record: CallRecord, price: string | null = null): void {
    this.open.delete(record.id);
    const isStored = record.price_id === null || this.options.storedPrices?.has(record.price_id) === true;
    this.ended += 1;
    this.ends.push(encodeRecord(record, isStored ? null : price));
    this.schedule();
  }

  /** Runs `work` once the disk has what the journal was told in this turn of the event loop, or has not taken it. */
  afterWrite(work: () => void): void {
    this.afterwards.push(work);
    this.schedule();
  }

  state(): JournalState {
    if (this.fault !== null) return isNoSpace(this.fault) ? 'full' : 'failing';
    if (this.overLimit || !this.reserve.held) return 'full';
    return this.bytes >= this.options.maxBytes * FILLING_SHARE ? 'filling' : 'ok';
  }

  status(): JournalStatus {
    return {
      state: this.state(),
      bytes: this.bytes,
      maxBytes: this.options.maxBytes,
      recordsWaiting: this.feed.waiting + this.unwritten.count,
      openCalls: this.open.size,
      adoptedBytes: this.adoptedBytes,
      unrecorded: this.unwritten.lost + this.lostAtClose,
      skipped: this.skipped,
    };
  }

  /** Rows for the database: in the order written, then those the disk does not take. */
  async take(maxRows: number): Promise<RowBatch | null> {
    return (await this.feed.take(maxRows)) ?? this.unwritten.take(maxRows);
  }

  /** Calls that have ended here since the start. */
  get endedCalls(): number {
    return this.ended;
  }

  /** How many of them the database has, or will never have. */
  get settledCalls(): number {
    return this.ended - this.ends.length - this.feed.waiting - this.unwritten.count;
  }

  /** Whether `rows` rows or more wait: a batch worth writing at once. */
  hasBatch(rows: number): boolean {
    return this.rowsInMemory >= rows || this.feed.isBehind;
  }

  /** Writes what is pending and lets go of the files. `true`: everything is in the database, the directory may go. */
  close(): boolean {
    if (this.closed) return false;
    this.flush();
    if (this.unwritten.count > 0) this.writeKept();
    this.closed = true;
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    if (this.syncTimer !== null) clearTimeout(this.syncTimer);
    writeCheckpoint(this.options.directory, this.feed.confirmedTo);
    this.segments.close();
    this.feed.close();
    this.lostAtClose += this.unwritten.count;
    return this.feed.waiting === 0 && this.open.size === 0 && this.unwritten.count === 0;
  }

  private get rowsInMemory(): number {
    return this.feed.inMemory + this.unwritten.count;
  }

  private get bytes(): number {
    return this.segments.bytes + this.adoptedBytes;
  }

  /** Ends of running calls may still be written up to here. */
  private get allowance(): number {
    return this.options.maxBytes + this.reserve.bytes;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(this.flushTurn);
  }

  /** Writes what this turn has gathered so far; runs by itself at the end of every turn that has something. */
  flush(): void {
    this.scheduled = false;
    const { beginnings, ends, afterwards } = this;
    this.beginnings = [];
    this.ends = [];
    this.afterwards = [];
    if (this.closed) this.flushClosed(beginnings, ends);
    else this.flushOpen(beginnings, ends);
    this.follow(afterwards);
  }

  private flushOpen(beginnings: Beginning[], ends: string[]): void {
    this.measure();
    const refusing = this.fault !== null || this.overLimit || !this.reserve.held;
    const accepted = !refusing && this.tryWrite(beginnings, ends);
    if (refusing && ends.length > 0) this.writeEnds(ends);
    this.answer(beginnings, accepted);
    this.observe();
  }

  /** Both or neither; on failure the ends are kept. */
  private tryWrite(beginnings: Beginning[], ends: string[]): boolean {
    try {
      const lines = this.lines.clear();
      for (const { row } of beginnings) lines.add('B', row);
      this.write(lines.addAll('E', ends), ends);
      return true;
    } catch (error) {
      this.keep(ends);
      this.fail(error);
      return false;
    }
  }

  /** Ends of calls while new ones are refused: into the allowance of the reserve, then into memory. */
  private writeEnds(ends: string[]): void {
    if (this.fault !== null || this.bytes >= this.allowance) this.keep(ends);
    else this.tryWrite([], ends);
  }

  private write(lines: JournalLines, ends: string[]): void {
    if (this.segments.wantsRotation) this.rotate();
    this.segments.write(lines.view);
    this.feed.offer(ends, this.segments.position);
    if (ends.length > 0) this.onRows(this.rowsInMemory);
    this.syncTimer ??= setTimeout(() => {
      this.syncTimer = null;
      this.segments.sync();
    }, SYNC_MS).unref();
  }

  private rotate(): void {
    this.segments.rotate(new JournalLines().addAll('B', this.open.rows()).view);
  }

  private answer(beginnings: Beginning[], accepted: boolean): void {
    const refusal = accepted || beginnings.length === 0 ? null : new JournalRefusal(this.state());
    for (const { id, onDurable } of beginnings) {
      if (!accepted) this.open.delete(id);
      try {
        onDurable(refusal);
      } catch (error) {
        this.options.log.error(`a call could not go on from the journal: ${String(error)}`);
      }
    }
  }

  private follow(afterwards: readonly (() => void)[]): void {
    for (const work of afterwards) {
      try {
        work();
      } catch (error) {
        this.options.log.error(`what was to follow the journal failed: ${String(error)}`);
      }
    }
  }

  private flushClosed(beginnings: Beginning[], ends: string[]): void {
    if (ends.length > 0) this.options.log.error(`${ends.length} calls ended after the journal was closed`);
    this.lostAtClose += ends.length;
    this.answer(beginnings, false);
  }

  private keep(ends: string[]): void {
    if (ends.length === 0) return;
    this.unwritten.add(ends);
    this.onRows(this.rowsInMemory);
    this.retryLater();
  }

  private fail(error: unknown): void {
    if (this.closed) return;
    const code = codeOf(error);
    if (this.fault === null) this.options.log.error(`the journal cannot be written: ${String(error)}`);
    this.fault = code;
    this.retryLater();
    // The reserve gives the running calls' ends room at once.
    if (isNoSpace(code) && this.reserve.release()) this.writeKept();
  }

  /** Both must succeed before calls are accepted again: to write what waits in memory, and to get the reserve back. */
  private recover(): void {
    if (this.closed) return;
    this.measure();
    const wellAgain = this.writeKept() && this.reserve.hold();
    if (!wellAgain) this.retryLater();
    this.observe();
  }

  private writeKept(): boolean {
    try {
      // After an error of the disk itself nothing may follow in the old file: its last second may be gone.
      if (this.fault !== null && !isNoSpace(this.fault)) this.rotate();
      while (this.unwritten.count > 0 && this.bytes < this.allowance) {
        this.unwritten.writeSome(RECOVERY_ROWS, (rows) => this.write(this.lines.clear().addAll('E', rows), rows));
      }
      this.fault = null;
    } catch (error) {
      this.fault = codeOf(error);
    }
    return this.fault === null && this.unwritten.count === 0;
  }

  private retryLater(): void {
    this.retryTimer ??= setTimeout(() => {
      this.retryTimer = null;
      this.recover();
    }, RETRY_MS).unref();
  }

  /** Calls are refused from `maxBytes` on, and accepted again when a segment's worth is free. */
  private measure(): void {
    const { maxBytes } = this.options;
    this.overLimit = this.bytes >= (this.overLimit ? maxBytes - this.segmentBytes : maxBytes);
  }

  private confirmed(position: Position): void {
    if (this.closed) return;
    const now = this.options.nowMs?.() ?? performance.now();
    if (position.segment > this.segments.oldest || now - this.checkpointedAtMs >= CHECKPOINT_MS) {
      this.checkpointedAtMs = now;
      writeCheckpoint(this.options.directory, position);
      this.segments.dropBefore(position.segment);
    }
    this.measure();
    this.observe();
  }

  private observe(): void {
    const state = this.state();
    if (state === this.lastState) return;
    const size = `${this.bytes} of ${this.options.maxBytes} bytes, ${this.feed.waiting} records wait`;
    this.lastState = state;
    if (state === 'ok') this.options.log.log(`the journal is well again: ${size}`);
    else if (state === 'filling') this.options.log.warn(`the journal is filling: ${size}`);
    else this.options.log.error(`the journal is ${state}, new calls are refused: ${size}`);
  }
}

const isNoSpace = (code: string): boolean => code === 'ENOSPC' || code === 'EDQUOT';
const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'EUNKNOWN';

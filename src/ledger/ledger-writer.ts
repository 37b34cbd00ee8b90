import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BacklogAge } from './backlog-age.js';
import type { InstanceDirectory } from './instance-directory.js';
import type { Journal } from './journal.js';
import type { JournalLog } from './journal-status.js';
import { Leftover } from './leftover.js';
import { DeliveryStopped, RowDelivery, type RowSink } from './row-delivery.js';
import { WakeSignal } from './wake-signal.js';

/** The database as the writer needs it. */
export interface LedgerSink extends RowSink {
  /** Makes room for the records of the months to come. */
  ensurePartitions(nowMs: number): Promise<void>;
}

export interface LedgerWriterOptions {
  journal: Journal;
  home: InstanceDirectory;
  /** Directory of all instances' journals; rows the database refuses are put aside in it. */
  root: string;
  sink: LedgerSink;
  log: JournalLog;
  nowMs?: () => number;
  /** Longest wait of a record for others to travel with, ms. */
  flushMs?: number;
  /** How often the journals of processes that died meanwhile are looked for, ms. */
  adoptMs?: number;
}

export interface LedgerWriterStatus {
  /** Records brought into the database by this process. */
  delivered: number;
  /** Records the database refused for what is in them, put aside. */
  rejected: number;
  /** Journals of dead processes still to be read. */
  leftovers: number;
  /** Attempts at the database that failed and were, or are to be, repeated. */
  failures: number;
  /** Why the database takes nothing now; `null` while it does. */
  failure: string | null;
}

const FLUSH_MS = 250;
const ADOPT_MS = 30_000;
/** A batch is written at once from this many rows on, and holds about twice as many at most. */
const BATCH_ROWS = 1000;
const MAX_BATCH_ROWS = 2 * BATCH_ROWS;
const PARTITION_RETRY_MS = 3_600_000;
const READ_RETRY_MS = 1000;
/** The writer looks for itself this often, should it ever miss a ring. */
const IDLE_MS = 10_000;
/** How often somebody who waits for the database to catch up looks. */
const CAUGHT_UP_LOOK_MS = 5;

/** Moves ended calls from the journals, this process's and those of dead ones, into the database, in the background. */
export class LedgerWriter {
  /** Told of the rows that a dead process left, and of the last it had brought itself, once the database has them; must not throw. */
  onAdopted: (rows: readonly string[]) => void = () => undefined;

  private readonly delivery: RowDelivery;
  private readonly leftovers: Leftover[] = [];
  private readonly backlog = new BacklogAge();
  private loop: Promise<void> = Promise.resolve();
  private stopping = false;
  /** Whether the journals of dead processes were looked for. */
  private looked = false;
  private readonly due = new WakeSignal();
  private readonly quit = new WakeSignal();
  private flushTimer: NodeJS.Timeout | null = null;
  private adoptTimer: NodeJS.Timeout | null = null;
  private partitionsMonth = '';
  private partitionsFailedAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: LedgerWriterOptions) {
    this.delivery = new RowDelivery(
      { insertRows: (rows) => this.insert(rows), stateOf: (error) => options.sink.stateOf(error) },
      { rejectedFile: join(options.root, 'rejected.log'), log: options.log, pause: (ms) => this.quit.wait(ms) },
    );
  }

  /** Starts writing; what dead processes left is read in the background. */
  start(): void {
    const { journal, adoptMs = ADOPT_MS } = this.options;
    journal.onRows = (inMemory) => this.onRows(inMemory);
    this.adoptTimer = setInterval(() => void this.adopt(), adoptMs).unref();
    this.loop = this.adopt().then(() => {
      this.looked = true;
      return this.run();
    });
  }

  status(): LedgerWriterStatus {
    const { delivered, rejected, failures, failure } = this.delivery;
    return { delivered, rejected, leftovers: this.leftovers.length, failures, failure };
  }

  /** How long the oldest call of this process that the database has not got has waited, ms; 0 when there is none. */
  oldestWaitingMs(): number {
    const { endedCalls, settledCalls } = this.options.journal;
    return this.backlog.oldestMs(endedCalls, settledCalls, performance.now());
  }

  /** To be told how long the database took for each batch, ms. */
  set onBatch(told: (ms: number) => void) {
    this.delivery.onBatch = told;
  }

  /**
   * Whether, within `timeoutMs`, the database has every call that has ended here by now, and all that dead processes left:
   * what it says was spent is then true.
   */
  async caughtUp(timeoutMs: number): Promise<boolean> {
    const { journal } = this.options;
    journal.flush();
    const target = journal.endedCalls;
    const deadline = performance.now() + timeoutMs;
    while (!this.looked || this.leftovers.length > 0 || journal.settledCalls < target) {
      if (this.stopping || performance.now() >= deadline) return false;
      this.due.ring();
      await sleep(CAUGHT_UP_LOOK_MS);
    }
    return true;
  }

  /** Writes what is waiting, for `timeoutMs` at most, and stops. What remains is in the journal. */
  async stop(timeoutMs: number): Promise<void> {
    this.stopping = true;
    if (this.adoptTimer !== null) clearInterval(this.adoptTimer);
    this.clearFlushTimer();
    this.due.ring();
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    // A statement that hangs must not hold up the shutdown: what it carries is in the journal.
    await Promise.race([this.loop, timeout]);
    clearTimeout(timer);
    this.delivery.stopped = true;
    this.quit.ring();
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      try {
        const wrote = (await this.writeOwn()) || (await this.writeLeftover());
        if (!wrote || !this.hasWork()) await this.untilDue();
      } catch (error) {
        if (error instanceof DeliveryStopped) return;
        this.options.log.error(`the journal could not be read: ${String(error)}`);
        await this.quit.wait(READ_RETRY_MS);
      }
    }
    await this.drain();
  }

  private async drain(): Promise<void> {
    try {
      while (!this.delivery.stopped) {
        if (!(await this.writeOwn()) && !(await this.writeLeftover())) return;
      }
    } catch (error) {
      if (!(error instanceof DeliveryStopped)) this.options.log.error(`the journal was not drained: ${String(error)}`);
    }
  }

  private hasWork(): boolean {
    return this.leftovers.length > 0 || this.options.journal.hasBatch(BATCH_ROWS);
  }

  private async writeOwn(): Promise<boolean> {
    const batch = await this.options.journal.take(MAX_BATCH_ROWS);
    if (batch === null) return false;
    if (batch.rows.length > 0) await this.delivery.deliver(batch.rows);
    batch.confirm();
    // Own records first, but those of the dead must not starve.
    await this.writeLeftover();
    return true;
  }

  /** One batch of the oldest leftover journal; `false` when there is none. */
  private async writeLeftover(): Promise<boolean> {
    const leftover = this.leftovers[0];
    if (leftover === undefined) return false;
    try {
      const batch = await leftover.take(MAX_BATCH_ROWS);
      if (batch !== null) {
        await this.delivery.deliver(batch.rows);
        batch.confirm();
        this.onAdopted(batch.rows);
        return true;
      }
      if (leftover.skipped > 0) {
        this.options.log.error(`${leftover.skipped} damaged lines in ${leftover.directory} were skipped`);
        this.options.journal.skipped += leftover.skipped;
      }
      this.onAdopted(leftover.delivered);
      await leftover.remove();
    } catch (error) {
      if (error instanceof DeliveryStopped) throw error;
      // It is found again at the next look.
      this.options.log.error(`the journal ${leftover.directory} could not be read: ${String(error)}`);
    }
    this.leftovers.shift();
    this.countAdopted();
    return true;
  }

  private async adopt(): Promise<void> {
    try {
      const known = new Set(this.leftovers.map((leftover) => leftover.directory));
      for (const directory of await this.options.home.adopt(this.nowMs())) {
        if (!known.has(directory)) this.leftovers.push(new Leftover(directory));
      }
      this.countAdopted();
      if (this.leftovers.length > 0) this.due.ring();
    } catch (error) {
      this.options.log.error(`the journals of dead processes could not be adopted: ${String(error)}`);
    }
  }

  private countAdopted(): void {
    this.options.journal.adoptedBytes = this.leftovers.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  private async insert(rows: readonly string[]): Promise<void> {
    await this.preparePartitions();
    await this.options.sink.insertRows(rows);
  }

  /** Once a month. Without partitions the default one takes the records, so a refusal only waits for its next try. */
  private async preparePartitions(): Promise<void> {
    const now = this.nowMs();
    const month = new Date(now).toISOString().slice(0, 7);
    if (month === this.partitionsMonth || now - this.partitionsFailedAtMs < PARTITION_RETRY_MS) return;
    try {
      await this.options.sink.ensurePartitions(now);
      this.partitionsMonth = month;
    } catch (error) {
      if (this.options.sink.stateOf(error) === null) throw error;
      this.partitionsFailedAtMs = now;
      this.options.log.error(`the partitions of the call records could not be made: ${String(error)}`);
    }
  }

  private onRows(inMemory: number): void {
    this.backlog.note(this.options.journal.endedCalls, performance.now());
    if (inMemory >= BATCH_ROWS) this.due.ring();
    else this.flushTimer ??= setTimeout(() => this.due.ring(), this.options.flushMs ?? FLUSH_MS).unref();
  }

  /** Until a batch is full or a record has waited long enough. */
  private async untilDue(): Promise<void> {
    // What came in while the last batch was written has set no timer that still runs.
    if (this.options.journal.hasBatch(1)) this.onRows(1);
    if (!this.stopping) await this.due.wait(IDLE_MS);
    this.clearFlushTimer();
  }

  private clearFlushTimer(): void {
    if (this.flushTimer !== null) clearTimeout(this.flushTimer);
    this.flushTimer = null;
  }

  private nowMs(): number {
    return (this.options.nowMs ?? Date.now)();
  }
}

import { appendFile } from 'node:fs/promises';
import type { JournalLog } from './journal-status.js';

/** Where rows are inserted, all or none of a call's; a row that is there already is left alone. */
export interface RowSink {
  insertRows(rows: readonly string[]): Promise<void>;
  /** The five-letter code of a database error, `null` for any other failure. */
  stateOf(error: unknown): string | null;
}

export interface DeliveryOptions {
  /** Takes the rows the database refuses for what is in them. */
  rejectedFile: string;
  log: JournalLog;
  /** Waits `ms` or less. */
  pause: (ms: number) => Promise<void>;
  random?: () => number;
}

/** The delivery was called off; the rows are still in the journal. */
export class DeliveryStopped extends Error {}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
const MAX_REJECTED_BYTES = 64 * 1024 * 1024;
/** Bad data, broken constraints, too long for an index: no repetition helps. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const REFUSED_DATA = /^(22|23|54)/;

/** Brings rows into the database whatever it takes: waits while it is away, and puts a row aside that it will never accept. */
export class RowDelivery {
  delivered = 0;
  rejected = 0;
  /** Attempts that failed and were, or are to be, repeated. */
  failures = 0;
  /** Told how long the database took for rows, ms. */
  onBatch: (ms: number) => void = () => undefined;
  /** Message of the failure under way, `null` while all is well. */
  failure: string | null = null;
  stopped = false;
  private rejectedBytes = 0;

  constructor(
    private readonly sink: RowSink,
    private readonly options: DeliveryOptions,
  ) {}

  /** Returns when every row is in the database or put aside. @throws DeliveryStopped */
  async deliver(rows: readonly string[]): Promise<void> {
    for (let failures = 0; ; failures += 1) {
      if (this.stopped) throw new DeliveryStopped();
      const began = performance.now();
      try {
        await this.sink.insertRows(rows);
        this.onBatch(performance.now() - began);
        this.recovered();
        this.delivered += rows.length;
        return;
      } catch (error) {
        if (REFUSED_DATA.test(this.sink.stateOf(error) ?? '')) return this.split(rows, error);
        this.failed(error);
        await this.options.pause(this.pauseMs(failures));
      }
    }
  }

  /** Halves the rows until the one at fault is alone. */
  private async split(rows: readonly string[], error: unknown): Promise<void> {
    if (rows.length === 1) return this.putAside(rows[0] as string, error);
    const middle = rows.length >> 1;
    await this.deliver(rows.slice(0, middle));
    await this.deliver(rows.slice(middle));
  }

  private async putAside(row: string, error: unknown): Promise<void> {
    this.rejected += 1;
    const line = `${JSON.stringify({ error: messageOf(error), row })}\n`;
    this.options.log.error(`a call record was refused by the database and put aside: ${messageOf(error)}`);
    this.rejectedBytes += line.length;
    if (this.rejectedBytes > MAX_REJECTED_BYTES) return;
    await appendFile(this.options.rejectedFile, line, { mode: 0o600 }).catch((failure: unknown) => {
      this.options.log.error(`it could not be written to ${this.options.rejectedFile}: ${messageOf(failure)}`);
    });
  }

  /** Doubles from 100 ms to 5 s; between half and the whole of it, so that replicas do not come back in step. */
  private pauseMs(failures: number): number {
    const whole = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures, 10), LONGEST_PAUSE_MS);
    return whole * (0.5 + 0.5 * (this.options.random ?? Math.random)());
  }

  private failed(error: unknown): void {
    if (this.failure === null) this.options.log.warn(`call records wait for the database: ${messageOf(error)}`);
    this.failure = messageOf(error);
    this.failures += 1;
  }

  private recovered(): void {
    if (this.failure !== null) this.options.log.log('call records reach the database again');
    this.failure = null;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Config } from '../config/config.js';
import { RetentionRepository } from './retention.repository.js';

const DAY_MS = 86_400_000;
/** Far longer than a replica can be away and still have its counters. */
const SHIFT_DAYS = 3;
const FIRST_LOOK_MS = 60_000;
const LOOK_MS = 6 * 3_600_000;

/** Looks four times a day for records and figures that are to be kept no longer. Several replicas may look at the same time. */
@Injectable()
export class Retention implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(Retention.name);
  private timer: NodeJS.Timeout | null = null;
  private underWay: Promise<void> = Promise.resolve();

  constructor(
    private readonly rows: RetentionRepository,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.lookIn(FIRST_LOOK_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    await this.underWay;
  }

  /** Removes what is too old at `nowMs`. Days that are not over as a month yet stay with their month. */
  async apply(nowMs: number): Promise<void> {
    await this.rows.dropShifts(nowMs - SHIFT_DAYS * DAY_MS);
    const { recordRetentionDays, rollupRetentionDays } = this.config.ledger;
    if (recordRetentionDays > 0) {
      const dropped = await this.rows.dropRecords(nowMs - recordRetentionDays * DAY_MS);
      if (dropped.length > 0) this.logger.log(`call records past their retention were removed: ${dropped.join(', ')}`);
    }
    if (rollupRetentionDays > 0) {
      const removed = await this.rows.dropTotals(nowMs - rollupRetentionDays * DAY_MS);
      if (removed > 0)
        this.logger.log(`${removed} rows of hourly figures and totals past their retention were removed`);
    }
  }

  private lookIn(ms: number): void {
    this.timer = setTimeout(() => {
      this.underWay = this.apply(Date.now()).catch((error: unknown) => {
        this.logger.warn(`what is past its retention could not be removed: ${String(error)}`);
      });
      this.lookIn(LOOK_MS);
    }, ms).unref();
  }
}

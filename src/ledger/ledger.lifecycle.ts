import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { InstanceDirectory } from './instance-directory.js';
import { Journal } from './journal.js';
import { LedgerWriter } from './ledger-writer.js';

/** How long a shutdown waits for the database to take the last records; the journal keeps the others for the next start. */
const DRAIN_MS = 5000;

/** Opens the ledger before the first call and closes it after the last: the port is closed by then, the database is not. */
@Injectable()
export class LedgerLifecycle implements OnModuleInit, OnApplicationShutdown {
  constructor(
    private readonly home: InstanceDirectory,
    private readonly journal: Journal,
    private readonly writer: LedgerWriter,
  ) {}

  onModuleInit(): void {
    this.journal.start();
    this.writer.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.journal.flush();
    await this.writer.stop(DRAIN_MS);
    const allDelivered = this.journal.close();
    await this.home.release(allDelivered && this.writer.status().leftovers === 0);
  }
}

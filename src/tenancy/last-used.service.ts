import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { LastUsedRepository } from './last-used.repository.js';

const FLUSH_MS = 10_000;
/** Keys remembered between two flushes; the use of more is forgotten. */
const MAX_PENDING = 100_000;

/** When each key was last used, collected in memory and written about every ten seconds and at shutdown. */
@Injectable()
export class LastUsed implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(LastUsed.name);
  private pending = new Map<string, number>();
  private timer: NodeJS.Timeout | null = null;
  private flushing: Promise<void> = Promise.resolve();

  constructor(private readonly rows: LastUsedRepository) {}

  onModuleInit(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.flush();
  }

  /** Notes that a key was used at `atMs` (epoch). Cheap: for the call path. */
  touch(keyId: string, atMs: number): void {
    if (this.pending.size < MAX_PENDING || this.pending.has(keyId)) this.pending.set(keyId, atMs);
  }

  /** Writes what was noted, one flush at a time; what cannot be written is kept for the next. Never throws. */
  flush(): Promise<void> {
    this.flushing = this.flushing.then(() => this.write());
    return this.flushing;
  }

  private async write(): Promise<void> {
    if (this.pending.size === 0) return;
    const taken = this.pending;
    this.pending = new Map();
    try {
      await this.rows.write(taken);
    } catch (error) {
      this.logger.warn(`last-used times of ${taken.size} keys could not be written: ${(error as Error).message}`);
      for (const [keyId, atMs] of taken) if (!this.pending.has(keyId)) this.touch(keyId, atMs);
    }
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Config } from '../config/config.js';
import { CounterStore } from '../counters/counter.store.js';
import { LedgerWriter } from '../ledger/ledger-writer.js';
import { spendOf, type RowSpend } from '../ledger/record-row.js';
import { SpendTotals, type SpendLevel } from '../ledger/spend-totals.repository.js';
import { budgetCounter } from './budget-counter.js';

/** Calls of dead processes that may wait to be settled. Beyond, only the budgets they counted for are compared with the ledger. */
const MOST_WAITING = 20_000;
/** Budgets that may wait to be compared; one that does not fit is off by what its dead calls cost, until its bucket ends. */
const MOST_COMPARED = 50_000;
const AT_ONCE = 64;
const RETRY_MS = 1_000;

interface Budget {
  orgId: string;
  level: SpendLevel;
  id: string;
  bucket: string;
}

/**
 * Settles the budgets of calls whose process died. Its journal says what they cost; what they had reserved is still counted, or
 * has run out. Counters and ledger agree again, also where the last corrections of the dead process never arrived.
 */
@Injectable()
export class AbandonedSpend implements OnModuleDestroy {
  private readonly logger = new Logger(AbandonedSpend.name);
  private readonly calls = new Map<string, RowSpend>();
  private readonly budgets = new Map<string, Budget>();
  private running = false;
  private stopped = false;

  constructor(
    config: Config,
    writer: LedgerWriter,
    private readonly counters: CounterStore,
    private readonly totals: SpendTotals,
  ) {
    // In-process counters died with their process.
    if (config.redis.url !== null) writer.onAdopted = (rows) => this.note(rows);
  }

  onModuleDestroy(): void {
    this.stopped = true;
  }

  private note(rows: readonly string[]): void {
    for (const row of rows) {
      const spend = spendOf(row);
      if (spend === null) continue;
      if (this.calls.size < MOST_WAITING) this.calls.set(spend.id, spend);
      else this.compareLater(spend);
    }
    if (!this.running) void this.run();
  }

  private async run(): Promise<void> {
    this.running = true;
    while (!this.stopped && this.calls.size + this.budgets.size > 0) {
      const done = this.calls.size > 0 ? await this.settleSome() : await this.compareSome();
      // Redis or the database is away. Neither can be asked more often than this.
      if (!done) await sleep(RETRY_MS, undefined, { ref: false });
    }
    this.running = false;
  }

  /** `false`: not all of them could be. */
  private async settleSome(): Promise<boolean> {
    const some = [...this.calls.values()].slice(0, AT_ONCE);
    const settled = await Promise.allSettled(some.map((call) => this.settle(call)));
    return settled.every(({ status }) => status === 'fulfilled');
  }

  private async settle(call: RowSpend): Promise<void> {
    const known = await this.counters.settleAbandoned(call.orgId, call.id, call.costNano);
    // Settled by the dead process itself, or the counters were lost since: what they miss is found by comparing.
    if (!known) this.compareLater(call);
    this.calls.delete(call.id);
  }

  private compareLater({ orgId, projectId, key, day, costNano }: RowSpend): void {
    if (costNano === 0n) return;
    const levels: [SpendLevel, string | null][] = [
      ['key', key],
      ['project', projectId],
      ['org', orgId],
    ];
    for (const [level, id] of levels) {
      if (id === null) continue;
      for (const bucket of [day, day.slice(0, 7)]) {
        if (this.budgets.size < MOST_COMPARED)
          this.budgets.set(`${id} ${level} ${bucket}`, { orgId, level, id, bucket });
      }
    }
  }

  private async compareSome(): Promise<boolean> {
    const some = [...this.budgets].slice(0, AT_ONCE);
    try {
      for (const [name, budget] of some) {
        await this.compare(budget);
        this.budgets.delete(name);
      }
      return true;
    } catch (error) {
      if (!this.stopped) this.logger.debug(`budgets of dead calls wait: ${(error as Error).message}`);
      return false;
    }
  }

  private async compare({ orgId, level, id, bucket }: Budget): Promise<void> {
    const spent = await this.totals.spent(level, id, bucket);
    const window = { kind: 'calendar', bucket, expiresAtMs: 0 } as const;
    await this.counters.raise(budgetCounter(orgId, level, id), window, spent);
  }
}

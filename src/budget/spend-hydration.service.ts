import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Config } from '../config/config.js';
import { CounterStore } from '../counters/counter.store.js';
import type { StatedClaim } from '../exchange/stated-claim.js';
import { LedgerWriter } from '../ledger/ledger-writer.js';
import { SpendTotals } from '../ledger/spend-totals.repository.js';
import { budgetOf } from './budget-counter.js';
import { LostCounters } from './lost-counters.repository.js';

/** Longest wait for this process's own records to reach the database; the counters wait a second for the whole. */
const CATCH_UP_MS = 600;
/**
 * By then the other replicas' records of this moment are in the database, for their writers wait 250 ms for company; and they
 * have said again what their calls under way reserve.
 */
const OTHERS_MS = 400;
/** Counters this process has seen; one that is missing afterwards was lost with the server that kept it. */
const REMEMBERED = 50_000;
/** After a loss the counter is compared with the ledger again, for calls that ended in the same moment. */
const COMPARE_AFTER_MS = [1_000, 5_000, 30_000] as const;

/**
 * What a budget's counter begins with when there is none, after a restart, on a new day or when Redis was emptied: what the
 * ledger says was spent. The ledger is the truth, counters are its shadow.
 */
@Injectable()
export class SpendHydration implements OnModuleInit {
  private readonly logger = new Logger(SpendHydration.name);
  private readonly seen = new LRUCache<string, true>({
    max: REMEMBERED,
    dispose: (_true, _name, reason) => {
      if (reason === 'evict') this.noted = new WeakSet();
    },
  });
  /** Lists of claims, shared by all calls they hold for, whose counters are `seen`: they need not be put there every time. */
  private noted = new WeakSet<readonly StatedClaim[]>();
  /** The last correction of the ledger that was in what a counter began with here. */
  private readonly hydrated = new LRUCache<string, bigint>({ max: REMEMBERED });
  /** What others are waited for with, by organisation; bounded by the counters that begin now. */
  private readonly waits = new Map<string, Promise<void>>();
  private readonly shared: boolean;

  constructor(
    config: Config,
    private readonly counters: CounterStore,
    private readonly writer: LedgerWriter,
    private readonly totals: SpendTotals,
    private readonly losses: LostCounters,
  ) {
    this.shared = config.redis.url !== null;
  }

  onModuleInit(): void {
    this.counters.hydrateWith((counter, bucket, lost) => this.begin(counter, bucket, lost));
  }

  /** To be told of all that was claimed. */
  noteClaimed(claims: readonly StatedClaim[]): void {
    if (!this.shared || this.noted.has(claims)) return;
    this.noted.add(claims);
    for (const { counter, window } of claims) {
      if (window.kind === 'calendar') this.seen.set(`${counter} ${window.bucket}`, true);
    }
  }

  /** Nano-dollars spent. @throws Error when the ledger is not up to date, or cannot be asked */
  async spent(counter: string, bucket: string, patienceMs: number): Promise<bigint> {
    return (await this.ask(counter, bucket, patienceMs)).spent;
  }

  private async ask(counter: string, bucket: string, patienceMs: number): Promise<{ spent: bigint; shift: bigint }> {
    if (!(await this.writer.caughtUp(patienceMs))) throw new Error('the ledger is behind the calls');
    const { level, id } = budgetOf(counter);
    return this.totals.spentUpTo(level, id, bucket);
  }

  /** The last correction of the ledger (see `SpendShifts`) that is in what the counter began with here; 0 when it did not. */
  hydratedUpTo(counter: string, bucket: string): bigint {
    return this.hydrated.get(`${counter} ${bucket}`) ?? 0n;
  }

  private async begin(counter: string, bucket: string, lost: boolean): Promise<bigint> {
    const seen = this.seen.has(`${counter} ${bucket}`);
    if (seen) this.logger.warn(`the counter ${counter} of ${bucket} was lost; it begins at what the ledger says`);
    if (lost || seen) {
      this.compareLater(counter, bucket);
      await this.waitForOthers(budgetOf(counter).orgId);
    }
    const { spent, shift } = await this.ask(counter, bucket, CATCH_UP_MS);
    this.hydrated.set(`${counter} ${bucket}`, shift);
    return spent;
  }

  private waitForOthers(orgId: string): Promise<void> {
    const waited = this.waits.get(orgId);
    if (waited !== undefined) return waited;
    const wait = this.losses
      .announce(orgId)
      .then(() => sleep(OTHERS_MS))
      .finally(() => this.waits.delete(orgId));
    this.waits.set(orgId, wait);
    return wait;
  }

  private compareLater(counter: string, bucket: string): void {
    for (const delayMs of COMPARE_AFTER_MS) {
      setTimeout(() => void this.compare(counter, bucket), delayMs).unref();
    }
  }

  private async compare(counter: string, bucket: string): Promise<void> {
    try {
      // Of a counter that is there the store knows the end.
      const window = { kind: 'calendar', bucket, expiresAtMs: 0 } as const;
      await this.counters.raise(counter, window, await this.spent(counter, bucket, CATCH_UP_MS));
    } catch (error) {
      this.logger.warn(`the counter ${counter} could not be compared with the ledger: ${(error as Error).message}`);
    }
  }
}

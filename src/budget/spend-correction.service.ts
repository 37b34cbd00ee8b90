import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CounterStore } from '../counters/counter.store.js';
import { ChangeListener } from '../infra/database/change-listener.js';
import { SPEND_SHIFTS_CHANNEL, SpendShifts, type SpendShift } from '../ledger/spend-shift.repository.js';
import { budgetCounter } from './budget-counter.js';
import { SpendHydration } from './spend-hydration.service.js';

const DAY_MS = 86_400_000;
const RETRY_MS = 1_000;
/** Counters moved at the same time. */
const AT_ONCE = 100;

/**
 * Lets the counters of budgets follow when calls are charged anew: each replica reads from the ledger what the corrections moved
 * and moves its counters, or the shared ones, by as much. What is reserved for calls under way stays as it is.
 */
@Injectable()
export class SpendCorrection implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(SpendCorrection.name);
  /** The last one that is done; `null`: not known yet where to begin. */
  private last: bigint | null = null;
  private running = false;
  private again = false;
  private stopped = false;
  private retry: NodeJS.Timeout | null = null;

  constructor(
    private readonly counters: CounterStore,
    private readonly shifts: SpendShifts,
    private readonly listener: ChangeListener,
    private readonly spend: SpendHydration,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.follow();
    this.listener.listen(SPEND_SHIFTS_CHANNEL, () => void this.follow());
    this.listener.onReconnect(() => void this.follow());
  }

  onModuleDestroy(): void {
    this.stopped = true;
    if (this.retry !== null) clearTimeout(this.retry);
  }

  /** Never fails: what could not be done is tried again. */
  private async follow(): Promise<void> {
    this.again = true;
    if (this.running || this.stopped) return;
    this.running = true;
    try {
      while (this.takeAgain()) {
        // Counters that were made before the first look began at what the ledger said.
        if (this.last === null) this.last = await this.shifts.last();
        else await this.catchUp(this.last);
      }
    } catch (error) {
      this.tryLater(error as Error);
    }
    this.running = false;
  }

  /** Whether there was something to follow since the last time this was asked. */
  private takeAgain(): boolean {
    const { again } = this;
    this.again = false;
    return again;
  }

  private tryLater(error: Error): void {
    if (this.stopped) return;
    this.logger.warn(`the counters of budgets wait for corrections of the ledger: ${error.message}`);
    this.retry = setTimeout(() => void this.follow(), RETRY_MS).unref();
  }

  private async catchUp(last: bigint): Promise<void> {
    for (let from = last; ;) {
      const shifts = await this.shifts.after(from);
      for (let i = 0; i < shifts.length; i += AT_ONCE) {
        await Promise.all(shifts.slice(i, i + AT_ONCE).map((shift) => this.apply(shift)));
      }
      const newest = shifts.at(-1)?.id;
      if (newest === undefined) return;
      this.last = from = newest;
    }
  }

  private async apply({
    id,
    orgId,
    level,
    subjectId,
    day,
    differenceNano,
  }: SpendShift & { id: bigint }): Promise<void> {
    const counter = budgetCounter(orgId, level, subjectId);
    for (const bucket of [day, day.slice(0, 7)]) {
      // Whatever began at the ledger since has it already.
      if (this.spend.hydratedUpTo(counter, bucket) >= id) continue;
      const window = { kind: 'calendar', bucket, expiresAtMs: Date.now() + DAY_MS } as const;
      await this.counters.shift(counter, window, differenceNano, `${id}:${bucket}`);
    }
  }
}

import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Config } from '../config/config.js';
import type { CalendarWindow } from '../counters/claim.js';
import { CounterStore } from '../counters/counter.store.js';
import type { Exchange } from '../exchange/exchange.js';
import type { StatedClaim } from '../exchange/stated-claim.js';
import { rootLogger, type RootLogger } from '../infra/logging/root-logger.js';
import { GatewayMetrics } from '../infra/telemetry/gateway-metrics.js';
import type { Caller } from '../tenancy/caller.js';
import { BudgetEventRepository, type BudgetEvent } from './budget-event.repository.js';
import { eventFields, BudgetWebhooks } from './budget-webhooks.service.js';
import { SpendHydration } from './spend-hydration.service.js';

/** Budgets looked after at the same time; a further one is noticed at its next call. */
const MAX_WATCHED = 10_000;
/** Looked at together: one that has to wait for the ledger does not hold up the others. */
const AT_ONCE = 16;
/** Budgets whose highest percentage so far is remembered. */
const REMEMBERED = 50_000;
const ROUND_MS = 300;
const PATIENCE_MS = 2_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

interface Watched {
  readonly key: string;
  readonly caller: Caller;
  readonly claim: StatedClaim;
  readonly window: CalendarWindow;
  /** A call was refused for want of it. */
  refused: boolean;
  dueAtMs: number;
  looks: number;
}

/**
 * Notices when so much of a budget is spent, and raises one event for each percentage. Calls only leave a note, and that only
 * when spent and reserved money together reach the next percentage; what was really spent is then read from the ledger, in
 * the background, until it reaches that or the reservations are gone.
 */
@Injectable()
export class BudgetAlerts implements OnModuleDestroy {
  private readonly logger = new Logger(BudgetAlerts.name);
  private readonly root: RootLogger;
  private readonly watched = new Map<string, Watched>();
  /** Percent of a budget that has been raised, by counter and bucket. */
  private readonly reached = new LRUCache<string, number>({ max: REMEMBERED });
  private timer: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(
    config: Config,
    private readonly counters: CounterStore,
    private readonly spend: SpendHydration,
    private readonly events: BudgetEventRepository,
    private readonly webhooks: BudgetWebhooks,
    private readonly metrics: GatewayMetrics,
  ) {
    this.root = rootLogger(config);
  }

  onModuleDestroy(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  /** To be told of every call that ends after its claims were taken. */
  ended(exchange: Exchange): void {
    const { claims, amounts, standing, caller } = exchange;
    if (caller === null || standing === null) return;
    this.spend.noteClaimed(claims);
    const cost = exchange.costNanoDollars ?? 0;
    for (let i = 0; i < claims.length; i += 1) {
      const claim = claims[i] as StatedClaim;
      if (claim.subject !== 'budget') continue;
      const beyond = Math.max(0, cost - (amounts[i] as number));
      const used = Number(standing.used[i]) + beyond;
      if (used >= claim.watchFrom && this.mayReachNext(caller, claim, used)) this.watch(caller, claim, false);
    }
  }

  /** To be told of every call that a budget refused. */
  refused(caller: Caller, claim: StatedClaim): void {
    if (claim.subject === 'budget' && this.nextPercent(caller, claim) !== null) this.watch(caller, claim, true);
  }

  private mayReachNext(caller: Caller, claim: StatedClaim, used: number): boolean {
    const percent = this.nextPercent(caller, claim);
    return percent !== null && used * 100 >= percent * Number(limitOf(claim));
  }

  /** The lowest percentage that is still to come; `null`: none. */
  private nextPercent(caller: Caller, claim: StatedClaim): number | null {
    const { alertPercents } = caller.budgets[claim.level];
    if (alertPercents.length === 0 || limitOf(claim) <= 0n) return null;
    const reached = this.reached.get(keyOf(claim)) ?? 0;
    return alertPercents.find((percent) => percent > reached) ?? null;
  }

  private watch(caller: Caller, claim: StatedClaim, refused: boolean): void {
    const key = keyOf(claim);
    const found = this.watched.get(key);
    if (found === undefined && this.watched.size >= MAX_WATCHED) return;
    const window = claim.window as CalendarWindow;
    // The newest caller knows the budget as it is now.
    this.watched.set(key, {
      key,
      caller,
      claim,
      window,
      refused: refused || (found?.refused ?? false),
      dueAtMs: found?.dueAtMs ?? 0,
      looks: found?.looks ?? 0,
    });
    this.schedule();
  }

  private schedule(): void {
    if (this.timer !== null || this.stopped) return;
    this.timer = setTimeout(() => void this.round(), ROUND_MS).unref();
  }

  private async round(): Promise<void> {
    const now = performance.now();
    const due: Watched[] = [];
    for (const entry of this.watched.values()) {
      if (entry.dueAtMs <= now && due.push(entry) === AT_ONCE) break;
    }
    await Promise.all(due.map((entry) => this.lookAt(entry)));
    this.timer = null;
    if (this.watched.size > 0) this.schedule();
  }

  private async lookAt(entry: Watched): Promise<void> {
    this.watched.delete(entry.key);
    const over = await this.look(entry).catch((error: unknown) => {
      if (!this.stopped) {
        this.logger.warn(`a budget could not be compared with the ledger: ${(error as Error).message}`);
      }
      return false;
    });
    if (!over) this.lookAgain(entry);
  }

  private lookAgain(entry: Watched): void {
    const newer = this.watched.get(entry.key) ?? entry;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** entry.looks, LONGEST_PAUSE_MS);
    newer.looks = entry.looks + 1;
    newer.dueAtMs = performance.now() + pauseMs;
    newer.refused ||= entry.refused;
    this.watched.set(newer.key, newer);
  }

  /** Whether there is nothing to wait for any more. */
  private async look(entry: Watched): Promise<boolean> {
    const { claim, caller, window } = entry;
    const [standing] = (await this.counters.read([claim])) ?? [];
    const spent = await this.spend.spent(claim.counter, window.bucket, PATIENCE_MS);
    await this.raiseEvents(entry, spent);
    if (standing === undefined || BigInt(standing.used) < spent) {
      await this.counters.raise(claim.counter, window, spent);
    }
    return standing !== undefined && !this.mayReachNext(caller, claim, Number(standing.used));
  }

  private async raiseEvents({ claim, caller, window, refused, key }: Watched, spent: bigint): Promise<void> {
    const limit = limitOf(claim);
    const percents = caller.budgets[claim.level].alertPercents;
    for (let i = 0; i < percents.length; i += 1) {
      const percent = percents[i] as number;
      // A budget that is enforced is hardly ever spent to the last: a refusal after all lower percentages is its 100 %.
      const spentUp = refused && percent === 100 && spent * 100n >= limit * BigInt(percents[i - 1] ?? 0);
      if (spent * 100n < limit * BigInt(percent) && !spentUp) return;
      if (percent <= (this.reached.get(key) ?? 0)) continue;
      await this.raise(eventOf(caller, claim, { percent, bucket: window.bucket, limit, spent }));
      this.reached.set(key, percent);
    }
  }

  private async raise(event: BudgetEvent): Promise<void> {
    const subject = event.keyId ?? event.projectId ?? event.orgId;
    if (!(await this.events.insert(event, subject))) return;
    this.metrics.budgetAlerts.series(event.level, event.period, String(event.percent)).add(1);
    // `level` is the severity in a log line.
    const { level, ...fields } = eventFields(event);
    this.root.warn({ event: 'budget.threshold', budget_level: level, ...fields }, 'budget threshold');
    this.webhooks.kick();
  }
}

function eventOf(
  caller: Caller,
  { level, period }: StatedClaim,
  { percent, bucket, limit, spent }: { percent: number; bucket: string; limit: bigint; spent: bigint },
): BudgetEvent {
  return {
    level,
    period: period ?? 'daily',
    bucket,
    percent,
    orgId: caller.orgId,
    projectId: level === 'org' ? null : caller.projectId,
    keyId: level === 'key' ? caller.keyId : null,
    limitNanoDollars: limit,
    spendNanoDollars: spent,
  };
}

function limitOf(claim: StatedClaim): bigint {
  return BigInt(claim.softLimit ?? claim.limit);
}

/** A day and a month never look alike. */
function keyOf(claim: StatedClaim): string {
  return `${claim.counter} ${(claim.window as CalendarWindow).bucket}`;
}

import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { worstCaseCost } from '../../libs/protocol/index.js';
import { Config } from '../config/config.js';
import { LARGEST_AMOUNT } from '../counters/amount.js';
import type { Exchange } from '../exchange/exchange.js';
import { exchangeOf } from '../exchange/exchange-opening.js';
import type { ClaimLevel, StatedClaim } from '../exchange/stated-claim.js';
import { Prices } from '../registry/prices.service.js';
import type { ModelEntry } from '../registry/snapshot.js';
import { UNLIMITED, type Budgets, type Caller } from '../tenancy/caller.js';
import { budgetCounter } from './budget-counter.js';
import { Calendar, type CalendarNow } from '../tenancy/calendar.js';

const LEVELS: readonly ClaimLevel[] = ['key', 'project', 'org'];

/**
 * States what a call claims of the money of its key, project and organisation: the most it can cost. What it really cost is
 * settled at its end. Decides nothing: AdmissionGuard takes all claims at once.
 */
@Injectable()
export class BudgetGuard implements CanActivate {
  private readonly calendar = new Calendar();

  constructor(
    private readonly config: Config,
    private readonly prices: Prices,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const exchange = exchangeOf(context.switchToHttp().getRequest<FastifyRequest>());
    const { caller, modelEntry } = exchange;
    if (caller === null || modelEntry === null) throw new Error('AuthGuard and DecodeGuard come first');
    const now = this.calendar.at(caller.timeZone, exchange.startedAtMs);
    exchange.spendDay = now.day;
    this.prices.expectKnown(modelEntry, exchange.startedAtMs);
    if (!hasBudgets(caller)) return true;
    const amount = this.worstCase(exchange, modelEntry);
    for (const level of LEVELS) this.claim(exchange, caller, level, { now, amount });
    return true;
  }

  /** Over every backend that may serve the call: the dearest of them bounds what it can cost. */
  private worstCase(exchange: Exchange, model: ModelEntry): number {
    let worst = 0;
    for (const { provider } of model.backends) {
      const card = this.prices.priceAt(model, provider, exchange.startedAtMs);
      worst = Math.max(worst, worstCaseCost(exchange.promptTokensEstimate, exchange.outputTokensCap, card));
    }
    return worst;
  }

  private claim(
    exchange: Exchange,
    caller: Caller,
    level: ClaimLevel,
    what: { now: CalendarNow; amount: number },
  ): void {
    const budgets = caller.budgets[level];
    const { now, amount } = what;
    const counter = budgetCounter(caller.orgId, level, idOf(caller, level));
    const daily = { kind: 'calendar', bucket: now.day, expiresAtMs: now.dayEndsAtMs } as const;
    const monthly = { kind: 'calendar', bucket: now.month, expiresAtMs: now.monthEndsAtMs } as const;
    const add = (limit: number | null, period: 'daily' | 'monthly', window: StatedClaim['window']): void => {
      if (limit === null || limit === UNLIMITED) return;
      const soft = budgets.enforcement === 'soft';
      // Beyond 9 million dollars a number is not exact to the nano-dollar, and the counters insist on exact amounts.
      const exact = Number.isSafeInteger(limit) ? limit : BigInt(limit);
      exchange.claims.push({
        counter,
        amount,
        limit: soft ? LARGEST_AMOUNT : exact,
        window,
        // Should this process die, the ledger decides: what its journal has of the call is charged again (`AbandonedSpend`).
        onExpiry: 'release',
        onUnavailable: soft ? 'open' : this.config.limits.budgetsWhenCountersDown,
        subject: 'budget',
        level,
        model: null,
        period,
        softLimit: soft ? exact : null,
      });
    };
    add(budgets.dailyNanoDollars, 'daily', daily);
    add(budgets.monthlyNanoDollars, 'monthly', monthly);
  }
}

function idOf(caller: Caller, level: ClaimLevel): string {
  if (level === 'org') return caller.orgId;
  return level === 'project' ? caller.projectId : (caller.keyId ?? caller.keyPrefix);
}

function hasBudgets({ budgets }: Caller): boolean {
  return isSet(budgets.key) || isSet(budgets.project) || isSet(budgets.org);
}

function isSet({ dailyNanoDollars, monthlyNanoDollars }: Budgets): boolean {
  return (dailyNanoDollars ?? UNLIMITED) !== UNLIMITED || (monthlyNanoDollars ?? UNLIMITED) !== UNLIMITED;
}

import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { worstCaseCost } from '../../libs/protocol/index.js';
import { Config } from '../config/config.js';
import type { Exchange } from '../exchange/exchange.js';
import { exchangeOf, requestOf } from '../exchange/exchange-opening.js';
import type { StatedClaim } from '../exchange/stated-claim.js';
import { Prices } from '../registry/prices.service.js';
import type { ModelEntry } from '../registry/snapshot.js';
import type { Caller } from '../tenancy/caller.js';
import { budgetClaims } from './budget-claims.js';
import { Calendar, type CalendarNow } from '../tenancy/calendar.js';

/** The budgets of a caller on one day. */
interface BudgetSheet {
  readonly on: CalendarNow;
  readonly claims: readonly StatedClaim[];
}

/**
 * States what a call claims of the money of its key, project and organisation: the most it can cost. What it really cost is
 * settled at its end. Decides nothing: AdmissionGuard takes all claims at once.
 */
@Injectable()
export class BudgetGuard implements CanActivate {
  private readonly calendar = new Calendar();
  /** Callers are immutable and replaced when they change, so what was worked out for them stays true for the day. */
  private readonly sheets = new WeakMap<Caller, BudgetSheet>();

  constructor(
    private readonly config: Config,
    private readonly prices: Prices,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const exchange = exchangeOf(requestOf(context));
    const { caller, modelEntry } = exchange;
    if (caller === null || modelEntry === null) throw new Error('AuthGuard and DecodeGuard come first');
    const now = this.calendar.at(caller.timeZone, exchange.startedAtMs);
    exchange.spendDay = now.day;
    this.prices.expectKnown(modelEntry, exchange.startedAtMs);
    const claims = this.claims(caller, now);
    if (claims.length === 0) return true;
    const amount = this.worstCase(exchange, modelEntry);
    const amounts: number[] = [];
    while (amounts.length < claims.length) amounts.push(amount);
    exchange.state(claims, amounts);
    return true;
  }

  /** The budgets of a caller as they are claimed from at this moment. */
  claimsAt(caller: Caller, nowMs: number): readonly StatedClaim[] {
    return this.claims(caller, this.calendar.at(caller.timeZone, nowMs));
  }

  private claims(caller: Caller, now: CalendarNow): readonly StatedClaim[] {
    const known = this.sheets.get(caller);
    if (known?.on === now) return known.claims;
    const claims = budgetClaims(caller, now, this.config.limits);
    this.sheets.set(caller, { on: now, claims });
    return claims;
  }

  /** Over every backend that may serve the call: the dearest of them bounds what it can cost. */
  private worstCase(exchange: Exchange, model: ModelEntry): number {
    let worst = 0;
    for (const { provider } of model.backends) {
      const card = this.prices.priceAt(model, provider, exchange.startedAtMs);
      const requests = Math.max(1, exchange.searchUnitsCap);
      worst = Math.max(worst, worstCaseCost(exchange.promptTokensEstimate, exchange.outputTokensCap, card, requests));
    }
    return worst;
  }
}

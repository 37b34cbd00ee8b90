import { LARGEST_AMOUNT } from '../counters/amount.js';
import { NO_CLAIMS, type ClaimLevel, type StatedClaim } from '../exchange/stated-claim.js';
import { UNLIMITED, type Budgets, type Caller, type Limit } from '../tenancy/caller.js';
import { budgetCounter } from './budget-counter.js';
import type { Config } from '../config/config.js';
import type { CalendarNow } from '../tenancy/calendar.js';

type BudgetHolder = Pick<Caller, 'orgId' | 'projectId' | 'keyId' | 'keyPrefix' | 'budgets'>;
type BudgetPolicy = Pick<Config['limits'], 'budgetsWhenCountersDown' | 'budgetsOfDeadCalls'>;

const LEVELS: readonly ClaimLevel[] = ['key', 'project', 'org'];

/** Works out which budgets hold for a caller on a day. How much of them a call claims is its own. */
export function budgetClaims(caller: BudgetHolder, now: CalendarNow, policy: BudgetPolicy): readonly StatedClaim[] {
  const claims: StatedClaim[] = [];
  for (const level of LEVELS) {
    const budgets = caller.budgets[level];
    const counter = budgetCounter(caller.orgId, level, idOf(caller, level));
    const add = (limit: Limit, period: 'daily' | 'monthly', bucket: string, expiresAtMs: number): void => {
      if (limit === null || limit === UNLIMITED) return;
      const window = { kind: 'calendar', bucket, expiresAtMs } as const;
      claims.push({ counter, window, level, period, ...termsOf(budgets, limit, policy) });
    };
    add(budgets.dailyNanoDollars, 'daily', now.day, now.dayEndsAtMs);
    add(budgets.monthlyNanoDollars, 'monthly', now.month, now.monthEndsAtMs);
  }
  return claims.length === 0 ? NO_CLAIMS : claims;
}

function termsOf(
  { enforcement, alertPercents }: Budgets,
  limit: number,
  { budgetsWhenCountersDown, budgetsOfDeadCalls }: BudgetPolicy,
): Omit<StatedClaim, 'counter' | 'window' | 'level' | 'period'> {
  const soft = enforcement === 'soft';
  // Beyond 9 million dollars a number is not exact to the nano-dollar, and the counters insist on exact amounts.
  const exact = Number.isSafeInteger(limit) ? limit : BigInt(limit);
  const [lowest] = alertPercents;
  return {
    amount: 0,
    limit: soft ? LARGEST_AMOUNT : exact,
    // Should this process die, the ledger decides: what its journal has of the call is what is kept (`AbandonedSpend`). Until then
    // others must not spend it.
    onExpiry: budgetsOfDeadCalls === 'charge' ? 'charge' : 'linger',
    onUnavailable: soft ? 'open' : budgetsWhenCountersDown,
    subject: 'budget',
    model: null,
    softLimit: soft ? exact : null,
    watchFrom: lowest === undefined ? Number.POSITIVE_INFINITY : (limit * lowest) / 100,
  };
}

function idOf(caller: BudgetHolder, level: ClaimLevel): string {
  if (level === 'org') return caller.orgId;
  return level === 'project' ? caller.projectId : (caller.keyId ?? caller.keyPrefix);
}

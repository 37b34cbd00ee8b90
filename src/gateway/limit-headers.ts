import { usdText } from '../../libs/protocol/index.js';
import type { Standing } from '../counters/counter.store.js';
import type { Exchange } from '../exchange/exchange.js';
import type { StatedClaim } from '../exchange/stated-claim.js';

interface BudgetLine {
  readonly index: number;
  readonly limitName: string;
  readonly limitText: string;
  readonly spendName: string;
}

interface RateLine {
  readonly index: number;
  readonly limit: number;
  readonly limitText: string;
}

/** What there is to write for a list of claims: worked out once, for the same list comes with every call it holds for. */
interface HeaderPlan {
  readonly budgets: readonly BudgetLine[];
  readonly requests: readonly RateLine[];
  readonly tokens: readonly RateLine[];
}

const plans = new WeakMap<readonly StatedClaim[], HeaderPlan>();

/**
 * Adds `x-ratelimit-*` of the tightest counter of each kind, and `x-budget-*` of every budget that is set, to a list of headers:
 * name, value, name, value…
 */
export function addLimitHeaders(headers: string[], exchange: Exchange): void {
  const { claims, standing } = exchange;
  if (standing === null) return;
  let plan = plans.get(claims);
  if (plan === undefined) {
    plan = planOf(claims);
    plans.set(claims, plan);
  }
  for (const line of plan.budgets) {
    headers.push(line.limitName, line.limitText, line.spendName, spendText(exchange, standing, line.index));
  }
  pushRate(headers, RATE_NAMES.requests, plan.requests, standing);
  pushRate(headers, RATE_NAMES.tokens, plan.tokens, standing);
}

const RATE_NAMES = { requests: rateNames('requests'), tokens: rateNames('tokens') } as const;

function rateNames(kind: string): { limit: string; remaining: string; reset: string } {
  return {
    limit: `x-ratelimit-limit-${kind}`,
    remaining: `x-ratelimit-remaining-${kind}`,
    reset: `x-ratelimit-reset-${kind}`,
  };
}

function planOf(claims: readonly StatedClaim[]): HeaderPlan {
  const budgets: BudgetLine[] = [];
  const requests: RateLine[] = [];
  const tokens: RateLine[] = [];
  for (const [index, { subject, level, period, limit, softLimit }] of claims.entries()) {
    if (subject === 'requests') requests.push({ index, limit: Number(limit), limitText: String(limit) });
    if (subject === 'tokens') tokens.push({ index, limit: Number(limit), limitText: String(limit) });
    if (subject !== 'budget') continue;
    const name = `x-budget-${level}-${period ?? 'daily'}`;
    const limitText = usdText(softLimit ?? limit);
    budgets.push({ index, limitName: `${name}-limit`, limitText, spendName: `${name}-spend` });
  }
  return { budgets, requests, tokens };
}

/** What is spent or reserved by others, and what this call cost where that is known: its own reservation is left out. */
function spendText({ hold, amounts, costNanoDollars }: Exchange, { used }: Standing, index: number): string {
  const all = used[index] ?? 0;
  const own = hold === null ? 0 : (costNanoDollars ?? 0) - (amounts[index] as number);
  if (typeof all === 'number') {
    const spend = all + own;
    if (Number.isSafeInteger(spend)) return usdText(Math.max(0, spend));
  }
  const spend = BigInt(all) + BigInt(own);
  return usdText(spend < 0n ? 0n : spend);
}

function pushRate(
  headers: string[],
  names: { limit: string; remaining: string; reset: string },
  lines: readonly RateLine[],
  standing: Standing,
): void {
  let tightest: RateLine | null = null;
  let remaining = Number.POSITIVE_INFINITY;
  for (const line of lines) {
    const left = Math.max(0, line.limit - Number(standing.used[line.index]));
    if (left >= remaining) continue;
    tightest = line;
    remaining = left;
  }
  if (tightest === null) return;
  const resetSeconds = Math.ceil(standing.resetMs(tightest.index) / 1000);
  headers.push(names.limit, tightest.limitText, names.remaining, String(remaining), names.reset, `${resetSeconds}s`);
}

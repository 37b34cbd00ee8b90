import { usdText } from '../../libs/protocol/index.js';
import type { CounterState } from '../counters/counter.store.js';
import type { CalendarWindow } from '../counters/claim.js';
import type { StatedClaim } from '../exchange/stated-claim.js';
import { UNLIMITED, type Budgets, type Caller, type Limit } from '../tenancy/caller.js';

interface LimitView {
  level: StatedClaim['level'];
  kind: 'requests' | 'tokens' | 'concurrency';
  limit: number;
  /** `null` while the counters are out of reach. */
  used: number | null;
  remaining: number | null;
}

interface BudgetView {
  level: StatedClaim['level'];
  period: 'daily' | 'monthly';
  enforcement: Budgets['enforcement'];
  limit_usd: string;
  /** Spent, and reserved for calls under way; `null` while the counters are out of reach. */
  spend_usd: string | null;
  left_usd: string | null;
  resets_at: string;
}

export interface MeView {
  key: {
    id: string | null;
    name: string;
    prefix: string;
    scopes: string[];
    /** `null`: every model. */
    allowed_models: string[] | null;
    expires_at: string | null;
  };
  project: { id: string; name: string };
  org: { id: string; name: string; time_zone: string };
  /** Only those that are set; limits per model come on top. */
  limits: LimitView[];
  budgets: BudgetView[];
  /** As clients of older gateways read it; of the project, in USD. */
  project_id: string;
  org_id: string;
  project_name: string;
  key_prefix: string;
  rate_limit_per_min: number | 'unlimited' | null;
  daily_budget: number | 'unlimited' | null;
  monthly_budget: number | 'unlimited' | null;
  configured_providers: string[];
}

interface Standings {
  claims: readonly StatedClaim[];
  /** One a claim; `null`: out of reach. */
  states: readonly CounterState[] | null;
  providers: string[];
}

export function meView(caller: Caller, { claims, states, providers }: Standings): MeView {
  const { limits, budgets } = caller;
  return {
    key: keyView(caller),
    project: { id: caller.projectId, name: caller.projectName },
    org: { id: caller.orgId, name: caller.orgName, time_zone: caller.timeZone },
    limits: claims.flatMap((claim, i) => limitView(claim, states?.[i])),
    budgets: claims.flatMap((claim, i) => budgetView(caller, claim, states?.[i])),
    project_id: caller.projectId,
    org_id: caller.orgId,
    project_name: caller.projectName,
    key_prefix: caller.keyPrefix,
    rate_limit_per_min: said(limits.project.rpm),
    daily_budget: saidUsd(budgets.project.dailyNanoDollars),
    monthly_budget: saidUsd(budgets.project.monthlyNanoDollars),
    configured_providers: providers,
  };
}

function keyView(caller: Caller): MeView['key'] {
  return {
    id: caller.keyId,
    name: caller.keyName,
    prefix: caller.keyPrefix,
    scopes: [...caller.scopes],
    allowed_models: caller.allowedModels === null ? null : [...caller.allowedModels],
    expires_at: caller.expiresAtMs === null ? null : new Date(caller.expiresAtMs).toISOString(),
  };
}

function limitView({ subject, level, limit }: StatedClaim, state: CounterState | undefined): LimitView[] {
  if (subject === 'budget') return [];
  const [used, remaining] = state === undefined ? [null, null] : [Number(state.used), Number(state.remaining)];
  return [{ level, kind: subject, limit: Number(limit), used, remaining }];
}

function budgetView(caller: Caller, claim: StatedClaim, state: CounterState | undefined): BudgetView[] {
  if (claim.subject !== 'budget') return [];
  const limit = BigInt(claim.softLimit ?? claim.limit);
  const spent = state === undefined ? null : BigInt(state.used);
  return [
    {
      level: claim.level,
      period: claim.period ?? 'daily',
      enforcement: caller.budgets[claim.level].enforcement,
      limit_usd: usdText(limit),
      spend_usd: spent === null ? null : usdText(spent),
      left_usd: spent === null ? null : usdText(spent > limit ? 0n : limit - spent),
      resets_at: new Date((claim.window as CalendarWindow).expiresAtMs).toISOString(),
    },
  ];
}

function said(limit: Limit): number | 'unlimited' | null {
  return limit === UNLIMITED ? 'unlimited' : limit;
}

function saidUsd(limit: Limit): number | 'unlimited' | null {
  return limit === null || limit === UNLIMITED ? said(limit) : Number(usdText(limit));
}

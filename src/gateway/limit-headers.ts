import { usdText } from '../../libs/protocol/index.js';
import type { Amount } from '../counters/amount.js';
import type { CounterState } from '../counters/counter.store.js';
import type { Exchange } from '../exchange/exchange.js';
import type { StatedClaim } from '../exchange/stated-claim.js';

/** `x-ratelimit-*` of the tightest counter of each kind, and `x-budget-*` of every budget that is set: name, value, name, value… */
export function limitHeaders({ claims, counterStates, hold, costNanoDollars }: Exchange): string[] {
  if (counterStates.length === 0) return NONE;
  const headers: string[] = [];
  let requests: CounterState | null = null;
  let tokens: CounterState | null = null;
  for (let index = 0; index < counterStates.length; index += 1) {
    const claim = claims[index] as StatedClaim;
    const state = counterStates[index] as CounterState;
    if (claim.subject === 'requests') requests = tighter(requests, state);
    else if (claim.subject === 'tokens') tokens = tighter(tokens, state);
    else if (claim.subject === 'budget') {
      const own = hold === null ? 0n : BigInt(costNanoDollars ?? 0) - BigInt(claim.amount);
      pushBudget(headers, claim, BigInt(state.used) + own, state.limit);
    }
  }
  if (requests !== null) pushRate(headers, 'requests', requests);
  if (tokens !== null) pushRate(headers, 'tokens', tokens);
  return headers;
}

const NONE: string[] = [];

function tighter(best: CounterState | null, state: CounterState): CounterState {
  return best === null || state.remaining < best.remaining ? state : best;
}

function pushRate(headers: string[], kind: 'requests' | 'tokens', state: CounterState): void {
  headers.push(
    `x-ratelimit-limit-${kind}`,
    String(state.limit),
    `x-ratelimit-remaining-${kind}`,
    String(state.remaining),
    `x-ratelimit-reset-${kind}`,
    `${Math.ceil(state.resetMs / 1000)}s`,
  );
}

/** Spend is what is spent or reserved by others, and what this call cost where that is known: its own reservation is left out. */
function pushBudget(headers: string[], claim: StatedClaim, spend: bigint, limit: Amount): void {
  const name = `x-budget-${claim.level}-${claim.period ?? 'daily'}`;
  headers.push(`${name}-limit`, usdText(claim.softLimit ?? limit), `${name}-spend`, usdText(spend < 0n ? 0n : spend));
}

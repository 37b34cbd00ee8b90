import { usdText } from '../../libs/protocol/index.js';
import type { CounterState } from '../counters/counter.store.js';
import type { Exchange } from '../exchange/exchange.js';
import type { StatedClaim } from '../exchange/stated-claim.js';

/** `x-ratelimit-*` of the tightest counter of each kind, and `x-budget-*` of every budget that is set: name, value, name, value… */
export function limitHeaders({ claims, counterStates, hold }: Exchange): string[] {
  if (counterStates.length === 0) return NONE;
  const headers: string[] = [];
  let requests: CounterState | null = null;
  let tokens: CounterState | null = null;
  for (let index = 0; index < counterStates.length; index += 1) {
    const claim = claims[index] as StatedClaim;
    const state = counterStates[index] as CounterState;
    if (claim.subject === 'requests') requests = tighter(requests, state);
    else if (claim.subject === 'tokens') tokens = tighter(tokens, state);
    else if (claim.subject === 'budget') pushBudget(headers, claim, state, hold !== null);
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

/** Spend is what others have spent or reserved: this call's own reservation is left out. */
function pushBudget(headers: string[], claim: StatedClaim, state: CounterState, granted: boolean): void {
  const name = `x-budget-${claim.level}-${claim.period ?? 'daily'}`;
  const others = granted ? BigInt(state.used) - BigInt(claim.amount) : BigInt(state.used);
  headers.push(`${name}-limit`, usdText(claim.softLimit ?? state.limit), `${name}-spend`, usdText(others));
}

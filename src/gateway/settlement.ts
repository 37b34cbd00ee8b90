import type { Actual } from '../counters/counter.store.js';
import type { Exchange, ExchangeEnd } from '../exchange/exchange.js';
import type { StatedClaim } from '../exchange/stated-claim.js';

/**
 * What a call really used, one a claim. A call that never went upstream used nothing; one that did counts as a request whatever
 * came of it; tokens and money are what the upstream reported, else what was counted on the way.
 */
export function settledAmounts(exchange: Exchange, end: ExchangeEnd): Actual {
  const wasSent = exchange.attempts > 0;
  const tokens = end.usage?.totalTokens ?? 0;
  const cost = exchange.costNanoDollars ?? 0;
  const { claims } = exchange;
  const actual: (number | null)[] = [];
  for (let i = 0; i < claims.length; i += 1) {
    const { subject } = claims[i] as StatedClaim;
    if (!wasSent) actual.push(0);
    else if (subject === 'tokens') actual.push(tokens);
    else actual.push(subject === 'budget' ? cost : null);
  }
  return actual;
}

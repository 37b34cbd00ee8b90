import type { Actual } from '../counters/counter.store.js';
import type { Exchange, ExchangeEnd } from '../exchange/exchange.js';
import type { StatedClaim } from '../exchange/stated-claim.js';

/**
 * What a call really used, one a claim. A call that never went upstream used nothing; one that did counts as a request whatever
 * came of it; tokens and money are what the upstream reported, else what was counted on the way.
 */
export function settledAmounts(exchange: Exchange, end: ExchangeEnd): Actual {
  const wasSent = exchange.attempts > 0;
  return exchange.claims.map((claim) => (wasSent ? actualOf(claim, exchange, end) : 0));
}

function actualOf(claim: StatedClaim, exchange: Exchange, end: ExchangeEnd): number | null {
  switch (claim.subject) {
    case 'tokens':
      return end.usage?.totalTokens ?? 0;
    case 'budget':
      return exchange.costNanoDollars ?? 0;
    default:
      return null;
  }
}

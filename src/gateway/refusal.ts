import { GatewayError, usdText } from '../../libs/protocol/index.js';
import type { Refused, Unavailable } from '../counters/counter.store.js';
import type { Exchange } from '../exchange/exchange.js';
import type { StatedClaim } from '../exchange/stated-claim.js';

type StatedClaims = Pick<Exchange, 'claims' | 'amounts'>;

const LEVELS = { key: 'the API key', project: 'the project', org: 'the organisation' } as const;
const UNITS = {
  requests: 'requests per minute',
  tokens: 'tokens per minute',
  concurrency: 'calls at the same time',
} as const;

/** What a caller is told whose claims were not granted: which counter, its limit, and when it frees. */
export function refusalError({ claims, amounts }: StatedClaims, { refused }: Refused): GatewayError {
  const claim = claims[refused.index] as StatedClaim;
  const whose = claim.model === null ? LEVELS[claim.level] : `${LEVELS[claim.level]} on the model "${claim.model}"`;
  const retry = refused.retryAfterMs === null ? {} : { retryAfterSeconds: refused.retryAfterMs / 1000 };
  if (claim.subject === 'budget') {
    const text = `The ${claim.period ?? ''} budget of ${whose} (${usdText(refused.limit)} USD) would be exceeded: ${usdText(refused.used)} USD are spent or reserved, this call may cost up to ${usdText(amounts[refused.index] ?? 0)} USD.`;
    return new GatewayError('budget_exceeded', text, { param: counterName(claim) });
  }
  const never = refused.retryAfterMs === null ? ' This call can never fit.' : '';
  const text = `Limit reached: ${refused.limit} ${UNITS[claim.subject]} of ${whose}, ${refused.used} in use.${never}`;
  return new GatewayError('rate_limit_exceeded', text, { param: counterName(claim), ...retry });
}

export function unavailableError({ claims }: StatedClaims, { index, retryAfterMs }: Unavailable): GatewayError {
  const claim = claims[index] as StatedClaim;
  const what = claim.subject === 'budget' ? 'budgets' : 'limits';
  return new GatewayError(
    'service_unavailable',
    `The ${what} of ${LEVELS[claim.level]} cannot be checked at the moment.`,
    {
      retryAfterSeconds: retryAfterMs / 1000,
    },
  );
}

/** `key_requests`, `org_budget_daily`… */
function counterName({ level, subject, period, model }: StatedClaim): string {
  return [level, model === null ? null : 'model', subject, period].filter((part) => part !== null).join('_');
}

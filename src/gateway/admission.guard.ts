import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { GatewayError } from '../../libs/protocol/index.js';
import { BudgetAlerts } from '../budget/budget-alerts.service.js';
import { CounterStore, type Refused, type TakeResult } from '../counters/counter.store.js';
import type { Exchange } from '../exchange/exchange.js';
import { exchangeOf, requestOf } from '../exchange/exchange-opening.js';
import { Exchanges, identityOf } from '../exchange/exchanges.service.js';
import type { CallBeginning } from '../ledger/call-record.js';
import { Journal } from '../ledger/journal.js';
import { refusalError, unavailableError } from './refusal.js';
import { settledAmounts } from './settlement.js';

/** How long a hold lives without being renewed; running calls renew theirs well before. */
export const HOLD_TTL_MS = 60_000;

/**
 * The last yes or no. Takes every claim the guards stated in one atomic step, all or none, and lets nothing go upstream that
 * the journal does not know of, so that a killed process leaves no unaccounted call.
 */
@Injectable()
export class AdmissionGuard implements CanActivate {
  constructor(
    private readonly journal: Journal,
    private readonly exchanges: Exchanges,
    private readonly counters: CounterStore,
    private readonly alerts: BudgetAlerts,
  ) {}

  canActivate(context: ExecutionContext): Promise<boolean> {
    const exchange = exchangeOf(requestOf(context));
    if (this.exchanges.draining) {
      throw new GatewayError('service_unavailable', 'The gateway is shutting down.', { retryAfterSeconds: 1 });
    }
    if (exchange.claims.length === 0) return this.begin(exchange);
    const { id: holdId, claims, amounts } = exchange;
    const result = this.counters.take(claims, { holdId, ttlMs: HOLD_TTL_MS, amounts });
    if (!(result instanceof Promise)) return this.decide(exchange, result);
    return result.then((taken) => this.decide(exchange, taken));
  }

  private decide(exchange: Exchange, result: TakeResult): Promise<boolean> {
    if (!result.ok) {
      if (result.unavailable) throw unavailableError(exchange, result);
      exchange.standing = result;
      this.noteRefusal(exchange, result);
      throw refusalError(exchange, result);
    }
    const { hold } = result;
    exchange.hold = hold;
    exchange.standing = result;
    // Runs at once when the caller left while the counters were being asked.
    exchange.atEnd((end) => {
      const amounts = settledAmounts(exchange, end);
      // Not before the journal has the end of the call: else a kill in between leaves a record of more than the counters keep.
      this.journal.afterWrite(() => this.counters.settle(hold, amounts));
      this.alerts.ended(exchange);
    });
    return this.begin(exchange);
  }

  private noteRefusal({ caller, claims }: Exchange, { refused }: Refused): void {
    const claim = claims[refused.index];
    if (caller !== null && claim !== undefined) this.alerts.refused(caller, claim);
  }

  private begin(exchange: Exchange): Promise<boolean> {
    // Its record is written: a beginning without an end would look like a call that died.
    if (exchange.ended) return Promise.resolve(true);
    return new Promise((resolve, reject) => {
      this.journal.begin(beginningOf(exchange), (error) => {
        exchange.admittedMs = exchange.elapsedMs();
        if (error === null) resolve(true);
        else reject(unrecordable(error));
      });
    });
  }
}

/** What the budgets keep should the call die: the record must say the same. */
function reservedCost({ claims, amounts }: Exchange): string | null {
  const index = claims.findLastIndex(({ subject }) => subject === 'budget');
  return index < 0 ? null : String(amounts[index]);
}

function unrecordable(cause: Error): GatewayError {
  return new GatewayError('service_unavailable', 'Calls cannot be recorded at the moment.', {
    retryAfterSeconds: 5,
    cause,
  });
}

function beginningOf(exchange: Exchange): CallBeginning {
  return {
    id: exchange.id,
    request_id: exchange.requestId,
    started_at: exchange.startedAt(),
    ...identityOf(exchange.caller),
    path: exchange.path,
    model: exchange.model,
    upstream_model: exchange.upstreamModel,
    stream: exchange.stream,
    spend_day: exchange.spendDay,
    cost_nano_dollars: reservedCost(exchange),
  };
}

import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../../libs/protocol/index.js';
import type { Exchange } from '../exchange/exchange.js';
import { exchangeOf } from '../exchange/exchange-opening.js';
import { Exchanges, identityOf } from '../exchange/exchanges.service.js';
import type { CallBeginning } from '../ledger/call-record.js';
import { Journal } from '../ledger/journal.js';

/** The last yes or no: nothing goes upstream unless the journal knows of it, so that a killed process leaves no unaccounted call. */
@Injectable()
export class AdmissionGuard implements CanActivate {
  constructor(
    private readonly journal: Journal,
    private readonly exchanges: Exchanges,
  ) {}

  canActivate(context: ExecutionContext): Promise<boolean> {
    const exchange = exchangeOf(context.switchToHttp().getRequest<FastifyRequest>());
    if (this.exchanges.draining) {
      throw new GatewayError('service_unavailable', 'The gateway is shutting down.', { retryAfterSeconds: 1 });
    }
    return new Promise((resolve, reject) => {
      this.journal.begin(beginningOf(exchange), (error) => {
        exchange.admittedMs = exchange.elapsedMs();
        if (error === null) resolve(true);
        else
          reject(
            new GatewayError('service_unavailable', 'Calls cannot be recorded at the moment.', {
              retryAfterSeconds: 5,
              cause: error,
            }),
          );
      });
    });
  }
}

function beginningOf(exchange: Exchange): CallBeginning {
  return {
    id: exchange.id,
    request_id: exchange.requestId,
    started_at: new Date(exchange.startedAtMs).toISOString(),
    ...identityOf(exchange.caller),
    path: exchange.path,
    model: exchange.model,
    upstream_model: exchange.upstreamModel,
    stream: exchange.stream,
  };
}

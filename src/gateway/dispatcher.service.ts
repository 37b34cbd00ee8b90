import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import type { Exchange } from '../exchange/exchange.js';
import { UpstreamClient } from '../infra/http/upstream-client.js';
import { GatewayMetrics } from '../infra/telemetry/gateway-metrics.js';
import { ProviderAdapters } from '../providers/provider-adapters.js';
import { Prices } from '../registry/prices.service.js';
import { BackendHealth } from '../routing/backend-health.service.js';
import { Router } from '../routing/router.service.js';
import type { Call } from './call.js';
import { CallRun, type RunServices } from './call-run.js';

/** Sends admitted calls to their targets and the answers back. */
@Injectable()
export class Dispatcher {
  private readonly services: RunServices;

  constructor(
    config: Config,
    client: UpstreamClient,
    router: Router,
    health: BackendHealth,
    adapters: ProviderAdapters,
    metrics: GatewayMetrics,
    prices: Prices,
  ) {
    this.services = { config, client, router, health, adapters, metrics, prices };
  }

  /** Answers on the raw response, now or later; never throws and never leaves the call unanswered. */
  dispatch(call: Call, exchange: Exchange, response: ServerResponse): void {
    if (exchange.stream) this.countActiveStream(exchange);
    new CallRun(this.services, call, exchange, response).start();
  }

  private countActiveStream(exchange: Exchange): void {
    const active = this.services.metrics.model(exchange.metricsModel).activeStreams;
    active.add(1);
    exchange.atEnd(() => active.add(-1));
  }
}

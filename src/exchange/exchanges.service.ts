import { Injectable, Logger } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { GatewayError, costOf, NO_USAGE, priceStatement, type Usage } from '../../libs/protocol/index.js';
import { CallLog } from '../infra/logging/call-log.js';
import { Roster } from '../infra/memory/roster.js';
import { GatewayMetrics } from '../infra/telemetry/gateway-metrics.js';
import type { CallOutcome, CallRecord } from '../ledger/call-record.js';
import { Journal } from '../ledger/journal.js';
import { priceId } from '../ledger/price-statement.js';
import type { Caller } from '../tenancy/caller.js';
import type { Exchange } from './exchange.js';

/** What proxies write for a caller who left before a status was sent. */
const CLIENT_CLOSED_REQUEST = 499;

/** Ends exchanges: gives back what was taken, then one record, one log line, one observation. Also knows which calls are under way. */
@Injectable()
export class Exchanges {
  private readonly logger = new Logger(Exchanges.name);
  private readonly open = new Roster<Exchange>();
  private whenIdle: (() => void) | null = null;
  private isDraining = false;

  constructor(
    private readonly journal: Journal,
    private readonly callLog: CallLog,
    private readonly metrics: GatewayMetrics,
  ) {}

  opened(exchange: Exchange): void {
    this.open.add(exchange);
  }

  /** Shows `visit` each call under way; calls may end meanwhile. */
  forEachRunning(visit: (exchange: Exchange) => void): void {
    this.open.forEach(visit);
  }

  get underWay(): number {
    return this.open.size;
  }

  /** Resolves when no call is under way, or after `timeoutMs`; says whether all had ended. */
  async idle(timeoutMs: number): Promise<boolean> {
    if (this.open.size === 0) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.whenIdle = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  /** From here on new calls are refused; running ones go on. */
  drain(): void {
    this.isDraining = true;
  }

  /** Ends what still runs upstream: their callers get an error each, never an answer that looks complete. */
  cutAll(): void {
    this.open.forEach((exchange) => exchange.cut?.(shuttingDown()));
  }

  get draining(): boolean {
    return this.isDraining;
  }

  /** Called once the caller's side is closed, however that came about. */
  close(exchange: Exchange, response: ServerResponse): void {
    exchange.meter?.read(exchange);
    priceCall(exchange);
    const outcome = outcomeOf(exchange, response.writableFinished);
    if (exchange.status === 0) exchange.status = outcome === 'hung_up' ? CLIENT_CLOSED_REQUEST : response.statusCode;
    const end = { outcome, usage: exchange.usage, usageSource: exchange.usageSource };
    if (!exchange.finish(end, (error) => this.logger.error(error, 'a step at the end of a call failed'))) return;
    this.open.delete(exchange);
    if (this.open.size === 0) this.whenIdle?.();
    this.account(exchange, outcome);
  }

  private account(exchange: Exchange, outcome: CallOutcome): void {
    const durationMs = exchange.elapsedMs();
    if (isCall(exchange)) {
      const price = appliedPrice(exchange);
      this.journal.append(recordOf(exchange, { outcome, durationMs, price }), price);
    }
    this.metrics.observe({
      model: exchange.metricsModel,
      status: exchange.status,
      stream: exchange.stream,
      durationMs,
      overheadMs: Math.max(0, durationMs - exchange.upstreamMs),
      firstTokenMs: exchange.stream ? exchange.firstTokenMs : null,
      generationMs: generationMs(exchange),
      promptTokens: exchange.usage?.promptTokens ?? 0,
      completionTokens: exchange.usage?.completionTokens ?? 0,
    });
    if (exchange.usage !== null && exchange.price?.source === 'unknown')
      this.metrics.unknownPrice.series(exchange.metricsModel).add(1);
    this.callLog.write(exchange, durationMs);
  }
}

function shuttingDown(): GatewayError {
  return new GatewayError('service_unavailable', 'The gateway is shutting down; the call could not be finished.', {
    retryAfterSeconds: 1,
  });
}

/** Reading lists is logged but is no call: it spends nothing. */
function isCall(exchange: Exchange): boolean {
  return exchange.method === 'POST';
}

/** What was used, at the price of the backend that served it. Nothing used costs nothing; an unknown price is told as such. */
export function priceCall(exchange: Exchange): void {
  const { usage, price } = exchange;
  if (exchange.costNanoDollars !== null) return;
  if (usage === null || price === null) exchange.costNanoDollars = exchange.attempts > 0 ? 0 : null;
  else exchange.costNanoDollars = price.source === 'unknown' ? null : costOf(usage, price);
}

function generationMs(exchange: Exchange): number | null {
  if (exchange.firstTokenMs === null || exchange.lastTokenMs === null) return null;
  return exchange.lastTokenMs - exchange.firstTokenMs;
}

function outcomeOf(exchange: Exchange, responseFinished: boolean): CallOutcome {
  if (exchange.broken) return 'broken';
  if (!responseFinished) return 'hung_up';
  const { error } = exchange;
  if (error === null) return 'ok';
  if (error.kind === 'internal_error') return 'internal';
  return exchange.attempts > 0 ? 'upstream_failed' : 'refused';
}

/** The price the cost was made with, as it is kept; `null` when nothing was used. */
function appliedPrice({ usage, price }: Exchange): string | null {
  return usage === null || price === null ? null : priceStatement(price, usage.promptTokens);
}

function recordOf(
  exchange: Exchange,
  { outcome, durationMs, price }: { outcome: CallOutcome; durationMs: number; price: string | null },
): CallRecord {
  const usage = exchange.usage ?? NO_USAGE;
  return {
    id: exchange.id,
    request_id: exchange.requestId,
    started_at: exchange.startedAt(),
    ...identityOf(exchange.caller),
    path: exchange.path,
    model: exchange.model,
    upstream_model: exchange.upstreamModel,
    provider: exchange.provider,
    backend_id: exchange.backendId,
    status: exchange.status,
    outcome,
    error_kind: exchange.error?.kind ?? null,
    stream: exchange.stream,
    attempts: exchange.attempts,
    fallback: exchange.fallback,
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    total_tokens: usage.totalTokens,
    cached_tokens: usage.cachedTokens,
    reasoning_tokens: usage.reasoningTokens,
    usage_source: exchange.usageSource,
    ...timingsOf(exchange, durationMs),
    cost_nano_dollars: exchange.costNanoDollars === null ? null : String(exchange.costNanoDollars),
    finish_reason: exchange.finishReason,
    input_hash: exchange.inputHash,
    metadata: exchange.metadata,
    spend_day: exchange.spendDay,
    price_id: price === null ? null : priceId(price),
    price_source: price === null ? null : (exchange.price?.source ?? null),
    usage_details: detailsOf(usage),
    loss: exchange.loss,
  };
}

function timingsOf(
  exchange: Exchange,
  durationMs: number,
): Pick<CallRecord, 'duration_ms' | 'ttft_ms' | 'upstream_ms'> {
  return {
    duration_ms: round(durationMs),
    ttft_ms: exchange.firstTokenMs === null ? null : round(exchange.firstTokenMs),
    upstream_ms: exchange.attempts === 0 ? null : round(exchange.upstreamMs),
  };
}

/** What stands in a column of its own. */
const IN_COLUMNS = new Set(['promptTokens', 'completionTokens', 'totalTokens', 'cachedTokens', 'reasoningTokens']);
const DETAILS = (Object.keys(NO_USAGE) as (keyof Usage)[]).filter((name) => !IN_COLUMNS.has(name));

function detailsOf(usage: Usage): Record<string, number> | null {
  let details: Record<string, number> | null = null;
  for (const name of DETAILS) {
    if (usage[name] === 0) continue;
    details ??= {};
    details[name] = usage[name];
  }
  return details;
}

const NOBODY = { org_id: null, project_id: null, key_id: null, key_prefix: null };

/** The columns that say who called. */
export function identityOf(caller: Caller | null): Pick<CallRecord, 'org_id' | 'project_id' | 'key_id' | 'key_prefix'> {
  if (caller === null) return NOBODY;
  return { org_id: caller.orgId, project_id: caller.projectId, key_id: caller.keyId, key_prefix: caller.keyPrefix };
}

/** Microsecond precision is enough, and shorter in the journal. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

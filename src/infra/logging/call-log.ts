import { Injectable } from '@nestjs/common';
import { usdText } from '../../../libs/protocol/index.js';
import { Config } from '../../config/config.js';
import { rootLogger, type RootLogger } from './root-logger.js';

/** What the one line of a call is written from. */
export interface LoggedCall {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly model: string | null;
  readonly provider: string | null;
  readonly backendUrl: string | null;
  readonly attempts: number;
  readonly fallback: boolean;
  readonly stream: boolean;
  readonly firstTokenMs: number | null;
  readonly inputHash: string | null;
  readonly metadata: Record<string, string> | null;
  readonly caller: { readonly orgId: string; readonly projectId: string; readonly keyPrefix: string } | null;
  readonly usage: {
    readonly promptTokens: number;
    readonly completionTokens: number;
    readonly totalTokens: number;
  } | null;
  readonly costNanoDollars: number | null;
  readonly error: { readonly kind: string } | null;
}

/** Writes one JSON line per call, with the fixed names of the contract. Never a body, never a credential, at any level. */
@Injectable()
export class CallLog {
  private readonly logger: RootLogger;
  private readonly enabled: boolean;

  constructor(config: Config) {
    this.logger = rootLogger(config);
    this.enabled = config.logging.calls;
  }

  write(call: LoggedCall, durationMs: number): void {
    if (!this.enabled) return;
    const level = call.status >= 500 ? 'error' : call.status >= 400 ? 'warn' : 'info';
    if (!this.logger.isLevelEnabled(level)) return;
    this.logger[level](fieldsOf(call, durationMs), 'call');
  }
}

function fieldsOf(call: LoggedCall, durationMs: number): object {
  const { caller, usage } = call;
  return {
    request_id: call.requestId,
    method: call.method,
    path: call.path,
    status: call.status,
    duration_ms: Math.round(durationMs * 100) / 100,
    ttft_ms: call.firstTokenMs === null ? null : Math.round(call.firstTokenMs * 100) / 100,
    org: caller?.orgId ?? null,
    project: caller?.projectId ?? null,
    key_prefix: caller?.keyPrefix ?? null,
    model: call.model,
    provider: call.provider,
    backend: call.backendUrl,
    attempts: call.attempts,
    fallback: call.fallback,
    stream: call.stream,
    prompt_tokens: usage?.promptTokens ?? null,
    completion_tokens: usage?.completionTokens ?? null,
    total_tokens: usage?.totalTokens ?? null,
    cost_usd: call.costNanoDollars === null ? null : usdText(call.costNanoDollars),
    input_hash: call.inputHash,
    cache: 'bypass',
    error_kind: call.error?.kind ?? null,
    metadata: call.metadata,
  };
}

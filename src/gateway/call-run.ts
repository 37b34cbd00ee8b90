import type { ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import { GatewayError } from '../../libs/protocol/index.js';
import { encodeChatRequest } from '../../libs/wire/index.js';
import type { Config } from '../config/config.js';
import type { Exchange } from '../exchange/exchange.js';
import type { Watched } from '../infra/http/time-watch.js';
import type { UpstreamCall, UpstreamFailure, UpstreamListener } from '../infra/http/upstream-call.js';
import type { UpstreamClient } from '../infra/http/upstream-client.js';
import type { GatewayMetrics } from '../infra/telemetry/gateway-metrics.js';
import type { Target } from '../providers/provider-adapter.js';
import type { ProviderAdapters } from '../providers/provider-adapters.js';
import type { BackendEntry, Timeouts } from '../registry/snapshot.js';
import type { Prices } from '../registry/prices.service.js';
import type { BackendHealth } from '../routing/backend-health.service.js';
import type { Router } from '../routing/router.service.js';
import { promptMeter } from '../usage/meter.js';
import type { Answer, AnswerHost, AttemptFailure } from './answer/answer.js';
import { RefusalAnswer } from './answer/refusal.answer.js';
import { StreamAnswer } from './answer/stream.answer.js';
import { WholeAnswer } from './answer/whole.answer.js';
import type { ChatCall } from './call.js';
import { writeError } from './reply-writer.js';
import { retryAfterSeconds } from './retry-after.js';

/** What a run needs of the house. */
export interface RunServices {
  readonly config: Config;
  readonly client: UpstreamClient;
  readonly router: Router;
  readonly health: BackendHealth;
  readonly adapters: ProviderAdapters;
  readonly metrics: GatewayMetrics;
  readonly prices: Prices;
}

type Headers = Record<string, string | string[] | undefined>;

const logger = new Logger('CallRun');

/** One call over all its attempts: a target is tried, and the next one, until one starts to answer. */
export class CallRun implements UpstreamListener, AnswerHost, Watched {
  seat = -1;
  private readonly tried: BackendEntry[] = [];
  private target: Target | null = null;
  private upstream: UpstreamCall | null = null;
  private answer: Answer | null = null;
  /** The backend whose idle connection broke: asked once more where there is no other. */
  private stale: BackendEntry | null = null;
  private body: Buffer | null = null;
  private attemptStartedMs = 0;
  private dispatchedMs = 0;
  /** Bound on the whole call in ms, and whether the caller set it. */
  private boundMs = 0;
  private callersBound = false;
  private over = false;

  constructor(
    private readonly services: RunServices,
    readonly call: ChatCall,
    readonly exchange: Exchange,
    readonly response: ServerResponse,
  ) {}

  start(): void {
    this.exchange.atEnd(() => this.stop());
    if (this.over) return;
    this.exchange.cut = (error) => this.failed({ error, retryable: false, blame: 'nobody' });
    const { totalMs } = this.timeouts();
    const { timeoutMs } = this.call;
    this.boundMs = timeoutMs === null ? totalMs : Math.min(timeoutMs, totalMs);
    this.callersBound = timeoutMs === this.boundMs;
    this.dispatchedMs = this.exchange.elapsedMs();
    this.services.client.watch.add(this);
    try {
      this.attempt(null);
    } catch (error) {
      this.onCrash(error);
    }
  }

  pause(): void {
    this.upstream?.pause();
  }

  resume(): void {
    this.upstream?.resume();
  }

  /** The credential of the running attempt, which no word of the upstream may carry to the caller. */
  get secret(): string | null {
    return this.target?.credential?.secret ?? null;
  }

  /** Should the caller leave before an answer, the prompt was used; one that never went out cost nothing. */
  onSent(): void {
    this.exchange.meter = promptMeter;
  }

  onHead(status: number, headers: Headers): void {
    const { config, metrics } = this.services;
    if (status < 200 || status > 299) {
      this.answer = new RefusalAnswer(this, status, retryAfterSeconds(headers, Date.now()));
      return;
    }
    if (isCompressed(headers)) {
      const error = new GatewayError(
        'upstream_error',
        'The upstream compressed its answer although it was asked not to.',
      );
      this.failed({ error, retryable: true, blame: 'backend' });
      return;
    }
    const isJson = String(headers['content-type'] ?? '').includes('json');
    if (this.call.request.stream && !isJson) {
      const limits = { maxFrameBytes: config.upstream.maxFrameBytes, stallMs: config.timeouts.stallMs };
      this.answer = new StreamAnswer(this, limits, metrics.model(this.exchange.metricsModel).gap);
    } else {
      this.answer = new WholeAnswer(this, {
        maxBytes: config.upstream.maxAnswerBytes,
        stallMs: config.timeouts.stallMs,
      });
    }
  }

  onData(chunk: Buffer): void {
    this.answer?.data(chunk);
  }

  onEnd(): void {
    this.answer?.end();
  }

  /** A fault of ours: the caller is told at once instead of waiting for an answer that nobody writes. */
  onCrash(cause: unknown): void {
    logger.error(cause, 'unforeseen error');
    this.finishAttempt();
    this.exchange.delivered = false;
    this.giveUp(new GatewayError('internal_error', 'The gateway failed to handle the answer.', { cause }));
  }

  onFailure(failure: UpstreamFailure, cause: Error): void {
    if (failure === 'unreachable' && this.target !== null) this.services.health.unreachable(this.target.backend.id);
    if (failure === 'stale') this.stale = this.target?.backend ?? null;
    const blame = BLAMELESS.has(failure) ? 'nobody' : 'backend';
    this.failed({ error: upstreamFailure(failure, cause), retryable: true, blame });
  }

  succeeded(): void {
    if (this.target !== null) this.services.health.succeeded(this.target.backend.id);
    this.finishAttempt();
    this.finish();
  }

  failed({ error, retryable, blame }: AttemptFailure): void {
    if (this.over) return;
    if (blame === 'backend' && this.target !== null) this.services.health.failed(this.target.backend.id);
    this.finishAttempt();
    if (retryable && !this.response.headersSent) this.attempt(error);
    else this.giveUp(error);
  }

  /** Tries the next target; without one, tells the caller what the last one said. */
  private attempt(lastError: GatewayError | null): void {
    const { router, adapters, client } = this.services;
    const { exchange } = this;
    const backend = this.nextBackend();
    if (backend === null) {
      this.giveUp(lastError ?? noTarget());
      return;
    }
    if (!this.tried.includes(backend)) this.tried.push(backend);
    const target = { backend, credential: router.credential(backend) };
    this.target = target;
    this.note(backend);
    const adapter = adapters.for(backend);
    const timeouts = this.timeouts();
    this.upstream = client.call(
      {
        origin: backend.origin,
        path: adapter.chatPath(target),
        method: 'POST',
        headers: adapter.headers(target, exchange.requestId),
        body: this.encoded(),
        connectTimeoutMs: timeouts.connectMs,
        firstByteTimeoutMs: timeouts.firstByteMs,
        idleTimeoutMs: timeouts.idleMs,
      },
      this,
    );
    this.upstream.start();
  }

  private nextBackend(): BackendEntry | null {
    const { maxAttempts } = this.services.config.upstream;
    const { model, pinnedProvider } = this.call;
    if (this.exchange.attempts >= maxAttempts) return null;
    const mayFallBack = pinnedProvider === null || this.tried.length === 0;
    const other = mayFallBack ? this.services.router.next(model, this.tried, pinnedProvider) : null;
    const backend = other ?? this.stale;
    this.stale = null;
    return backend;
  }

  private note(backend: BackendEntry): void {
    const { exchange } = this;
    exchange.attempts += 1;
    exchange.fallback = this.tried.length > 1;
    exchange.provider = backend.provider?.name ?? 'openai-compatible';
    exchange.backendId = backend.id;
    exchange.backendUrl = backend.url;
    this.attemptStartedMs = exchange.elapsedMs();
    exchange.price = this.services.prices.priceAt(this.call.model, backend.provider, exchange.startedAtMs);
    exchange.routedMs ??= this.attemptStartedMs;
  }

  private encoded(): Buffer {
    if (this.body === null) {
      const { request, model } = this.call;
      this.body = encodeChatRequest(request, {
        model: model.upstreamModel,
        defaultParams: model.defaultParams,
        enableThinking: model.enableThinking,
        systemPrefix: model.systemPrefix,
        includeUsage: request.stream,
      });
    }
    return this.body;
  }

  private timeouts(): Required<Timeouts> {
    const { timeouts } = this.services.config;
    const model = this.call.model.timeouts;
    const backend = this.target?.backend.timeouts ?? {};
    return { ...timeouts, ...model, ...backend };
  }

  private finishAttempt(): void {
    if (this.target === null) return;
    const { exchange } = this;
    const tookMs = exchange.elapsedMs() - this.attemptStartedMs;
    exchange.upstreamMs += tookMs;
    if (exchange.meter === promptMeter) exchange.meter = null;
    this.services.metrics.backendDuration.series(exchange.metricsModel, this.target.backend.url).observe(tookMs / 1000);
    this.upstream?.abort();
    this.upstream = null;
    this.answer = null;
    this.target = null;
  }

  private giveUp(error: GatewayError): void {
    this.finish();
    writeError(this.response, this.exchange, error);
  }

  /** The caller's or the configured bound on the whole call. Streams live as long as bytes flow once they have begun. */
  check(): void {
    if (this.exchange.elapsedMs() - this.dispatchedMs < this.boundMs) return;
    if (this.call.request.stream && this.response.headersSent) return;
    if (this.target !== null && !this.callersBound) this.services.health.failed(this.target.backend.id);
    this.finishAttempt();
    this.giveUp(new GatewayError('upstream_timeout', `No complete answer within ${this.boundMs} ms.`));
  }

  private finish(): void {
    this.over = true;
    this.services.client.watch.delete(this);
  }

  /** The exchange has ended, perhaps because the caller left: the upstream need not go on. */
  private stop(): void {
    if (this.over) return;
    this.finish();
    this.finishAttempt();
  }
}

function isCompressed(headers: Headers): boolean {
  const encoding = headers['content-encoding'];
  return encoding !== undefined && encoding !== 'identity';
}

function noTarget(): GatewayError {
  return new GatewayError('service_unavailable', 'No healthy backend can take this call at the moment.', {
    retryAfterSeconds: 5,
  });
}

const BLAMELESS: ReadonlySet<UpstreamFailure> = new Set(['unreachable', 'saturated', 'stale']);

const FAILURE_WORDS: Readonly<Record<UpstreamFailure, string>> = {
  unreachable: 'The upstream cannot be reached.',
  saturated: 'No connection to the upstream became free in time.',
  reset: 'The connection to the upstream broke.',
  stale: 'The connection to the upstream broke.',
  first_byte_timeout: 'The upstream did not begin to answer in time.',
  idle_timeout: 'The upstream fell silent in the middle of its answer.',
  invalid: 'What the upstream sent is not a valid HTTP answer.',
};

function upstreamFailure(failure: UpstreamFailure, cause: Error): GatewayError {
  const kind = failure === 'first_byte_timeout' || failure === 'idle_timeout' ? 'upstream_timeout' : 'upstream_error';
  return new GatewayError(kind, FAILURE_WORDS[failure], { cause });
}

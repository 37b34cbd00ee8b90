import type { ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import { GatewayError, type WireErrorKind } from '../../libs/protocol/index.js';
import { encodeChatRequest, type TargetTraits } from '../../libs/wire/index.js';
import type { Config } from '../config/config.js';
import type { Exchange } from '../exchange/exchange.js';
import type { Watched } from '../infra/http/time-watch.js';
import type { UpstreamCall, UpstreamFailure, UpstreamListener } from '../infra/http/upstream-call.js';
import type { UpstreamClient } from '../infra/http/upstream-client.js';
import type { GatewayMetrics } from '../infra/telemetry/gateway-metrics.js';
import type { OutgoingRequest, ProviderAdapter } from '../providers/provider-adapter.js';
import type { ProviderAdapters } from '../providers/provider-adapters.js';
import type { BackendEntry, ModelEntry, Timeouts } from '../registry/snapshot.js';
import type { Prices } from '../registry/prices.service.js';
import type { BackendHealth } from '../routing/backend-health.service.js';
import type { Router } from '../routing/router.service.js';
import type { Lease } from '../routing/credential-pool.js';
import { promptMeter } from '../usage/meter.js';
import type { Answer, AnswerHost, AttemptFailure } from './answer/answer.js';
import { isCompressed } from './answer/compressed.js';
import { EndpointAnswer } from './answer/endpoint.answer.js';
import { RefusalAnswer } from './answer/refusal.answer.js';
import { StreamAnswer } from './answer/stream.answer.js';
import { TranslatedStreamAnswer } from './answer/translated-stream.answer.js';
import { TranslatedWholeAnswer } from './answer/translated-whole.answer.js';
import { WholeAnswer } from './answer/whole.answer.js';
import type { Call } from './call.js';
import type { EndpointPlan } from './endpoint/endpoint-ask.js';
import { planEndpoint } from './endpoint/endpoint-plan.js';
import { writeError } from './reply-writer.js';
import { type ChosenTarget, TargetChoice } from './target-choice.js';
import { notSpoken, translate, type Translation } from './translate/translation.js';
import { BLAMELESS, FAULTS, upstreamFailure } from './upstream-failures.js';

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
  private readonly choice: TargetChoice;
  private target: ChosenTarget | null = null;
  /** What the attempt that serves the call took of its credential's limits. */
  private lease: Lease | null = null;
  private upstream: UpstreamCall | null = null;
  private answer: Answer | null = null;
  /** How the running attempt is translated; `null` in the relay lane. */
  private translation: Translation | null = null;
  /** The running attempt of a call that is no generation. */
  private plan: EndpointPlan | null = null;
  private body: Buffer | null = null;
  /** Whose ways `body` was made in. */
  private bodyFor: TargetTraits | null = null;
  private attemptStartedMs = 0;
  private dispatchedMs = 0;
  /** Bound on the whole call in ms, and whether the caller set it. */
  private boundMs = 0;
  private callersBound = false;
  private over = false;

  constructor(
    private readonly services: RunServices,
    readonly call: Call,
    readonly exchange: Exchange,
    readonly response: ServerResponse,
  ) {
    this.choice = new TargetChoice(services.router, call, exchange.promptTokensEstimate + exchange.outputTokensCap);
  }

  start(): void {
    this.exchange.atEnd((end) => {
      this.stop();
      if (this.lease !== null) this.services.router.credentials.settle(this.lease, end.usage?.totalTokens ?? 0);
    });
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
    if (status < 200 || status > 299) {
      this.answer = new RefusalAnswer(this, status, headers);
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
    this.answer = this.answerTo(headers);
  }

  private answerTo(headers: Headers): Answer {
    const contentType = String(headers['content-type'] ?? '');
    const { config, metrics } = this.services;
    const { translation, call } = this;
    const { stallMs } = config.timeouts;
    const whole = { maxBytes: config.upstream.maxAnswerBytes, stallMs };
    if (this.plan !== null) return new EndpointAnswer(this, this.plan, headers, whole);
    // An error object may come where a stream was asked for; lines of JSON are a stream.
    if (!call.stream || /\bjson\b/.test(contentType.replace('x-ndjson', ''))) {
      return translation === null ? new WholeAnswer(this, whole) : new TranslatedWholeAnswer(this, translation, whole);
    }
    const limits = { maxFrameBytes: config.upstream.maxFrameBytes, stallMs };
    const { gap } = metrics.model(this.exchange.metricsModel);
    return translation === null
      ? new StreamAnswer(this, limits, gap)
      : new TranslatedStreamAnswer(this, translation, limits, gap);
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
    this.tell(undefined, null);
    this.finishAttempt();
    this.exchange.delivered = false;
    this.giveUp(new GatewayError('internal_error', 'The gateway failed to handle the answer.', { cause }));
  }

  onFailure(failure: UpstreamFailure, cause: Error): void {
    if (failure === 'unreachable' && this.target !== null) this.services.health.unreachable(this.target.backend.id);
    if (failure === 'stale' && this.target !== null) this.choice.brokeWhileIdle(this.target);
    const error = upstreamFailure(failure, cause);
    if (BLAMELESS.has(failure)) this.failed({ error, retryable: true, blame: 'nobody' });
    else this.failed({ error, retryable: true, blame: 'backend', fault: FAULTS[failure] ?? 'server' });
  }

  succeeded(): void {
    const { target } = this;
    if (target !== null) {
      this.services.health.succeeded(target.backend.id);
      if (target.lease !== null) this.services.router.credentials.succeeded(target.lease);
    }
    this.finishAttempt();
    this.finish();
  }

  failed({ error, retryable, blame, fault }: AttemptFailure): void {
    if (this.over) return;
    const { target } = this;
    if (target !== null) {
      if (blame === 'backend') this.services.health.failed(target.backend.id);
      this.choice.failed(target, fault ?? null);
      this.tell(fault, error.retryAfterSeconds);
      // What was taken of the credential's limits was not used.
      if (this.lease !== null) this.services.router.credentials.settle(this.lease, 0);
      this.lease = null;
    }
    this.finishAttempt();
    if (retryable && !this.response.headersSent) this.attempt(error);
    else this.giveUp(error);
  }

  /** Tries the next target; without one, tells the caller what the last one said. */
  private attempt(lastError: GatewayError | null): void {
    const { exchange } = this;
    const left = exchange.attempts < this.services.config.upstream.maxAttempts;
    const target = left ? this.choice.next() : null;
    if (target === null) {
      this.giveUp(lastError ?? noTarget(this.choice.waitMs, this.call.model));
      return;
    }
    this.target = target;
    this.lease = target.lease;
    this.note(target.backend);
    try {
      this.prepare(target);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      this.failed({ error, retryable: error.kind === 'upstream_error', blame: 'nobody' });
    }
  }

  /** Where the request goes, in which words, and how it proves who we are; most vendors' proof is at hand. */
  private prepare(target: ChosenTarget): void {
    const adapter = this.services.adapters.for(target.backend);
    const request = this.call.endpoint === null ? this.generation(target, adapter) : this.endpoint(target, adapter);
    const headers = adapter.authorize(target, request);
    if (Array.isArray(headers)) this.send(target, request, headers);
    else
      headers
        .then((fetched) => this.send(target, request, fetched))
        .catch((error: unknown) => this.unproven(target, error));
  }

  private endpoint(target: ChosenTarget, adapter: ProviderAdapter): OutgoingRequest {
    const { path, plan } = planEndpoint(this.call, adapter, target);
    this.plan = plan;
    return { method: 'POST', path, body: plan.body, requestId: this.exchange.requestId, format: null };
  }

  private generation(target: ChosenTarget, adapter: ProviderAdapter): OutgoingRequest {
    const { call, exchange } = this;
    const formats = adapter.formats(target);
    const format = formats.find((one) => one === call.dialect) ?? formats[0] ?? 'openai-chat';
    const path = adapter.generatePath(target, format, call.stream);
    if (path === null) throw notSpoken(target.backend);
    const isRelayed = call.chat !== null && format === 'openai-chat';
    this.translation = isRelayed ? null : translate(call, adapter, target, format);
    const body = this.translation?.body ?? this.relayedBody(adapter.traits(target));
    return {
      method: 'POST',
      path,
      body,
      requestId: exchange.requestId,
      format,
      ...(format === call.dialect && { callersHeaders: call.headers }),
    };
  }

  private send(target: ChosenTarget, { path, body }: OutgoingRequest, headers: string[]): void {
    // The caller may have left while the proof was fetched.
    if (this.target !== target) return;
    const timeouts = this.timeouts();
    const { origin, urlFrom } = target.backend;
    this.upstream = this.services.client.call(
      {
        origin,
        urlFrom,
        path,
        method: 'POST',
        headers: this.translation === null ? headers : [...headers, ...this.translation.headers],
        body,
        connectTimeoutMs: timeouts.connectMs,
        firstByteTimeoutMs: timeouts.firstByteMs,
        idleTimeoutMs: timeouts.idleMs,
      },
      this,
    );
    this.upstream.start();
  }

  private unproven(target: ChosenTarget, error: unknown): void {
    if (this.target !== target) return;
    if (error instanceof GatewayError)
      this.failed({ error, retryable: true, blame: 'nobody', fault: 'authentication' });
    else this.onCrash(error);
  }

  /** The credential of the running attempt hears how it went; without a fault nothing was learned of it. */
  private tell(fault: WireErrorKind | undefined, retryAfterSeconds: number | null): void {
    const lease = this.target?.lease ?? null;
    if (lease === null) return;
    const { credentials } = this.services.router;
    if (fault === undefined) credentials.abandoned(lease);
    else credentials.failed(lease, fault, retryAfterSeconds === null ? null : retryAfterSeconds * 1000);
  }

  private note(backend: BackendEntry): void {
    const { exchange } = this;
    exchange.attempts += 1;
    exchange.fallback = this.choice.tried.length > 1;
    exchange.provider = backend.provider?.name ?? 'openai-compatible';
    exchange.backendId = backend.id;
    exchange.backendUrl = backend.url;
    this.attemptStartedMs = exchange.elapsedMs();
    exchange.price = this.services.prices.priceAt(this.call.model, backend.provider, exchange.startedAtMs);
    exchange.routedMs ??= this.attemptStartedMs;
  }

  private relayedBody(traits: TargetTraits): Buffer {
    if (this.body === null || this.bodyFor !== traits) {
      const { chat, model, stream } = this.call;
      if (chat === null) throw new Error('only Chat Completions are relayed');
      this.bodyFor = traits;
      this.body = encodeChatRequest(chat, {
        model: model.upstreamModel,
        defaultParams: model.defaultParams,
        enableThinking: model.enableThinking,
        systemPrefix: model.systemPrefix,
        includeUsage: stream && traits.streamOptions !== false,
        maxTokensField: traits.maxTokensField,
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
    if (this.call.stream && this.response.headersSent) return;
    if (this.target !== null && !this.callersBound) this.services.health.failed(this.target.backend.id);
    this.tell(this.callersBound ? undefined : 'timeout', null);
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
    this.tell(undefined, null);
    this.finishAttempt();
  }
}

/** @param waitMs until a credential has room, where that is what is missing */
function noTarget(waitMs: number | null, { name, backends }: ModelEntry): GatewayError {
  if (backends.length === 0) {
    return new GatewayError('service_unavailable', `The model "${name}" has no active backend.`, {
      retryAfterSeconds: 5,
    });
  }
  return waitMs === null
    ? new GatewayError('service_unavailable', 'No healthy backend can take this call at the moment.', {
        retryAfterSeconds: 5,
      })
    : new GatewayError('service_unavailable', 'The credentials of the provider are used up for the moment.', {
        retryAfterSeconds: waitMs / 1000,
      });
}

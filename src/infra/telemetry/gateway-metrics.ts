import { Injectable } from '@nestjs/common';
import { register } from 'prom-client';
import { LedgerMetrics } from './ledger-metrics.js';
import { CounterMetric, GaugeMetric, HistogramMetric, type HistogramSeries, type NumberSeries } from './series.js';

const DURATION = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const FIRST_TOKEN = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const GAP = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];
const RATE = [1, 5, 10, 25, 50, 100, 250, 500, 1000];
const TOKENS = [1, ...Array.from({ length: 15 }, (_unused, index) => 8 * 2 ** index)];
const OVERHEAD = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5];

/** Upper edges of the prompt sizes that generation speed is broken down by. */
const PROMPT_BUCKETS: readonly (readonly [number, string])[] = [
  [1024, 'le_1k'],
  [2048, '1k_2k'],
  [4096, '2k_4k'],
  [8192, '4k_8k'],
  [16384, '8k_16k'],
  [32768, '16k_32k'],
  [65536, '32k_64k'],
];

function promptBucket(promptTokens: number): string {
  return PROMPT_BUCKETS.find(([edge]) => promptTokens <= edge)?.[1] ?? 'gt_64k';
}

/** One finished call as the metrics see it. Times in milliseconds. */
export interface CallObservation {
  /** Alias of a registered model, or `unknown`: never text that only a caller made up. */
  model: string;
  status: number;
  stream: boolean;
  durationMs: number;
  /** Time the gateway itself took. */
  overheadMs: number;
  firstTokenMs: number | null;
  /** From the first token to the last, for tokens per second. */
  generationMs: number | null;
  promptTokens: number;
  completionTokens: number;
}

class ModelSeries {
  readonly duration: readonly [HistogramSeries, HistogramSeries];
  readonly overhead: HistogramSeries;
  readonly firstToken: HistogramSeries;
  readonly gap: HistogramSeries;
  readonly promptTokens: NumberSeries;
  readonly completionTokens: NumberSeries;
  readonly promptPerRequest: HistogramSeries;
  readonly completionPerRequest: HistogramSeries;
  readonly promptRate: HistogramSeries;
  readonly completionRate: HistogramSeries;
  readonly activeStreams: NumberSeries;
  readonly requests = new Map<number, NumberSeries>();

  constructor(model: string, metrics: GatewayMetrics) {
    this.duration = [metrics.duration.series(model, 'false'), metrics.duration.series(model, 'true')];
    this.overhead = metrics.overhead.series(model);
    this.firstToken = metrics.firstToken.series(model);
    this.gap = metrics.gap.series(model);
    this.promptTokens = metrics.promptTokens.series(model);
    this.completionTokens = metrics.completionTokens.series(model);
    this.promptPerRequest = metrics.tokensPerRequest.series(model, 'prompt');
    this.completionPerRequest = metrics.tokensPerRequest.series(model, 'completion');
    this.promptRate = metrics.tokensPerSecond.series(model, 'prompt');
    this.completionRate = metrics.tokensPerSecond.series(model, 'completion');
    this.activeStreams = metrics.activeStreams.series(model);
  }
}

/** The gateway's Prometheus metrics. Names and buckets are part of the contract with dashboards. */
@Injectable()
export class GatewayMetrics {
  readonly requests = new CounterMetric(
    'gateway_requests_total',
    'Calls, refused ones too.',
    ['model', 'status_code', 'streaming'],
    register,
  );
  readonly duration = new HistogramMetric(
    'gateway_request_duration_seconds',
    'From the first byte of the request to the last of the answer.',
    ['model', 'streaming'],
    DURATION,
    register,
  );
  readonly overhead = new HistogramMetric(
    'gateway_overhead_seconds',
    'Time a call spent in the gateway itself: its duration less the wait for upstreams.',
    ['model'],
    OVERHEAD,
    register,
  );
  readonly firstToken = new HistogramMetric(
    'gateway_time_to_first_token_seconds',
    'Streams: until the first token (text, reasoning or tool call) was passed on.',
    ['model'],
    FIRST_TOKEN,
    register,
  );
  readonly gap = new HistogramMetric(
    'gateway_inter_token_latency_seconds',
    'Streams: time between two events that carry tokens.',
    ['model'],
    GAP,
    register,
  );
  readonly tokensPerSecond = new HistogramMetric(
    'gateway_tokens_per_second',
    'Prompt tokens per second until the first token; completion tokens per second after it.',
    ['model', 'type'],
    RATE,
    register,
  );
  readonly tokensPerRequest = new HistogramMetric(
    'gateway_tokens_per_request',
    'Tokens of one call.',
    ['model', 'type'],
    TOKENS,
    register,
  );
  readonly completionRateByPrompt = new HistogramMetric(
    'gateway_completion_tokens_per_second_by_prompt_bucket',
    'Completion tokens per second by size of the prompt.',
    ['model', 'prompt_tokens_bucket'],
    RATE,
    register,
  );
  readonly promptTokens = new CounterMetric('gateway_prompt_tokens_total', 'Prompt tokens.', ['model'], register);
  readonly completionTokens = new CounterMetric(
    'gateway_completion_tokens_total',
    'Completion tokens.',
    ['model'],
    register,
  );
  readonly unknownPrice = new CounterMetric(
    'gateway_unknown_price_total',
    'Calls whose price nobody knows: charged nothing.',
    ['model'],
    register,
  );
  readonly budgetAlerts = new CounterMetric(
    'gateway_budget_alerts_total',
    'Events raised because a share of a budget was spent.',
    ['level', 'period', 'percent'],
    register,
  );
  readonly activeStreams = new GaugeMetric('gateway_active_streams', 'Streams under way.', ['model'], register);
  readonly backendHealth = new GaugeMetric(
    'gateway_backend_health',
    '1: takes calls, 0: taken out.',
    ['model', 'backend_url'],
    register,
  );
  readonly backendDuration = new HistogramMetric(
    'gateway_backend_request_duration_seconds',
    'Attempts at a backend, from sending to the end of its answer.',
    ['model', 'backend_url'],
    DURATION,
    register,
  );
  readonly ledger = new LedgerMetrics(register);

  private readonly models = new Map<string, ModelSeries>();

  /** The series of a model; the number of models is bounded by the catalogue. */
  model(name: string): ModelSeries {
    let found = this.models.get(name);
    if (found === undefined) {
      found = new ModelSeries(name, this);
      this.models.set(name, found);
    }
    return found;
  }

  observe(call: CallObservation): void {
    const series = this.model(call.model);
    this.countRequest(series, call);
    series.duration[call.stream ? 1 : 0].observe(call.durationMs / 1000);
    series.overhead.observe(call.overheadMs / 1000);
    if (call.promptTokens > 0) {
      series.promptTokens.add(call.promptTokens);
      series.promptPerRequest.observe(call.promptTokens);
    }
    if (call.completionTokens > 0) {
      series.completionTokens.add(call.completionTokens);
      series.completionPerRequest.observe(call.completionTokens);
    }
    if (call.firstTokenMs !== null) this.observeSpeed(series, call, call.firstTokenMs);
  }

  private observeSpeed(series: ModelSeries, call: CallObservation, firstTokenMs: number): void {
    series.firstToken.observe(firstTokenMs / 1000);
    if (call.promptTokens > 0 && firstTokenMs > 0) series.promptRate.observe((call.promptTokens * 1000) / firstTokenMs);
    if (call.completionTokens === 0 || call.generationMs === null || call.generationMs <= 0) return;
    const rate = (call.completionTokens * 1000) / call.generationMs;
    series.completionRate.observe(rate);
    this.completionRateByPrompt.series(call.model, promptBucket(call.promptTokens)).observe(rate);
  }

  private countRequest(series: ModelSeries, call: CallObservation): void {
    const key = call.stream ? -call.status : call.status;
    let counter = series.requests.get(key);
    if (counter === undefined) {
      counter = this.requests.series(call.model, String(call.status), String(call.stream));
      series.requests.set(key, counter);
    }
    counter.add(1);
  }
}

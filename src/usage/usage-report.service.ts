import { Injectable } from '@nestjs/common';
import { usdText } from '../../libs/protocol/index.js';
import { quantile } from '../ledger/histogram.js';
import {
  UsageRollups,
  type UsageFigures,
  type UsageGranularity,
  type UsageGroup,
  type UsageSums,
} from '../ledger/rollup.repository.js';
import { ZoneDays } from '../tenancy/calendar.js';

export const USAGE_RANGES = ['1h', '24h', '7d', '30d'] as const;
export type UsageRange = (typeof USAGE_RANGES)[number];

/** Whose figures: of one project, of one organisation, or of all. */
export interface ReportSubject {
  scope: 'project' | 'org' | 'all';
  projectId: string | null;
  orgId: string | null;
  /** Whose days are meant by the day: the organisation's; UTC for all. */
  timeZone: string;
}

/** What is asked for. `range` and `fromMs` exclude each other; without both it is the last 24 hours. */
export interface ReportQuestion {
  range?: UsageRange | undefined;
  /** Epoch ms. */
  fromMs?: number | undefined;
  /** Epoch ms; default: now. */
  toMs?: number | undefined;
  groupBy?: UsageGroup | undefined;
  /** Default: `minute` up to an hour, `hour` up to a day, else `day`. */
  granularity?: UsageGranularity | undefined;
}

interface FiguresView {
  requests: number;
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  cached_tokens: number;
  reasoning_tokens: number;
  /** Exact, without the error of binary fractions. */
  cost_nano_dollars: string;
  cost_usd: number;
  error_rate: number;
  avg_latency_ms: number | null;
}

export interface UsageReportView {
  scope: ReportSubject['scope'];
  scope_id: string | null;
  range_from: string;
  range_to: string;
  group_by: UsageGroup;
  granularity: UsageGranularity;
  /** Whose days the time series shows by the day, each by the moment it begins at. */
  time_zone: string;
  totals: FiguresView & {
    /** Answers served from the gateway's own cache. */
    cache_hit_rate: number;
    /** Calls whose price nobody knew: charged nothing. */
    unpriced_requests: number;
    p50_latency_ms: number | null;
    p95_latency_ms: number | null;
    p99_latency_ms: number | null;
    p50_ttft_ms: number | null;
    p95_ttft_ms: number | null;
    p99_ttft_ms: number | null;
  };
  breakdown: (FiguresView & { key: string | null })[];
  timeseries: (FiguresView & { bucket: string })[];
}

/** A question that has no answer. */
export class ReportQuestionError extends Error {
  constructor(
    message: string,
    readonly param: keyof ReportQuestion,
  ) {
    super(message);
  }
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RANGE_MS: Record<UsageRange, number> = { '1h': HOUR_MS, '24h': DAY_MS, '7d': 7 * DAY_MS, '30d': 30 * DAY_MS };
/** Minutes are counted from the records themselves, which takes longer the more there are. */
const MOST_MINUTES_MS = 6 * HOUR_MS;
const LONGEST_MS = 3660 * DAY_MS;

/** Totals, breakdown, time series and percentiles of calls. */
@Injectable()
export class UsageReports {
  constructor(private readonly rollups: UsageRollups) {}

  /**
   * By the minute, exactly what was asked for. By the hour and by the day the hours that begin and end the range are counted whole,
   * which `range_from` and `range_to` then say.
   * @throws ReportQuestionError
   */
  async report(subject: ReportSubject, question: ReportQuestion, nowMs: number): Promise<UsageReportView> {
    const asked = spanOf(question, nowMs);
    const granularity = question.granularity ?? granularityOf(asked.toMs - asked.fromMs);
    if (granularity === 'minute' && asked.toMs - asked.fromMs > MOST_MINUTES_MS) {
      throw new ReportQuestionError('By the minute at most 6 hours are shown.', 'granularity');
    }
    const groupBy = question.groupBy ?? 'model';
    const span = granularity === 'minute' ? asked : wholeHours(asked);
    // Nothing has begun in the rest of this day: asking for the whole of it gives the same figures from fewer rows.
    const toMs = granularity === 'day' && span.toMs >= nowMs ? Math.ceil(span.toMs / DAY_MS) * DAY_MS : span.toMs;
    const days = new ZoneDays(subject.timeZone);
    const scope = { orgId: subject.orgId, projectId: subject.projectId, fromMs: span.fromMs, toMs, days };
    const figures = await this.rollups.figures(scope, groupBy, granularity);
    return {
      scope: subject.scope,
      scope_id: subject.scope === 'project' ? subject.projectId : subject.orgId,
      range_from: new Date(span.fromMs).toISOString(),
      range_to: new Date(Math.min(span.toMs, Math.max(asked.toMs, nowMs))).toISOString(),
      group_by: groupBy,
      granularity,
      time_zone: subject.timeZone,
      ...viewOf(figures),
    };
  }
}

interface Span {
  fromMs: number;
  toMs: number;
}

function spanOf({ range, fromMs, toMs }: ReportQuestion, nowMs: number): Span {
  if (range !== undefined && (fromMs !== undefined || toMs !== undefined)) {
    throw new ReportQuestionError('range goes without from and to.', 'range');
  }
  if (fromMs === undefined) {
    if (toMs !== undefined) throw new ReportQuestionError('to needs from.', 'toMs');
    return { fromMs: nowMs - RANGE_MS[range ?? '24h'], toMs: nowMs };
  }
  const end = toMs ?? nowMs;
  if (!(end > fromMs)) throw new ReportQuestionError('from must be before to.', 'fromMs');
  if (end - fromMs > LONGEST_MS) throw new ReportQuestionError('At most ten years are shown.', 'fromMs');
  return { fromMs, toMs: end };
}

function granularityOf(ms: number): UsageGranularity {
  if (ms <= HOUR_MS) return 'minute';
  return ms <= DAY_MS ? 'hour' : 'day';
}

function wholeHours({ fromMs, toMs }: Span): Span {
  return { fromMs: Math.floor(fromMs / HOUR_MS) * HOUR_MS, toMs: Math.ceil(toMs / HOUR_MS) * HOUR_MS };
}

function viewOf({ totals, breakdown, timeseries, latency, ttft }: UsageFigures) {
  const at = (counts: readonly number[], q: number): number | null => rounded(quantile(counts, q));
  return {
    totals: {
      ...sumsView(totals),
      cache_hit_rate: 0,
      unpriced_requests: totals.unpricedCalls,
      p50_latency_ms: at(latency, 0.5),
      p95_latency_ms: at(latency, 0.95),
      p99_latency_ms: at(latency, 0.99),
      p50_ttft_ms: at(ttft, 0.5),
      p95_ttft_ms: at(ttft, 0.95),
      p99_ttft_ms: at(ttft, 0.99),
    },
    breakdown: breakdown.map(({ key, ...sums }) => ({ key, ...sumsView(sums) })),
    timeseries: timeseries.map(({ bucket, ...sums }) => ({ bucket, ...sumsView(sums) })),
  };
}

function sumsView(sums: UsageSums): FiguresView {
  return {
    requests: sums.calls,
    prompt_tokens: sums.promptTokens,
    completion_tokens: sums.completionTokens,
    total_tokens: sums.promptTokens + sums.completionTokens,
    cached_tokens: sums.cachedTokens,
    reasoning_tokens: sums.reasoningTokens,
    cost_nano_dollars: sums.costNano.toString(),
    cost_usd: Number(usdText(sums.costNano)),
    error_rate: sums.calls === 0 ? 0 : sums.errors / sums.calls,
    avg_latency_ms: sums.calls === 0 ? null : rounded(sums.durationMs / sums.calls),
  };
}

/** To the microsecond. */
function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 1000) / 1000;
}

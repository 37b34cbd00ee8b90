import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { HISTOGRAM_BUCKETS, histogramCounts } from './histogram.js';

/** What calls can be told apart by. */
export const USAGE_GROUPS = ['provider', 'model', 'key', 'outcome', 'project'] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

export const USAGE_GRANULARITIES = ['minute', 'hour', 'day'] as const;
export type UsageGranularity = (typeof USAGE_GRANULARITIES)[number];

/** Whose calls, and when: from `fromMs` to before `toMs` (epoch ms). `null`: of all. A project is asked for with its organisation. */
export interface UsageScope {
  orgId: string | null;
  projectId: string | null;
  fromMs: number;
  toMs: number;
  /** The organisation's days; UTC's for all. */
  days: UsageDays;
}

/** The days of a time zone. */
export interface UsageDays {
  /** The day (`2026-11-21`) of a moment, epoch ms. */
  dayOf(ms: number): string;
  /** When a day begins, epoch ms. */
  beginOf(day: string): number;
}

/** Sums over calls. */
export interface UsageSums {
  calls: number;
  /** Calls that ended neither well nor by the caller's leaving. */
  errors: number;
  unpricedCalls: number;
  promptTokens: number;
  completionTokens: number;
  cachedTokens: number;
  reasoningTokens: number;
  costNano: bigint;
  durationMs: number;
}

export interface UsageFigures {
  totals: UsageSums;
  /** The most called first, at most 100. `key`: `null` where the call had none. */
  breakdown: (UsageSums & { key: string | null })[];
  /** In order of time, each with the moment it begins at; times without calls are left out. */
  timeseries: (UsageSums & { bucket: string })[];
  /** Of the calls without error, see `bucketOf`. */
  latency: number[];
  ttft: number[];
}

const DAY_MS = 86_400_000;
const MAX_BREAKDOWN = 100;
/** Ten years of days; an hour's worth of more is a question for days. */
const MAX_BUCKETS = 4000;
const NO_ERROR = `('ok', 'hung_up')`;
const GROUP_COLUMNS: Record<UsageGroup, string> = {
  provider: 'provider',
  model: 'model',
  key: 'key_id::text',
  outcome: 'outcome',
  project: 'project_id::text',
};

const ROLLUP_SUMS = `
  sum(calls)::bigint calls, coalesce(sum(calls) FILTER (WHERE outcome NOT IN ${NO_ERROR}), 0)::bigint errors,
  sum(unpriced_calls)::bigint unpriced, sum(prompt_tokens)::bigint prompt, sum(completion_tokens)::bigint completion,
  sum(cached_tokens)::bigint cached, sum(reasoning_tokens)::bigint reasoning, sum(cost_nano)::text cost,
  sum(duration_us)::float8 / 1000 duration`;
const HISTOGRAMS = `coalesce(sum(latency), 0)::text latency, coalesce(sum(ttft), 0)::text ttft`;
const RECORD_SUMS = `
  count(*) calls, count(*) FILTER (WHERE outcome NOT IN ${NO_ERROR}) errors,
  count(*) FILTER (WHERE price_source = 'unknown') unpriced, coalesce(sum(prompt_tokens), 0) prompt,
  coalesce(sum(completion_tokens), 0) completion, coalesce(sum(cached_tokens), 0) cached,
  coalesce(sum(reasoning_tokens), 0) reasoning, coalesce(sum(cost_nano_dollars), 0)::text cost,
  coalesce(sum(duration_ms::float8), 0) duration`;

/** `bucketOf` in SQL. */
const bucketSql = (column: string): string =>
  `least(greatest(ceil(2 * ln(greatest(${column}, 1)::float8) / ln(2::float8)), 0), ${HISTOGRAM_BUCKETS - 1})::integer`;

interface SumsRow {
  /** Whether the row is of a bucket, not of a label. */
  timed: number;
  label: string | null;
  /** A day (`2026-11-21`), or a moment: epoch ms. */
  bucket: string | null;
  calls: string;
  errors: string;
  unpriced: string;
  prompt: string;
  completion: string;
  cached: string;
  reasoning: string;
  cost: string;
  duration: number;
}

interface Histograms {
  latency: number[];
  ttft: number[];
}

/** What calls amounted to: from the figures by day and hour, however many calls there were; by the minute from the records. */
@Injectable()
export class UsageRollups {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * For `hour` and `day` the scope is to begin and end at whole hours. By the day, what lies in whole days of UTC is read as days,
   * and the hours before and after them as hours; there an hour that an organisation's midnight cuts in two counts for the day it
   * began in.
   */
  async figures(scope: UsageScope, groupBy: UsageGroup, granularity: UsageGranularity): Promise<UsageFigures> {
    const label = GROUP_COLUMNS[groupBy];
    if (granularity === 'minute') return this.fromRecords(scope, label);
    const values: unknown[] = [];
    const parts = (granularity === 'day' ? dayParts(scope) : [hourPart(scope)]).map((part) => ({
      ...part,
      where: where(scope, part, values),
    }));
    const union = (columns: string): string =>
      parts
        .map((part) => `SELECT ${columns}, ${label} label, ${part.bucket} bucket FROM ${part.table} ${part.where}`)
        .join(' UNION ALL ');
    const [rows, [histograms]] = await Promise.all([
      this.dataSource.query<SumsRow[]>(
        `SELECT grouping(label) timed, label, bucket, ${ROLLUP_SUMS} FROM (${union(COUNTED)}) calls
         GROUP BY GROUPING SETS ((label), (bucket))`,
        values,
      ),
      this.dataSource.query<{ latency: string; ttft: string }[]>(
        `SELECT ${HISTOGRAMS} FROM (${union('outcome, latency, ttft')}) calls WHERE outcome IN ${NO_ERROR}`,
        values,
      ),
    ]);
    return {
      ...partsOf(rows, granularity === 'day' ? scope.days : null),
      latency: histogramCounts(histograms?.latency ?? '0'),
      ttft: histogramCounts(histograms?.ttft ?? '0'),
    };
  }

  private async fromRecords(scope: UsageScope, label: string): Promise<UsageFigures> {
    const values: unknown[] = [];
    const [from, to] = [new Date(scope.fromMs).toISOString(), new Date(scope.toMs).toISOString()];
    const calls = where(scope, { time: 'started_at', from, to }, values);
    const [rows, histograms] = await Promise.all([
      this.dataSource.query<SumsRow[]>(
        `SELECT grouping(label) timed, label, bucket, ${RECORD_SUMS}
         FROM (SELECT *, ${label} label, ${epochMs(`date_trunc('minute', started_at)`)} bucket FROM call_records ${calls}) calls
         GROUP BY GROUPING SETS ((label), (bucket))`,
        values,
      ),
      this.recordHistograms(calls, values),
    ]);
    return { ...partsOf(rows, null), ...histograms };
  }

  private async recordHistograms(where: string, values: unknown[]): Promise<Histograms> {
    const of = (column: string): string =>
      `SELECT '${column}' kind, ${bucketSql(column)} bucket, count(*)::integer n FROM calls WHERE ${column} IS NOT NULL GROUP BY 2`;
    const rows = await this.dataSource.query<{ kind: string; bucket: number; n: number }[]>(
      `WITH calls AS MATERIALIZED (SELECT duration_ms, ttft_ms FROM call_records ${where} AND outcome IN ${NO_ERROR})
       ${of('duration_ms')} UNION ALL ${of('ttft_ms')}`,
      values,
    );
    const counts = (kind: string): number[] => {
      const histogram = new Array<number>(HISTOGRAM_BUCKETS).fill(0);
      for (const row of rows) if (row.kind === kind) histogram[row.bucket] = row.n;
      return histogram;
    };
    return { latency: counts('duration_ms'), ttft: counts('ttft_ms') };
  }
}

const COUNTED = `outcome, calls, unpriced_calls, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, cost_nano, duration_us`;

const epochMs = (moment: string): string => `(extract(epoch FROM ${moment}) * 1000)::bigint::text`;

/** A stretch of time in one of the tables of figures. */
interface Part {
  table: string;
  time: string;
  /** What the rows are told apart by in a time series. */
  bucket: string;
  from: string;
  to: string;
}

function hourPart({ fromMs, toMs }: Pick<UsageScope, 'fromMs' | 'toMs'>): Part {
  const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
  return { table: 'usage_rollups', time: 'hour', bucket: epochMs('hour'), from, to };
}

/** Whole days of UTC, and the hours around them. */
function dayParts({ orgId, fromMs, toMs }: UsageScope): Part[] {
  const [firstMs, lastMs] = [Math.ceil(fromMs / DAY_MS) * DAY_MS, Math.floor(toMs / DAY_MS) * DAY_MS];
  if (firstMs >= lastMs) return [hourPart({ fromMs, toMs })];
  const [from = '', to = ''] = [firstMs, lastMs].map((ms) => new Date(ms).toISOString().slice(0, 10));
  const bucket = orgId === null ? 'day::text' : 'spend_day::text';
  const parts = [{ table: 'usage_days', time: 'day', bucket, from, to }];
  if (fromMs < firstMs) parts.push(hourPart({ fromMs, toMs: firstMs }));
  if (lastMs < toMs) parts.push(hourPart({ fromMs: lastMs, toMs }));
  return parts;
}

/** Adds its parameters to `values`. */
function where(
  { orgId, projectId }: UsageScope,
  { time, from, to }: Pick<Part, 'time' | 'from' | 'to'>,
  values: unknown[],
): string {
  let sql = `WHERE ${time} >= $${values.push(from)} AND ${time} < $${values.push(to)}`;
  if (orgId !== null) sql += ` AND org_id = $${values.push(orgId)}`;
  if (projectId !== null) sql += ` AND project_id = $${values.push(projectId)}`;
  return sql;
}

/** @param days of which `bucket` is to be one; `null`: it stays the moment it is */
function partsOf(
  rows: readonly SumsRow[],
  days: UsageDays | null,
): Pick<UsageFigures, 'totals' | 'breakdown' | 'timeseries'> {
  const labels: UsageFigures['breakdown'] = [];
  const buckets = new Map<string, UsageSums>();
  let totals = NOTHING;
  for (const row of rows) {
    const sums = sumsOf(row);
    if (row.timed === 0) {
      labels.push({ key: row.label, ...sums });
      continue;
    }
    totals = added(totals, sums);
    const bucket = bucketOf(row.bucket ?? '', days);
    buckets.set(bucket, added(buckets.get(bucket) ?? NOTHING, sums));
  }
  const timeseries = [...buckets].map(([bucket, sums]) => ({ bucket, ...sums }));
  return {
    totals,
    breakdown: labels.sort((a, b) => b.calls - a.calls).slice(0, MAX_BREAKDOWN),
    timeseries: timeseries.sort((a, b) => (a.bucket < b.bucket ? -1 : 1)).slice(0, MAX_BUCKETS),
  };
}

/** When a bucket begins. */
function bucketOf(bucket: string, days: UsageDays | null): string {
  const isDay = bucket.includes('-');
  const ms = days === null ? Number(bucket) : days.beginOf(isDay ? bucket : days.dayOf(Number(bucket)));
  return new Date(ms).toISOString();
}

const NOTHING: UsageSums = {
  calls: 0,
  errors: 0,
  unpricedCalls: 0,
  promptTokens: 0,
  completionTokens: 0,
  cachedTokens: 0,
  reasoningTokens: 0,
  costNano: 0n,
  durationMs: 0,
};

function added(a: UsageSums, b: UsageSums): UsageSums {
  return {
    calls: a.calls + b.calls,
    errors: a.errors + b.errors,
    unpricedCalls: a.unpricedCalls + b.unpricedCalls,
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
    costNano: a.costNano + b.costNano,
    durationMs: a.durationMs + b.durationMs,
  };
}

function sumsOf(row: SumsRow): UsageSums {
  return {
    calls: Number(row.calls),
    errors: Number(row.errors),
    unpricedCalls: Number(row.unpriced),
    promptTokens: Number(row.prompt),
    completionTokens: Number(row.completion),
    cachedTokens: Number(row.cached),
    reasoningTokens: Number(row.reasoning),
    costNano: BigInt(row.cost),
    durationMs: row.duration,
  };
}

import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { HISTOGRAM_BUCKETS } from './histogram.js';

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
  /** In order of time; times without calls are left out. */
  timeseries: (UsageSums & { bucket: string })[];
  /** Of the calls without error, see `bucketOf`. */
  latency: number[];
  ttft: number[];
}

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
  part: number;
  label: string | null;
  bucket: Date | string | null;
  calls: string | null;
  errors: string | null;
  unpriced: string | null;
  prompt: string | null;
  completion: string | null;
  cached: string | null;
  reasoning: string | null;
  cost: string | null;
  duration: number | null;
}

/** What calls amounted to: by the hour from the rollups, however many calls there were; by the minute from the records. */
@Injectable()
export class UsageRollups {
  constructor(private readonly dataSource: DataSource) {}

  /** For `hour` and `day` the scope is to begin and end at whole hours. Times in UTC. */
  async figures(scope: UsageScope, groupBy: UsageGroup, granularity: UsageGranularity): Promise<UsageFigures> {
    const exact = granularity === 'minute';
    const { where, values } = scopeSql(scope, exact ? 'started_at' : 'hour');
    const from = exact ? 'call_records' : 'usage_rollups';
    const sums = `
      SELECT grouping(label, bucket) part, label, bucket, ${exact ? RECORD_SUMS : ROLLUP_SUMS}
      FROM (SELECT *, ${GROUP_COLUMNS[groupBy]} label,
              date_trunc('${granularity}', ${exact ? 'started_at' : 'hour'}, 'UTC') bucket
            FROM ${from} ${where}) calls
      GROUP BY GROUPING SETS ((), (label), (bucket))`;
    const [rows, { latency, ttft }] = await Promise.all([
      this.dataSource.query<SumsRow[]>(sums, values),
      exact ? this.recordHistograms(where, values) : this.rollupHistograms(where, values),
    ]);
    return { ...partsOf(rows), latency, ttft };
  }

  private async rollupHistograms(where: string, values: unknown[]): Promise<{ latency: number[]; ttft: number[] }> {
    const sums = (column: string): string =>
      Array.from({ length: HISTOGRAM_BUCKETS }, (_unused, i) => `coalesce(sum(${column}[${i + 1}]), 0)::float8`).join();
    const rows = await this.dataSource.query<{ latency: number[]; ttft: number[] }[]>(
      `SELECT ARRAY[${sums('latency')}] latency, ARRAY[${sums('ttft')}] ttft FROM usage_rollups
       ${where} AND outcome IN ${NO_ERROR}`,
      values,
    );
    return rows[0] ?? { latency: [], ttft: [] };
  }

  private async recordHistograms(where: string, values: unknown[]): Promise<{ latency: number[]; ttft: number[] }> {
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

function scopeSql({ orgId, projectId, fromMs, toMs }: UsageScope, time: string): { where: string; values: unknown[] } {
  const values: unknown[] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
  let where = `WHERE ${time} >= $1::timestamptz AND ${time} < $2::timestamptz`;
  if (orgId !== null) where += ` AND org_id = $${values.push(orgId)}`;
  if (projectId !== null) where += ` AND project_id = $${values.push(projectId)}`;
  return { where, values };
}

/** Which columns were rolled up, as `grouping()` tells: a bit for each, `label` before `bucket`. */
const TOTALS = 3;
const BY_LABEL = 1;

function partsOf(rows: readonly SumsRow[]): Pick<UsageFigures, 'totals' | 'breakdown' | 'timeseries'> {
  const totals = rows.find(({ part }) => part === TOTALS);
  const labels = rows.filter(({ part }) => part === BY_LABEL).map((row) => ({ key: row.label, ...sumsOf(row) }));
  const buckets = rows
    .filter(({ part }) => part !== TOTALS && part !== BY_LABEL)
    .map((row) => ({ bucket: new Date(row.bucket ?? 0).toISOString(), ...sumsOf(row) }));
  return {
    totals: sumsOf(totals),
    breakdown: labels.sort((a, b) => b.calls - a.calls).slice(0, MAX_BREAKDOWN),
    timeseries: buckets.sort((a, b) => (a.bucket < b.bucket ? -1 : 1)).slice(0, MAX_BUCKETS),
  };
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

function sumsOf(row: SumsRow | undefined): UsageSums {
  if (row === undefined) return NOTHING;
  const n = (value: string | number | null): number => Number(value ?? 0);
  return {
    calls: n(row.calls),
    errors: n(row.errors),
    unpricedCalls: n(row.unpriced),
    promptTokens: n(row.prompt),
    completionTokens: n(row.completion),
    cachedTokens: n(row.cached),
    reasoningTokens: n(row.reasoning),
    costNano: BigInt(row.cost ?? '0'),
    durationMs: n(row.duration),
  };
}

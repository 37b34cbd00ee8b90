import type { QueryRunner } from 'typeorm';
import type { BatchTotals, HourDelta } from './batch-totals.js';
import { histogramNumber } from './histogram.js';

const ADD_SPEND = `
  INSERT INTO spend_totals AS t (subject_id, level, day, cost_nano, calls, prompt_tokens, completion_tokens)
  SELECT * FROM unnest($1::text[], $2::text[], $3::date[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
  ON CONFLICT (subject_id, level, day) DO UPDATE SET
    cost_nano = t.cost_nano + excluded.cost_nano,
    calls = t.calls + excluded.calls,
    prompt_tokens = t.prompt_tokens + excluded.prompt_tokens,
    completion_tokens = t.completion_tokens + excluded.completion_tokens`;

const KIND = {
  org_id: 'uuid',
  project_id: 'uuid',
  key_id: 'uuid',
  model: 'text',
  provider: 'text',
  outcome: 'text',
};
const SUMS = {
  calls: 'bigint',
  unpriced_calls: 'bigint',
  prompt_tokens: 'bigint',
  completion_tokens: 'bigint',
  cached_tokens: 'bigint',
  reasoning_tokens: 'bigint',
  cost_nano: 'bigint',
  duration_us: 'bigint',
  ttft_us: 'bigint',
  latency: 'numeric',
  ttft: 'numeric',
};

/** Adds rows of sums; parameters are arrays: first the columns of the time, then those of the kind, then the sums. */
function addSums(table: string, time: Readonly<Record<string, string>>): string {
  const columns = Object.entries({ ...time, ...KIND, ...SUMS });
  const names = columns.map(([name]) => name).join(', ');
  const arrays = columns.map(([, type], i) => `$${i + 1}::${type}[]`).join(', ');
  const key = [...Object.keys(time), ...Object.keys(KIND)].join(', ');
  const sums = Object.keys(SUMS).map((name) => `${name} = t.${name} + excluded.${name}`);
  return `
    INSERT INTO ${table} AS t (${names}) SELECT * FROM unnest(${arrays})
    ON CONFLICT (${key}) DO UPDATE SET ${sums.join(', ')}`;
}

const ADD_HOURS = addSums('usage_rollups', { hour: 'timestamptz' });
const ADD_DAYS = addSums('usage_days', { day: 'date', spend_day: 'date' });

/**
 * Adds what a batch brings to the spend totals and to the figures by the hour and by the day, within the transaction that brings the batch. Rows are taken in
 * the order of their keys, table after table, by every writer: none waits for another in a circle.
 */
export async function addTotals(runner: QueryRunner, { spend, hours, days }: BatchTotals): Promise<void> {
  const totals = inLockOrder(spend);
  if (totals.length > 0) {
    await runner.query(ADD_SPEND, [
      totals.map((t) => t.subjectId),
      plainArray(totals, (t) => t.level),
      plainArray(totals, (t) => t.day),
      plainArray(totals, (t) => t.costNano.toString()),
      plainArray(totals, (t) => t.calls),
      plainArray(totals, (t) => t.promptTokens),
      plainArray(totals, (t) => t.completionTokens),
    ]);
  }
  if (hours.size === 0) return;
  const byHour = inLockOrder(hours);
  await runner.query(ADD_HOURS, [plainArray(byHour, (r) => r.hour), ...kindAndSums(byHour)]);
  const byDay = inLockOrder(days);
  await runner.query(ADD_DAYS, [
    plainArray(byDay, (r) => r.day),
    plainArray(byDay, (r) => r.spendDay),
    ...kindAndSums(byDay),
  ]);
}

const kindAndSums = (rows: readonly Pick<HourDelta, 'kind' | 'sums'>[]): unknown[] => [
  plainArray(rows, ({ kind }) => kind.orgId),
  plainArray(rows, ({ kind }) => kind.projectId),
  plainArray(rows, ({ kind }) => kind.keyId),
  rows.map(({ kind }) => kind.model),
  rows.map(({ kind }) => kind.provider),
  rows.map(({ kind }) => kind.outcome),
  plainArray(rows, ({ sums }) => sums.calls),
  plainArray(rows, ({ sums }) => sums.unpricedCalls),
  plainArray(rows, ({ sums }) => sums.promptTokens),
  plainArray(rows, ({ sums }) => sums.completionTokens),
  plainArray(rows, ({ sums }) => sums.cachedTokens),
  plainArray(rows, ({ sums }) => sums.reasoningTokens),
  plainArray(rows, ({ sums }) => sums.costNano.toString()),
  plainArray(rows, ({ sums }) => sums.durationUs),
  plainArray(rows, ({ sums }) => sums.ttftUs),
  plainArray(rows, ({ sums }) => histogramNumber(sums.latency)),
  plainArray(rows, ({ sums }) => histogramNumber(sums.ttft)),
];

/** An array as PostgreSQL reads it, of values that need no quotes; the driver would quote and escape each of them. */
function plainArray<T>(rows: readonly T[], valueOf: (row: T) => string | number | null): string {
  let text = '';
  for (const row of rows) text += `,${valueOf(row)}`;
  return `{${text.slice(1)}}`;
}

function inLockOrder<T>(deltas: ReadonlyMap<string, T>): T[] {
  return [...deltas]
    .sort(([a], [b]) => {
      if (a === b) return 0;
      return a < b ? -1 : 1;
    })
    .map(([, delta]) => delta);
}

import type { QueryRunner } from 'typeorm';
import type { BatchTotals, CallKind, CallSums } from './batch-totals.js';
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
      totals.map((t) => t.level),
      totals.map((t) => t.day),
      totals.map((t) => t.costNano.toString()),
      totals.map((t) => t.calls),
      totals.map((t) => t.promptTokens),
      totals.map((t) => t.completionTokens),
    ]);
  }
  if (hours.size === 0) return;
  const byHour = inLockOrder(hours);
  await runner.query(ADD_HOURS, [byHour.map((r) => r.hour), ...kindAndSums(byHour)]);
  const byDay = inLockOrder(days);
  await runner.query(ADD_DAYS, [byDay.map((r) => r.day), byDay.map((r) => r.spendDay), ...kindAndSums(byDay)]);
}

const kindAndSums = (rows: readonly (CallKind & CallSums)[]): unknown[][] => [
  rows.map((r) => r.orgId),
  rows.map((r) => r.projectId),
  rows.map((r) => r.keyId),
  rows.map((r) => r.model),
  rows.map((r) => r.provider),
  rows.map((r) => r.outcome),
  rows.map((r) => r.calls),
  rows.map((r) => r.unpricedCalls),
  rows.map((r) => r.promptTokens),
  rows.map((r) => r.completionTokens),
  rows.map((r) => r.cachedTokens),
  rows.map((r) => r.reasoningTokens),
  rows.map((r) => r.costNano.toString()),
  rows.map((r) => r.durationUs),
  rows.map((r) => r.ttftUs),
  rows.map((r) => histogramNumber(r.latency)),
  rows.map((r) => histogramNumber(r.ttft)),
];

function inLockOrder<T>(deltas: ReadonlyMap<string, T>): T[] {
  return [...deltas]
    .sort(([a], [b]) => {
      if (a === b) return 0;
      return a < b ? -1 : 1;
    })
    .map(([, delta]) => delta);
}

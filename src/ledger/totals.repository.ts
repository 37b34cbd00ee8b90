import type { QueryRunner } from 'typeorm';
import type { BatchTotals } from './batch-totals.js';

const ADD_SPEND = `
  INSERT INTO spend_totals AS t (subject_id, level, day, cost_nano, calls, prompt_tokens, completion_tokens)
  SELECT * FROM unnest($1::text[], $2::text[], $3::date[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
  ON CONFLICT (subject_id, level, day) DO UPDATE SET
    cost_nano = t.cost_nano + excluded.cost_nano,
    calls = t.calls + excluded.calls,
    prompt_tokens = t.prompt_tokens + excluded.prompt_tokens,
    completion_tokens = t.completion_tokens + excluded.completion_tokens`;

const ADD_ROLLUPS = `
  INSERT INTO usage_rollups AS t (hour, org_id, project_id, key_id, model, provider, outcome, calls, unpriced_calls,
    prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, cost_nano, duration_us, ttft_us, latency, ttft)
  SELECT hour, org_id, project_id, key_id, model, provider, outcome, calls, unpriced_calls,
    prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, cost_nano, duration_us, ttft_us,
    latency::integer[], ttft::integer[]
  FROM unnest($1::timestamptz[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::bigint[],
    $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[],
    $16::bigint[], $17::text[], $18::text[])
    AS new (hour, org_id, project_id, key_id, model, provider, outcome, calls, unpriced_calls, prompt_tokens,
      completion_tokens, cached_tokens, reasoning_tokens, cost_nano, duration_us, ttft_us, latency, ttft)
  ON CONFLICT (org_id, hour, project_id, key_id, model, provider, outcome) DO UPDATE SET
    calls = t.calls + excluded.calls,
    unpriced_calls = t.unpriced_calls + excluded.unpriced_calls,
    prompt_tokens = t.prompt_tokens + excluded.prompt_tokens,
    completion_tokens = t.completion_tokens + excluded.completion_tokens,
    cached_tokens = t.cached_tokens + excluded.cached_tokens,
    reasoning_tokens = t.reasoning_tokens + excluded.reasoning_tokens,
    cost_nano = t.cost_nano + excluded.cost_nano,
    duration_us = t.duration_us + excluded.duration_us,
    ttft_us = t.ttft_us + excluded.ttft_us,
    latency = add_histograms(t.latency, excluded.latency),
    ttft = CASE WHEN t.ttft IS NULL THEN excluded.ttft WHEN excluded.ttft IS NULL THEN t.ttft
      ELSE add_histograms(t.ttft, excluded.ttft) END`;

/**
 * Adds what a batch brings to the spend totals and the rollups, within the transaction that brings the batch. Rows are taken in
 * the order of their keys, totals before rollups, by every writer: none waits for another in a circle.
 */
export async function addTotals(runner: QueryRunner, { spend, rollups }: BatchTotals): Promise<void> {
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
  const hours = inLockOrder(rollups);
  if (hours.length === 0) return;
  await runner.query(ADD_ROLLUPS, [
    hours.map((r) => r.hour),
    hours.map((r) => r.orgId),
    hours.map((r) => r.projectId),
    hours.map((r) => r.keyId),
    hours.map((r) => r.model),
    hours.map((r) => r.provider),
    hours.map((r) => r.outcome),
    hours.map((r) => r.calls),
    hours.map((r) => r.unpricedCalls),
    hours.map((r) => r.promptTokens),
    hours.map((r) => r.completionTokens),
    hours.map((r) => r.cachedTokens),
    hours.map((r) => r.reasoningTokens),
    hours.map((r) => r.costNano.toString()),
    hours.map((r) => r.durationUs),
    hours.map((r) => r.ttftUs),
    hours.map((r) => arrayText(r.latency)),
    hours.map((r) => (r.ttft === null ? null : arrayText(r.ttft))),
  ]);
}

const arrayText = (counts: readonly number[]): string => `{${counts.join(',')}}`;

function inLockOrder<T>(deltas: ReadonlyMap<string, T>): T[] {
  return [...deltas]
    .sort(([a], [b]) => {
      if (a === b) return 0;
      return a < b ? -1 : 1;
    })
    .map(([, delta]) => delta);
}

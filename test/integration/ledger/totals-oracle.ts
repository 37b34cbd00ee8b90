/** Every record with what all entries for it make it cost. */
const CHARGED = `
  SELECT r.*, CASE WHEN status = 404 OR error_kind = 'model_not_found' THEN NULL ELSE left(model, 200) END rollup_model,
    coalesce(r.cost_nano_dollars, 0) + coalesce((SELECT sum(difference_nano) FROM ledger_adjustments a
      WHERE a.record_started_at = r.started_at AND a.record_id = r.id), 0) charged
  FROM call_records r`;

const SPEND = `
  SELECT level, subject_id, spend_day::text AS day, sum(charged)::text cost, count(*)::text calls,
    sum(prompt_tokens)::text prompt, sum(completion_tokens)::text completion
  FROM (${CHARGED}) r CROSS JOIN LATERAL (VALUES ('key', coalesce(key_id::text, key_prefix)),
    ('project', project_id::text), ('org', org_id::text)) AS s (level, subject_id)
  WHERE subject_id IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;
const SPEND_TOTALS = `
  SELECT level, subject_id, day::text AS day, cost_nano::text cost, calls::text, prompt_tokens::text prompt,
    completion_tokens::text completion FROM spend_totals ORDER BY 1, 2, 3`;

const KIND = `org_id, project_id, key_id, rollup_model, provider, outcome`;
const bucket = (column: string): string =>
  `least(ceil(2 * ln(greatest(${column}, 1)::float8) / ln(2::float8)), 39)::integer`;
const histogram = (column: string): string =>
  Array.from(
    { length: 40 },
    (_unused, i) =>
      `10::numeric ^ ${12 * i} * count(*) FILTER (WHERE ${column} IS NOT NULL AND ${bucket(column)} = ${i})`,
  ).join('+');
const rolledUp = (time: string): string => `
  SELECT ${time}, ${KIND}, count(*)::text calls, count(*) FILTER (WHERE price_source = 'unknown')::text unpriced,
    sum(prompt_tokens)::text prompt, sum(completion_tokens)::text completion, sum(cached_tokens)::text cached,
    sum(reasoning_tokens)::text reasoning, sum(charged)::text cost, sum(round(duration_ms::numeric * 1000))::text duration,
    trunc(${histogram('duration_ms')})::text latency, trunc(${histogram('ttft_ms')})::text ttft
  FROM (SELECT *, date_trunc('hour', started_at, 'UTC') AS hour, (started_at AT TIME ZONE 'UTC')::date AS day FROM (${CHARGED}) r) r
  GROUP BY ${time}, ${KIND} ORDER BY ${time}, ${KIND}`;
const rollups = (table: string, time: string): string => `
  SELECT ${time}, ${KIND}, calls::text, unpriced_calls::text unpriced, prompt_tokens::text prompt, completion_tokens::text completion,
    cached_tokens::text cached, reasoning_tokens::text reasoning, cost_nano::text cost, duration_us::text duration, latency::text, ttft::text
  FROM (SELECT *, model rollup_model FROM ${table}) t ORDER BY ${time}, ${KIND}`;

/** A database to ask: a data source, or what stands in for one. */
export interface Asked {
  query<Rows>(sql: string): Promise<Rows>;
}

type RollupRow = Record<string, unknown> & { duration: string };

/** Fails unless all tables hold what a recomputation from the records and the entries beside them gives. */
export async function expectTotalsToFitRecords(source: Asked): Promise<void> {
  expect(await source.query(SPEND_TOTALS)).toEqual(await source.query(SPEND));
  const hours = await source.query<RollupRow[]>(rollups('usage_rollups', 'hour'));
  expectSameRows(hours, await source.query<RollupRow[]>(rolledUp('hour')));
  const days = await source.query<RollupRow[]>(rollups('usage_days', 'day, spend_day'));
  expectSameRows(days, await source.query<RollupRow[]>(rolledUp('day, spend_day')));
}

function expectSameRows(kept: RollupRow[], made: RollupRow[]): void {
  // `real` holds seven digits of a duration; the sum was made before.
  const withoutDuration = ({ duration: _, ...row }: RollupRow): object => row;
  expect(kept.map(withoutDuration)).toEqual(made.map(withoutDuration));
  kept.forEach((row, i) => {
    const expected = Number(made[i]?.duration);
    expect(Math.abs(Number(row.duration) - expected)).toBeLessThanOrEqual(1 + expected * 1e-5);
  });
}

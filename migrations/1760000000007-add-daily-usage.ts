import type { MigrationInterface, QueryRunner } from 'typeorm';

const SUMS = [
  'calls',
  'unpriced_calls',
  'prompt_tokens',
  'completion_tokens',
  'cached_tokens',
  'reasoning_tokens',
  'cost_nano',
  'duration_us',
  'ttft_us',
  'latency',
  'ttft',
];

/**
 * The figures by the day beside those by the hour, and histograms as one number each: bucket i holds the twelve digits from
 * 10^(12 i) on. Two of them are merged by `+` and any number by `sum`, which costs a fifth of doing so by element of an array.
 *
 * A row of `usage_days` belongs to a day in UTC and to the day of the organisation that its calls count for; the two differ only
 * where the organisation's time zone does. So both calendars are sums of whole rows.
 */
export class AddDailyUsage1760000000007 implements MigrationInterface {
  name = 'AddDailyUsage1760000000007';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TO_NUMBER);
    await runner.query(`
      ALTER TABLE usage_rollups
        ALTER COLUMN latency TYPE numeric USING histogram_number(latency),
        ALTER COLUMN ttft TYPE numeric USING coalesce(histogram_number(ttft), 0),
        ALTER COLUMN ttft SET NOT NULL`);
    await runner.query(`DROP FUNCTION histogram_number(integer[])`);
    await runner.query(`DROP FUNCTION add_histograms(integer[], integer[])`);
    await runner.query(`
      CREATE TABLE usage_days (
        day date NOT NULL,
        spend_day date NOT NULL,
        org_id uuid,
        project_id uuid,
        key_id uuid,
        calls bigint NOT NULL,
        unpriced_calls bigint NOT NULL,
        prompt_tokens bigint NOT NULL,
        completion_tokens bigint NOT NULL,
        cached_tokens bigint NOT NULL,
        reasoning_tokens bigint NOT NULL,
        cost_nano bigint NOT NULL,
        duration_us bigint NOT NULL,
        ttft_us bigint NOT NULL,
        model text,
        provider text,
        outcome text NOT NULL,
        latency numeric NOT NULL,
        ttft numeric NOT NULL
      ) WITH (fillfactor = 60)`);
    const [some] = (await runner.query(`SELECT 1 FROM usage_rollups LIMIT 1`)) as unknown[];
    if (some !== undefined) await runner.query(BACKFILL);
    await runner.query(`
      CREATE UNIQUE INDEX usage_days_key
        ON usage_days (org_id, day, spend_day, project_id, key_id, model, provider, outcome) NULLS NOT DISTINCT`);
    await runner.query(`CREATE INDEX usage_days_day ON usage_days (day)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE usage_days`);
    await runner.query(ADD_HISTOGRAMS);
    await runner.query(TO_ARRAY);
    await runner.query(`ALTER TABLE usage_rollups ALTER COLUMN ttft DROP NOT NULL`);
    await runner.query(`
      ALTER TABLE usage_rollups
        ALTER COLUMN latency TYPE integer[] USING histogram_array(latency),
        ALTER COLUMN ttft TYPE integer[] USING CASE WHEN ttft = 0 THEN NULL ELSE histogram_array(ttft) END`);
    await runner.query(`DROP FUNCTION histogram_array(numeric)`);
  }
}

const TO_NUMBER = `
  CREATE FUNCTION histogram_number(counts integer[]) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT
  RETURN (SELECT string_agg(lpad(n::text, 12, '0'), '' ORDER BY i DESC)::numeric FROM unnest(counts) WITH ORDINALITY c (n, i))`;

const TO_ARRAY = `
  CREATE FUNCTION histogram_array(counts numeric) RETURNS integer[] LANGUAGE sql IMMUTABLE STRICT
  RETURN ARRAY(SELECT substr(lpad(counts::text, 480, '0'), 469 - 12 * i, 12)::integer FROM generate_series(0, 39) i ORDER BY i)`;

const ADD_HISTOGRAMS = `
  CREATE FUNCTION add_histograms(a integer[], b integer[]) RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN ARRAY[${Array.from({ length: 40 }, (_unused, i) => `a[${i + 1}] + b[${i + 1}]`).join(', ')}]`;

/**
 * From the hours there are, by the time zone an organisation has now. An hour that the organisation's midnight cuts in two counts
 * for the day it began in.
 */
const BACKFILL = `
  INSERT INTO usage_days (day, spend_day, org_id, project_id, key_id, model, provider, outcome, ${SUMS.join(', ')})
  SELECT (hour AT TIME ZONE 'UTC')::date, (hour AT TIME ZONE coalesce(z.name, 'UTC'))::date,
    r.org_id, r.project_id, r.key_id, r.model, r.provider, r.outcome, ${SUMS.map((sum) => `sum(r.${sum})`).join(', ')}
  FROM usage_rollups r
  LEFT JOIN organisations o ON o.id = r.org_id
  LEFT JOIN pg_timezone_names z ON z.name = o.time_zone
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8`;

import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The call records: one row a call, partitioned by the month (UTC) the call began in. Widest fixed columns come first so
 * that no padding is stored. The default partition takes what no month's partition covers; nothing is ever refused for its date.
 */
export class CreateLedger1760000000003 implements MigrationInterface {
  name = 'CreateLedger1760000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE call_records (
        started_at timestamptz NOT NULL,
        cost_nano_dollars bigint,
        id uuid NOT NULL,
        org_id uuid,
        project_id uuid,
        key_id uuid,
        prompt_tokens integer NOT NULL,
        completion_tokens integer NOT NULL,
        total_tokens integer NOT NULL,
        cached_tokens integer NOT NULL,
        reasoning_tokens integer NOT NULL,
        duration_ms real NOT NULL,
        ttft_ms real,
        upstream_ms real,
        spend_day date NOT NULL,
        status smallint NOT NULL,
        attempts smallint NOT NULL,
        stream boolean NOT NULL,
        fallback boolean NOT NULL,
        request_id text NOT NULL,
        key_prefix text,
        path text NOT NULL,
        model text,
        upstream_model text,
        provider text,
        backend_id text,
        outcome text NOT NULL,
        error_kind text,
        usage_source text NOT NULL,
        finish_reason text,
        input_hash text,
        metadata jsonb,
        price_id text,
        price_source text,
        usage_details jsonb,
        PRIMARY KEY (started_at, id)
      ) PARTITION BY RANGE (started_at)`);
    await runner.query(`CREATE TABLE call_records_default PARTITION OF call_records DEFAULT`);
    await runner.query(`CREATE INDEX call_records_org_started_at ON call_records (org_id, started_at)`);
    await runner.query(`CREATE INDEX call_records_project_started_at ON call_records (project_id, started_at)`);
    await runner.query(ENSURE_PARTITIONS);
    await runner.query(`SELECT ensure_call_record_partitions(now(), 3)`);
    await runner.query(`
      CREATE TABLE price_cards (
        id text PRIMARY KEY,
        card jsonb NOT NULL,
        first_used_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE spend_totals (
        day date NOT NULL,
        cost_nano bigint NOT NULL,
        calls bigint NOT NULL,
        prompt_tokens bigint NOT NULL,
        completion_tokens bigint NOT NULL,
        level text NOT NULL CHECK (level IN ('key', 'project', 'org')),
        subject_id text NOT NULL,
        PRIMARY KEY (subject_id, level, day)
      ) WITH (fillfactor = 70)`);
    await runner.query(`
      CREATE TABLE usage_rollups (
        hour timestamptz NOT NULL,
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
        latency integer[] NOT NULL,
        ttft integer[]
      ) WITH (fillfactor = 60)`);
    await runner.query(`
      CREATE UNIQUE INDEX usage_rollups_key ON usage_rollups (org_id, hour, project_id, key_id, model, provider, outcome)
        NULLS NOT DISTINCT`);
    await runner.query(`CREATE INDEX usage_rollups_hour ON usage_rollups (hour)`);
    await runner.query(ADD_HISTOGRAMS);
    await runner.query(`
      CREATE TABLE ledger_adjustments (
        id uuid PRIMARY KEY,
        run_id uuid NOT NULL,
        record_id uuid NOT NULL,
        record_started_at timestamptz NOT NULL,
        difference_nano bigint NOT NULL,
        price_id text NOT NULL,
        created_at timestamptz NOT NULL
      )`);
    await runner.query(`CREATE INDEX ledger_adjustments_record ON ledger_adjustments (record_started_at, record_id)`);
    await runner.query(DROP_PARTITIONS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION drop_call_record_partitions(timestamptz)`);
    await runner.query(`DROP TABLE ledger_adjustments`);
    await runner.query(`DROP TABLE usage_rollups`);
    await runner.query(`DROP FUNCTION add_histograms(integer[], integer[])`);
    await runner.query(`DROP TABLE spend_totals`);
    await runner.query(`DROP TABLE price_cards`);
    await runner.query(`DROP FUNCTION ensure_call_record_partitions(timestamptz, integer)`);
    await runner.query(`DROP TABLE call_records`);
  }
}

/** Written out, so that it is inlined: a loop or an aggregate over the elements costs several times as much. */
const ADD_HISTOGRAMS = `
  CREATE FUNCTION add_histograms(a integer[], b integer[]) RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN ARRAY[${Array.from({ length: 40 }, (_unused, i) => `a[${i + 1}] + b[${i + 1}]`).join(', ')}]`;

/**
 * Makes the partitions of `months` months from the one `first` lies in; safe to run from many replicas at once. Rows that
 * already fell into the default partition move along: PostgreSQL refuses a partition whose rows the default one holds.
 */
const ENSURE_PARTITIONS = `
  CREATE FUNCTION ensure_call_record_partitions(first timestamptz, months integer) RETURNS integer
  LANGUAGE plpgsql AS $$
  DECLARE
    begins timestamptz;
    ends timestamptz;
    part_name text;
    made integer := 0;
  BEGIN
    FOR i IN 0 .. months - 1 LOOP
      begins := (date_trunc('month', first AT TIME ZONE 'UTC') + make_interval(months => i)) AT TIME ZONE 'UTC';
      ends := (date_trunc('month', first AT TIME ZONE 'UTC') + make_interval(months => i + 1)) AT TIME ZONE 'UTC';
      part_name := 'call_records_' || to_char(begins AT TIME ZONE 'UTC', 'YYYY_MM');
      -- Asked of the table, not of to_regclass: that one answers from a cache that a wait for the lock does not renew.
      CONTINUE WHEN EXISTS (SELECT FROM pg_class WHERE relname = part_name AND relispartition AND pg_table_is_visible(oid));
      LOCK TABLE call_records IN SHARE ROW EXCLUSIVE MODE;
      CONTINUE WHEN EXISTS (SELECT FROM pg_class WHERE relname = part_name AND relispartition AND pg_table_is_visible(oid));
      EXECUTE format('CREATE TABLE %I (LIKE call_records INCLUDING ALL)', part_name);
      EXECUTE format(
        'WITH moved AS (DELETE FROM call_records_default WHERE started_at >= %L AND started_at < %L RETURNING *)
         INSERT INTO %I SELECT * FROM moved', begins, ends, part_name);
      EXECUTE format('ALTER TABLE call_records ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part_name, begins, ends);
      made := made + 1;
    END LOOP;
    RETURN made;
  END $$`;

/**
 * Drops the months that ended at `before` or earlier, and what such months have left in the default partition. Returns the names of
 * what was dropped. Detached first, so that the lock on the whole table lasts as long as a look at the catalogue; a lock that is
 * not to be had within two seconds is left for the next time.
 */
const DROP_PARTITIONS = `
  CREATE FUNCTION drop_call_record_partitions(before timestamptz) RETURNS text[]
  LANGUAGE plpgsql AS $$
  DECLARE
    part_name text;
    ends timestamptz;
    dropped text[] := '{}';
  BEGIN
    PERFORM set_config('lock_timeout', '2s', true);
    FOR part_name IN
      SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'call_records'::regclass AND c.relname ~ '^call_records_[0-9]{4}_[0-9]{2}$' ORDER BY 1
    LOOP
      ends := (to_date(right(part_name, 7), 'YYYY_MM') + interval '1 month') AT TIME ZONE 'UTC';
      CONTINUE WHEN ends > before;
      EXECUTE format('ALTER TABLE call_records DETACH PARTITION %I', part_name);
      EXECUTE format('DROP TABLE %I', part_name);
      dropped := dropped || part_name;
    END LOOP;
    DELETE FROM call_records_default WHERE started_at < date_trunc('month', before AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    DELETE FROM ledger_adjustments
      WHERE record_started_at < date_trunc('month', before AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    RETURN dropped;
  END $$`;

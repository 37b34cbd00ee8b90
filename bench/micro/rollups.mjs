/**
 * How long the figures of a project and of an organisation take to read, with the rollups that ten million calls leave: 30 days,
 * 20 organisations of 5 projects, 500 keys, 4 models, a few outcomes. The rollups are made by SQL, and so are the records of the
 * last two hours, from which the minutes are counted. DATABASE_URL (or TEST_DATABASE_URL) names an empty database:
 * `node scripts/local-servers.mjs -- node bench/micro/rollups.mjs`, after a build. Without it the embedded one is measured.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { loadConfig } from '../../dist/src/config/load-config.js';
import { homeOf } from '../../dist/src/infra/database/home-of.js';
import { bringUp } from '../../dist/src/infra/database/migrate.js';
import { UsageRollups } from '../../dist/src/ledger/rollup.repository.js';
import { UsageReports } from '../../dist/src/usage/usage-report.service.js';

const CALLS = 10_000_000;
const KEYS = 500;
const HOURS = 30 * 24;
const ROUNDS = 15;
const directory = mkdtempSync(join(tmpdir(), 'rollups-'));
const url = process.env.DATABASE_URL ?? process.env.TEST_DATABASE_URL;
const config = loadConfig({ OMNI_DATA_DIR: directory, ...(url === undefined ? {} : { DATABASE_URL: url }) });
const home = homeOf(config);
await home.start();
await bringUp(home);
const source = await new DataSource(home.dataSourceOptions()).initialize();

const id = (prefix, n) => `('${prefix}0000-0000-7000-8000-' || lpad((${n})::text, 12, '0'))::uuid`;
const perRow = Math.round(CALLS / (HOURS * KEYS));
/** A number as `histogramNumber` makes it: 13 buckets from the eleventh on. */
const histogram = (calls) => `('1' || repeat(lpad((${calls} / 13)::text, 12, '0'), 13) || repeat('0', 132))::numeric`;
console.log(`${HOURS * KEYS} rollups of about ${perRow} calls each…`);
// Each key has a model of its own and now and then a call that failed.
await source.query(`
  INSERT INTO usage_rollups (hour, org_id, project_id, key_id, model, provider, outcome, calls, unpriced_calls, prompt_tokens,
    completion_tokens, cached_tokens, reasoning_tokens, cost_nano, duration_us, ttft_us, latency, ttft)
  SELECT date_trunc('hour', now(), 'UTC') - h * interval '1 hour', ${id('0190', 'k % 20')}, ${id('0191', 'k % 100')},
    ${id('0192', 'k')}, 'model-' || k % 4, 'provider-' || k % 3, CASE WHEN (h + k) % 20 = 0 THEN 'upstream_failed' ELSE 'ok' END,
    ${perRow}, 0, ${perRow} * 900, ${perRow} * 200, 0, 0, ${perRow}::bigint * 1234567, ${perRow}::bigint * 900000,
    ${perRow}::bigint * 90000, ${histogram(perRow)}, ${histogram(perRow)}
  FROM generate_series(0, ${HOURS - 1}) h, generate_series(0, ${KEYS - 1}) k`);
const SUMS =
  `calls unpriced_calls prompt_tokens completion_tokens cached_tokens reasoning_tokens cost_nano duration_us ttft_us latency ttft`.split(
    ' ',
  );
await source.query(`
  INSERT INTO usage_days (day, spend_day, org_id, project_id, key_id, model, provider, outcome, ${SUMS.join()})
  SELECT (hour AT TIME ZONE 'UTC')::date, (hour AT TIME ZONE 'UTC')::date, org_id, project_id, key_id, model, provider, outcome,
    ${SUMS.map((name) => `sum(${name})`).join()}
  FROM usage_rollups GROUP BY 1, 2, 3, 4, 5, 6, 7, 8`);
const recent = Math.round((2 * CALLS) / HOURS);
await source.query(`
  INSERT INTO call_records (id, started_at, request_id, org_id, project_id, key_id, path, model, provider, status, outcome, stream,
    attempts, fallback, prompt_tokens, completion_tokens, total_tokens, cached_tokens, reasoning_tokens, usage_source,
    duration_ms, ttft_ms, cost_nano_dollars, spend_day)
  SELECT gen_random_uuid(), now() - n * interval '2 hours' / ${recent}, 'r' || n, ${id('0190', 'n % 20')}, ${id('0191', 'n % 100')},
    ${id('0192', 'n % 500')}, '/v1/chat/completions', 'model-' || n % 4, 'openai', 200, 'ok', false, 1, false, 900, 200, 1100, 0, 0,
    'upstream', 900, 90, 1234567, now()::date
  FROM generate_series(1, ${recent}) n`);
await source.query('VACUUM ANALYZE usage_rollups, usage_days, call_records');

const reports = new UsageReports(new UsageRollups(source));
const ORG = '01900000-0000-7000-8000-000000000001';
const PROJECT = '01910000-0000-7000-8000-000000000001';
for (const [name, subject] of [
  ['project', { scope: 'project', orgId: ORG, projectId: PROJECT, timeZone: 'UTC' }],
  ['organisation', { scope: 'org', orgId: ORG, projectId: null, timeZone: 'UTC' }],
  ['everyone', { scope: 'all', orgId: null, projectId: null, timeZone: 'UTC' }],
]) {
  for (const range of ['1h', '24h', '7d', '30d']) {
    const times = [];
    let calls = 0;
    for (let i = 0; i < ROUNDS; i += 1) {
      const start = performance.now();
      ({
        totals: { requests: calls },
      } = await reports.report(subject, { range, groupBy: 'key' }, Date.now()));
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    const show = (ms) => ms.toFixed(1).padStart(7);
    console.log(
      `${name.padEnd(12)} ${range.padStart(3)} of ${String(calls).padStart(8)} calls: median ${show(times[ROUNDS >> 1])} ms  worst ${show(times[ROUNDS - 1])} ms`,
    );
  }
}
await source.destroy();
await home.close();
rmSync(directory, { recursive: true });

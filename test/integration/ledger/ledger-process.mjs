/**
 * A gateway reduced to its ledger, to be killed: makes calls as fast as it can and writes to its output what it was promised,
 * `B id` once a beginning is durable and `E id` once an end is. As `report` it makes no calls, waits until everything left
 * by the dead is in the database, and writes `R id outcome` for every record there and `T records|rollups|totals`, calls and cost of each.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { loadConfig } from '../../../dist/src/config/load-config.js';
import { uuidv7 } from '../../../dist/src/infra/crypto/uuid-v7.js';
import { homeOf } from '../../../dist/src/infra/database/home-of.js';
import { bringUp } from '../../../dist/src/infra/database/migrate.js';
import { CallRecordRepository } from '../../../dist/src/ledger/call-record.repository.js';
import { InstanceDirectory } from '../../../dist/src/ledger/instance-directory.js';
import { Journal } from '../../../dist/src/ledger/journal.js';
import { LedgerWriter } from '../../../dist/src/ledger/ledger-writer.js';

const mode = process.argv[2];
const log = { log() {}, warn: console.error, error: console.error };
const config = loadConfig(process.env);
const root = join(config.data.dir, 'journal');
const home = await InstanceDirectory.create(root, Date.now());
const journal = new Journal({ directory: home.path, maxBytes: 64 << 20, log, segmentBytes: 64 << 10, queueRows: 500 });
journal.start();

const database = homeOf(config);
await bringUp(database);
const dataSource = await new DataSource(database.dataSourceOptions()).initialize();
const sink = new CallRecordRepository(dataSource);
const writer = new LedgerWriter({ journal, home, root, sink, log, flushMs: 20 });
writer.start();

const beginningNow = () => ({
  id: uuidv7(Date.now()),
  request_id: 'load',
  started_at: new Date().toISOString(),
  org_id: '01900000-0000-7000-8000-000000000001',
  project_id: '01900000-0000-7000-8000-000000000002',
  key_id: null,
  key_prefix: null,
  path: '/v1/chat/completions',
  model: 'small',
  upstream_model: 'small',
  stream: false,
});
const recordOf = (beginning) => ({
  ...beginning,
  ...{ provider: null, backend_id: null, status: 200, outcome: 'ok', error_kind: null, attempts: 1, fallback: false },
  ...{ prompt_tokens: 1, completion_tokens: 2, total_tokens: 3, cached_tokens: 0, reasoning_tokens: 0 },
  ...{ usage_source: 'upstream', duration_ms: 1.5, ttft_ms: null, upstream_ms: null, cost_nano_dollars: '9007199254' },
  ...{ finish_reason: 'stop', input_hash: null, metadata: { team: 'a "quoted" \\ one' } },
});

async function load() {
  const running = [];
  for (;;) {
    for (let i = 0; i < 4; i += 1) {
      const beginning = beginningNow();
      journal.begin(beginning, (error) => {
        if (error) throw error;
        writeSync(1, `B ${beginning.id}\n`);
        running.push(beginning);
      });
    }
    while (running.length > 20) {
      const ended = running.splice(Math.floor(Math.random() * running.length), 1)[0];
      journal.append(recordOf(ended));
      setImmediate(() => writeSync(1, `E ${ended.id}\n`));
    }
    await new Promise((resolve) => setImmediate(resolve));
    await sleep(1);
  }
}

/** Writes all of it, however little the pipe takes at a time. */
const say = (text) => new Promise((resolve) => process.stdout.write(text, resolve));

async function report() {
  while (!(await writer.caughtUp(1000)));
  const rows = await dataSource.query('SELECT id, outcome FROM call_records');
  await say(rows.map(({ id, outcome }) => `R ${id} ${outcome}\n`).join(''));
  const [totals] = await dataSource.query(`
    SELECT (SELECT count(*) || ' ' || coalesce(sum(cost_nano_dollars), 0) FROM call_records) records,
      (SELECT sum(calls) || ' ' || sum(cost_nano) FROM usage_rollups) rollups,
      (SELECT sum(calls) || ' ' || sum(cost_nano) FROM spend_totals WHERE level = 'org') spend`);
  await say(`T ${totals.records}|${totals.rollups}|${totals.spend}\n`);
  await writer.stop(5000);
  await home.release(journal.close());
  await dataSource.destroy();
  await database.close();
  await say('done\n');
}

await (mode === 'report' ? report() : load());

/**
 * What a call record costs on its way into the database, spend totals and rollups included: microseconds a row, for few and
 * for many keys a batch, as time elapsed, CPU of this process (the embedded database included) and CPU of the server's
 * backend where it runs on this machine. DATABASE_URL names an empty database; without it the embedded one is measured.
 * Run after a build: `node bench/micro/ledger-rows.mjs`, on a server: `node scripts/local-servers.mjs -- node bench/micro/ledger-rows.mjs`.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { loadConfig } from '../../dist/src/config/load-config.js';
import { uuidv7 } from '../../dist/src/infra/crypto/uuid-v7.js';
import { homeOf } from '../../dist/src/infra/database/home-of.js';
import { bringUp } from '../../dist/src/infra/database/migrate.js';
import { CallRecordRepository } from '../../dist/src/ledger/call-record.repository.js';
import { encodeRecord } from '../../dist/src/ledger/record-row.js';
import { sampleRecord } from './sample-record.mjs';

const BATCH = 1000;
const BATCHES = 30;
const ROUNDS = 3;
const directory = mkdtempSync(join(tmpdir(), 'ledger-rows-'));
const url = process.env.DATABASE_URL ?? process.env.TEST_DATABASE_URL;
const config = loadConfig({ OMNI_DATA_DIR: directory, ...(url === undefined ? {} : { DATABASE_URL: url }) });
const home = homeOf(config);
await home.start();
await bringUp(home);
const options = home.dataSourceOptions();
const source = await new DataSource({ ...options, extra: { ...options.extra, max: 1 } }).initialize();
const records = new CallRecordRepository(source);
await records.ensurePartitions(Date.now());
const [{ pid }] = await source.query('SELECT pg_backend_pid() pid');

const ids = Array.from({ length: 2000 }, () => uuidv7(1_763_000_000_000));
let n = 0;
function row(keys, startMs) {
  n += 1;
  const key = n % keys;
  const own = {
    id: uuidv7(startMs + (n % 1000)),
    org_id: ids[key % 3],
    project_id: ids[key % 20],
    key_id: ids[key],
    model: ['gpt-4o-mini', 'claude-haiku', 'gemini-flash'][key % 3],
    provider: ['openai', 'anthropic', 'google'][key % 3],
    backend_id: ids[7],
    price_id: 'h3JWl3XQJ0pDq1aa',
    price_source: 'published',
  };
  return encodeRecord(sampleRecord(n, startMs + (n % 1000), own));
}

/** CPU of the server's backend so far, microseconds; 0 where it cannot be seen. */
function serverCpu() {
  if (url === undefined) return 0;
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return 0;
  }
}

for (const keys of [8, 200, 1000]) {
  const best = { elapsed: Infinity, own: Infinity, server: Infinity };
  for (let round = 0; round < ROUNDS; round += 1) {
    const batches = Array.from({ length: BATCHES }, () => Array.from({ length: BATCH }, () => row(keys, Date.now())));
    const cpu = process.cpuUsage();
    const server = serverCpu();
    const start = performance.now();
    for (const batch of batches) await records.insertRows(batch);
    const elapsed = (performance.now() - start) * 1000;
    const { user, system } = process.cpuUsage(cpu);
    const rows = BATCH * BATCHES;
    best.elapsed = Math.min(best.elapsed, elapsed / rows);
    best.own = Math.min(best.own, (user + system) / rows);
    best.server = Math.min(best.server, (serverCpu() - server) / rows);
  }
  const show = (us) => us.toFixed(1).padStart(6);
  console.log(
    `${String(keys).padStart(4)} keys a batch of ${BATCH}: elapsed ${show(best.elapsed)} µs  this process ${show(best.own)} µs  server ${show(best.server)} µs a row`,
  );
}
await source.destroy();
await home.close();
rmSync(directory, { recursive: true });

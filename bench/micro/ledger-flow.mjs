/**
 * Whether the database keeps up with settled calls: for ten seconds calls begin and end at a steady rate in this process, the
 * journal takes them and the writer moves them into the database. Reports what was reached, how far the database was behind at
 * worst, how long the event loop was held up, and CPU a call: of this process (all threads), of its event loop, of the server.
 * DATABASE_URL (or TEST_DATABASE_URL) names an empty database; without it the embedded one is measured.
 * Run after a build: `node scripts/local-servers.mjs -- node bench/micro/ledger-flow.mjs [calls a second: 10000] [keys: 200]`.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { loadConfig } from '../../dist/src/config/load-config.js';
import { uuidv7 } from '../../dist/src/infra/crypto/uuid-v7.js';
import { homeOf } from '../../dist/src/infra/database/home-of.js';
import { bringUp } from '../../dist/src/infra/database/migrate.js';
import { CallRecordRepository } from '../../dist/src/ledger/call-record.repository.js';
import { InstanceDirectory } from '../../dist/src/ledger/instance-directory.js';
import { Journal } from '../../dist/src/ledger/journal.js';
import { LedgerWriter } from '../../dist/src/ledger/ledger-writer.js';
import { sampleRecord } from './sample-record.mjs';

const RATE = Number(process.argv[2] ?? 10_000);
const KEYS = Number(process.argv[3] ?? 200);
const SECONDS = 10;
const TICK_MS = 5;
const log = { log() {}, warn: console.error, error: console.error };
const directory = mkdtempSync(join(tmpdir(), 'ledger-flow-'));
const url = process.env.DATABASE_URL ?? process.env.TEST_DATABASE_URL;
const config = loadConfig({ OMNI_DATA_DIR: directory, ...(url === undefined ? {} : { DATABASE_URL: url }) });
const home = homeOf(config);
await home.start();
await bringUp(home);
const source = await new DataSource(home.dataSourceOptions()).initialize();
const sink = new CallRecordRepository(source);
const root = join(directory, 'journal');
const own = await InstanceDirectory.create(root, Date.now());
const journal = new Journal({ directory: own.path, maxBytes: 4 * 1024 ** 3, log });
journal.start();
const writer = new LedgerWriter({ journal, home: own, root, sink, log });
writer.start();

const ids = Array.from({ length: KEYS }, () => uuidv7(1_763_000_000_000));
const nothing = () => undefined;
let n = 0;
function call() {
  n += 1;
  const key = n % KEYS;
  const now = Date.now();
  const record = sampleRecord(n, now, {
    id: uuidv7(now),
    org_id: ids[key % 3],
    project_id: ids[key % 20],
    key_id: ids[key],
    model: ['gpt-4o-mini', 'claude-haiku', 'gemini-flash'][key % 3],
    backend_id: ids[0],
  });
  journal.begin(record, nothing);
  journal.append(record);
}

/** Calls at the rate for `seconds`; how many the database was behind at worst. */
async function run(seconds) {
  const began = performance.now();
  const first = n;
  let behind = 0;
  for (let elapsed = 0; elapsed < seconds * 1000; elapsed = performance.now() - began) {
    while (n - first < (elapsed * RATE) / 1000) call();
    behind = Math.max(behind, journal.endedCalls - journal.settledCalls);
    await sleep(TICK_MS);
  }
  return { calls: n - first, behind, ms: performance.now() - began };
}

/** CPU so far of the server's processes that serve this database, ms; 0 where they cannot be seen. */
function serverCpu() {
  if (url === undefined) return 0;
  const name = new URL(url).pathname.slice(1);
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (!title.startsWith('postgres:') || !title.includes(` ${name} `)) continue;
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // It has ended meanwhile.
    }
  }
  return ticks * 10;
}

await run(2);
await writer.caughtUp(30_000);
const delays = monitorEventLoopDelay({ resolution: 1 });
delays.enable();
const cpu = process.cpuUsage();
const loop = performance.eventLoopUtilization();
const server = serverCpu();
const { calls, behind, ms } = await run(SECONDS);
const caughtUpFrom = performance.now();
if (!(await writer.caughtUp(60_000))) throw new Error('the database did not catch up within a minute');
const catchUpMs = performance.now() - caughtUpFrom;
const { user, system } = process.cpuUsage(cpu);
const { active } = performance.eventLoopUtilization(loop);
const [{ count }] = await source.query('SELECT count(*)::integer count FROM call_records');
if (count !== n) throw new Error(`${n} calls, ${count} records`);
const us = (total) => (total / calls).toFixed(1);
console.log(
  `${Math.round((calls / ms) * 1000)} settled calls a second for ${(ms / 1000).toFixed(1)} s, all in the database`,
);
console.log(`behind by ${behind} calls at worst, by none ${catchUpMs.toFixed(0)} ms after the last`);
console.log(
  `event loop held up: median ${(delays.percentile(50) / 1e6).toFixed(1)} ms, p99 ${(delays.percentile(99) / 1e6).toFixed(1)} ms, worst ${(delays.max / 1e6).toFixed(1)} ms`,
);
console.log(
  `a call: ${us(user + system)} µs CPU of this process (its event loop busy ${us(active * 1000)}), ${us((serverCpu() - server) * 1000)} µs of the server`,
);
await writer.stop(10_000);
journal.close();
await source.destroy();
await home.close();
rmSync(directory, { recursive: true });

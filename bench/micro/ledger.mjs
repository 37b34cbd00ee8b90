/**
 * What a call costs in the journal: nanoseconds of the caller's tick and of the write that ends the turn, for several
 * numbers of calls a turn. With a directory as argument the files are written there, else in the temporary directory.
 * Run after a build: `node bench/micro/ledger.mjs [directory]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal } from '../../dist/src/ledger/journal.js';
import { uuidv7 } from '../../dist/src/infra/crypto/uuid-v7.js';

const ROUNDS = 5;
const CALLS = 20_000;
const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'ledger-bench-'));
const log = { log() {}, warn() {}, error: console.error };
const journal = new Journal({ directory, maxBytes: 4 * 1024 ** 3, log });
journal.start();

const ids = Array.from({ length: 8 }, () => uuidv7(1_763_000_000_000));
const record = (n) => ({
  id: uuidv7(1_763_000_000_000 + n),
  request_id: `req-${n}-5f0c9a7be21d`,
  started_at: new Date(1_763_000_000_000 + n).toISOString(),
  org_id: ids[0],
  project_id: ids[n % 4],
  key_id: ids[n % 8],
  key_prefix: 'og-1a2b3c4d',
  path: '/v1/chat/completions',
  model: 'gpt-4o-mini',
  upstream_model: 'gpt-4o-mini-2024-07-18',
  provider: 'openai',
  backend_id: ids[7],
  status: 200,
  outcome: 'ok',
  error_kind: null,
  stream: n % 2 === 0,
  attempts: 1,
  fallback: false,
  prompt_tokens: 231 + (n % 100),
  completion_tokens: 120 + (n % 77),
  total_tokens: 351 + (n % 100),
  cached_tokens: 0,
  reasoning_tokens: 0,
  usage_source: 'upstream',
  duration_ms: 812.345 + (n % 100),
  ttft_ms: 102.123,
  upstream_ms: 800.512,
  cost_nano_dollars: '123450',
  finish_reason: 'stop',
  input_hash: 'a3'.repeat(32),
  metadata: n % 5 === 0 ? { team: 'search', env: 'prod' } : null,
});

const turn = () => new Promise((resolve) => setImmediate(resolve));
const nothing = () => undefined;

/** Nanoseconds per call: in `begin`, in `append`, and in the writes, each call having one of both. */
async function round(records, perTurn) {
  let begin = 0n;
  let append = 0n;
  let write = 0n;
  for (let from = 0; from < records.length; from += perTurn) {
    const some = records.slice(from, from + perTurn);
    const t0 = process.hrtime.bigint();
    for (const r of some) journal.begin(r, nothing);
    const t1 = process.hrtime.bigint();
    for (const r of some) journal.append(r);
    const t2 = process.hrtime.bigint();
    journal.flush();
    const t3 = process.hrtime.bigint();
    begin += t1 - t0;
    append += t2 - t1;
    write += t3 - t2;
    if (from % 1000 < perTurn) {
      await turn();
      for (let batch = await journal.take(2000); batch !== null; batch = await journal.take(2000)) batch.confirm();
    }
  }
  return [begin, append, write].map((total) => Number(total) / records.length);
}

for (const perTurn of [1, 10, 100]) {
  const best = [Infinity, Infinity, Infinity];
  for (let i = 0; i < ROUNDS; i += 1) {
    const figures = await round(
      Array.from({ length: CALLS }, (_unused, n) => record(i * CALLS + n)),
      perTurn,
    );
    figures.forEach((figure, at) => (best[at] = Math.min(best[at], figure)));
  }
  const [begin, append, write] = best.map((figure) => figure.toFixed(0).padStart(6));
  console.log(
    `${String(perTurn).padStart(4)} calls a turn: begin ${begin} ns  append ${append} ns  write of both ${write} ns`,
  );
}
journal.close();
rmSync(directory, { recursive: true });

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
import { sampleRecord } from './sample-record.mjs';

const ROUNDS = 5;
const CALLS = 20_000;
const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'ledger-bench-'));
const log = { log() {}, warn() {}, error: console.error };
const journal = new Journal({ directory, maxBytes: 4 * 1024 ** 3, log });
journal.start();

const ids = Array.from({ length: 8 }, () => uuidv7(1_763_000_000_000));
const record = (n) =>
  sampleRecord(n, 1_763_000_000_000 + n, {
    id: uuidv7(1_763_000_000_000 + n),
    org_id: ids[0],
    project_id: ids[n % 4],
    key_id: ids[n % 8],
    backend_id: ids[7],
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

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { aCallRecord, beginningOf } from '../../test/support/call-records.js';
import { InstanceDirectory } from './instance-directory.js';
import { Journal } from './journal.js';
import { LedgerWriter, type LedgerSink, type LedgerWriterOptions } from './ledger-writer.js';
import { rowId } from './record-row.js';

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

class FakeLedger implements LedgerSink {
  readonly rows = new Map<string, string>();
  readonly batches: number[] = [];
  readonly partitionedAt: number[] = [];
  down = false;
  partitionFailure: string | null = null;
  hang: Promise<void> | null = null;

  async insertRows(rows: readonly string[]): Promise<void> {
    await this.hang;
    if (this.down) throw new Error('connect ECONNREFUSED');
    this.batches.push(rows.length);
    for (const row of rows) this.rows.set(rowId(row), row);
  }

  ensurePartitions(nowMs: number): Promise<void> {
    this.partitionedAt.push(nowMs);
    const code = this.partitionFailure;
    return code === null ? Promise.resolve() : Promise.reject(Object.assign(new Error(code), { code }));
  }

  stateOf(error: unknown): string | null {
    return (error as { code?: string }).code ?? null;
  }
}

describe('the ledger writer', () => {
  let root: string;
  let ledger: FakeLedger;
  let stop: (() => Promise<void>)[];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'writer-'));
    ledger = new FakeLedger();
    stop = [];
  });
  afterEach(async () => {
    for (const end of stop) await end();
    rmSync(root, { recursive: true, force: true });
  });

  async function running(options: Partial<LedgerWriterOptions> = {}, queueRows = 20_000) {
    const home = await InstanceDirectory.create(root, Date.now());
    const journal = new Journal({
      directory: home.path,
      maxBytes: 1 << 30,
      log: silent,
      segmentBytes: 1 << 20,
      queueRows,
    });
    journal.start();
    const writer = new LedgerWriter({ journal, home, root, sink: ledger, log: silent, flushMs: 20, ...options });
    writer.start();
    let over = false;
    const end = async (timeoutMs = 2000) => {
      if (over) return;
      over = true;
      await writer.stop(timeoutMs);
      await home.release(journal.close() && writer.status().leftovers === 0);
    };
    stop.push(end);
    return { home, journal, writer, end };
  }

  async function until(condition: () => boolean): Promise<void> {
    for (let waitedMs = 0; !condition(); waitedMs += 5) {
      if (waitedMs > 10_000) throw new Error('it did not come true within 10 s');
      await sleep(5);
    }
  }

  it('writes records that come together in one batch', async () => {
    const { journal } = await running();
    for (let i = 0; i < 50; i += 1) journal.append(aCallRecord());
    await until(() => ledger.rows.size === 50);
    expect(ledger.batches).toEqual([50]);
    expect(ledger.partitionedAt).toHaveLength(1);
  });

  it('writes at once when many wait, in batches of bounded size', async () => {
    const { journal } = await running({ flushMs: 60_000 });
    for (let turn = 0; turn < 50; turn += 1) {
      for (let i = 0; i < 100; i += 1) journal.append(aCallRecord());
      await sleep(0);
    }
    await until(() => ledger.rows.size >= 4000);
    expect(Math.max(...ledger.batches)).toBeLessThanOrEqual(2000);
    expect(journal.status().recordsWaiting).toBeLessThanOrEqual(1000);
  });

  it('keeps 100,000 records for an absent database with bounded memory and delivers each when it is back', async () => {
    const { journal, writer } = await running({}, 2000);
    ledger.down = true;
    let most = 0;
    for (let turn = 0; turn < 1000; turn += 1) {
      for (let i = 0; i < 100; i += 1) journal.append(aCallRecord());
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, journal['rowsInMemory']);
    }
    expect(most).toBeLessThanOrEqual(2000);
    expect(journal.status().recordsWaiting).toBe(100_000);
    await until(() => writer.status().failure !== null);
    ledger.down = false;
    await until(() => ledger.rows.size === 100_000);
    expect(journal.status()).toMatchObject({ recordsWaiting: 0, unrecorded: 0, skipped: 0 });
    expect(ledger.batches.reduce((sum, rows) => sum + rows, 0)).toBe(100_000);
  });

  it('writes what is waiting before it stops, and removes the journal', async () => {
    const { journal, end } = await running({ flushMs: 60_000 });
    for (let i = 0; i < 10; i += 1) journal.append(aCallRecord());
    journal.flush();
    await end();
    expect(ledger.rows.size).toBe(10);
    expect(readdirSync(root)).toEqual([]);
  });

  it('stops in time although the database hangs, and leaves the records to the next process', async () => {
    const first = await running();
    let release: () => void = () => undefined;
    ledger.hang = new Promise((resolve) => (release = resolve));
    first.journal.append(aCallRecord());
    await sleep(50);
    const before = performance.now();
    await first.end(100);
    expect(performance.now() - before).toBeLessThan(1000);
    expect(readdirSync(root)).toHaveLength(1);
    ledger.hang = null;
    release();
    ledger.rows.clear();
    await running();
    await until(() => ledger.rows.size === 1);
  });

  it('gives the running calls of a dead process a record each, while its own calls go on', async () => {
    const dead = await InstanceDirectory.create(root, Date.now());
    const left = new Journal({ directory: dead.path, maxBytes: 1 << 20, log: silent });
    left.start();
    const [ended, died] = [aCallRecord(), aCallRecord()];
    left.begin(beginningOf(ended), () => undefined);
    left.begin(beginningOf(died), () => undefined);
    left.append(ended);
    left.flush();
    left.close();
    await dead.release(false);
    const { journal, writer } = await running({ adoptMs: 20 });
    const own = aCallRecord();
    journal.append(own);
    await until(() => ledger.rows.size === 3 && writer.status().leftovers === 0);
    expect(ledger.rows.get(died.id)).toContain('\tdied\t');
    expect(ledger.rows.get(ended.id)).toContain('\tok\t');
    expect(journal.status().adoptedBytes).toBe(0);
    expect(readdirSync(root)).toHaveLength(1);
  });

  it('tells of what a dead process left, and of what that had brought itself just before', async () => {
    const first = await running();
    const [brought, died] = [aCallRecord(), aCallRecord()];
    first.journal.begin(beginningOf(died), () => undefined);
    first.journal.append(brought);
    await until(() => first.journal.settledCalls === 1);
    await first.end();
    ledger.rows.clear();
    const told: string[] = [];
    const { writer } = await running();
    writer.onAdopted = (rows) => told.push(...rows.map(rowId));
    await until(() => told.length === 2);
    expect(told.sort()).toEqual([brought.id, died.id].sort());
    expect([...ledger.rows.keys()]).toEqual([died.id]);
  });

  it('makes partitions once a month, and writes on when they cannot be made', async () => {
    let now = Date.parse('2026-11-30T23:59:00Z');
    ledger.partitionFailure = '42501';
    const { journal } = await running({ nowMs: () => now });
    const write = async () => {
      const count = ledger.rows.size + 1;
      journal.append(aCallRecord());
      await until(() => ledger.rows.size === count);
    };
    await write();
    await write();
    expect(ledger.partitionedAt).toHaveLength(1);
    ledger.partitionFailure = null;
    now = Date.parse('2026-12-01T01:00:00Z');
    await write();
    await write();
    expect(ledger.partitionedAt).toHaveLength(2);
    now = Date.parse('2027-01-01T00:00:00Z');
    await write();
    expect(ledger.partitionedAt).toHaveLength(3);
  });
});

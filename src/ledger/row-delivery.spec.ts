import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeliveryStopped, RowDelivery, type RowSink } from './row-delivery.js';

class FakeDatabase implements RowSink {
  rows: string[] = [];
  failures: string[] = [];
  poison = new Set<string>();
  calls = 0;

  insertRows(rows: readonly string[]): Promise<void> {
    this.calls += 1;
    const failure = this.failures.shift() ?? (rows.some((row) => this.poison.has(row)) ? '22P02' : null);
    if (failure !== null) return Promise.reject(Object.assign(new Error(`failed with ${failure}`), { code: failure }));
    this.rows.push(...rows);
    return Promise.resolve();
  }

  stateOf(error: unknown): string | null {
    return (error as { code: string }).code;
  }
}

describe('row delivery', () => {
  let directory: string;
  let database: FakeDatabase;
  let pauses: number[];
  let delivery: RowDelivery;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'delivery-'));
    database = new FakeDatabase();
    pauses = [];
    delivery = new RowDelivery(database, {
      rejectedFile: join(directory, 'rejected.log'),
      log: { log: () => undefined, warn: () => undefined, error: () => undefined },
      pause: (ms) => {
        pauses.push(ms);
        return Promise.resolve();
      },
      random: () => 1,
    });
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('tries again, less and less often, for as long as the database is away', async () => {
    database.failures = ['08006', '57P01', 'ECONNREFUSED', '53300', '40001', '42P01', 'x', 'x', 'x'];
    await delivery.deliver(['a', 'b']);
    expect(database.rows).toEqual(['a', 'b']);
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    expect(delivery).toMatchObject({ delivered: 2, rejected: 0, failure: null });
  });

  it('puts the rows aside that the database refuses and delivers all others in order', async () => {
    const rows = Array.from({ length: 1000 }, (_unused, i) => `row ${i}`);
    database.poison = new Set(['row 0', 'row 500', 'row 999']);
    await delivery.deliver(rows);
    expect(database.rows).toEqual(rows.filter((row) => !database.poison.has(row)));
    expect(delivery).toMatchObject({ delivered: 997, rejected: 3 });
    const aside = readFileSync(join(directory, 'rejected.log'), 'utf8').trim().split('\n');
    expect(aside.map((line) => (JSON.parse(line) as { row: string }).row)).toEqual(['row 0', 'row 500', 'row 999']);
    expect(database.calls).toBeLessThan(70);
  });

  it('gives up when it is told to, and says so', async () => {
    database.failures = ['08006', '08006', '08006'];
    const delivering = delivery.deliver(['a']);
    delivery.stopped = true;
    await expect(delivering).rejects.toBeInstanceOf(DeliveryStopped);
    expect(delivery.failure).toContain('08006');
  });
});

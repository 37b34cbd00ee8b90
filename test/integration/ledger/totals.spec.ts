import type { DataSource } from 'typeorm';
import { AddDailyUsage1760000000007 } from '../../../migrations/1760000000007-add-daily-usage.js';
import { uuidv7 } from '../../../src/infra/crypto/uuid-v7.js';
import { CallRecordRepository } from '../../../src/ledger/call-record.repository.js';
import { CALL_OUTCOMES, type CallRecord } from '../../../src/ledger/call-record.js';
import { encodeRecord } from '../../../src/ledger/record-row.js';
import { SpendTotals } from '../../../src/ledger/spend-totals.repository.js';
import { aCallRecord } from '../../support/call-records.js';
import { describeEachDatabase } from '../../support/databases.js';
import { seeded } from '../../support/seeded-random.js';
import { expectTotalsToFitRecords } from './totals-oracle.js';

const START = Date.parse('2026-11-05T22:50:00Z');
const ORG = '01900000-0000-7000-8000-000000000001';

/** Calls of a few keys over some hours and days, with everything that may be missing missing now and then. */
function randomRecords(count: number, random: () => number): CallRecord[] {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  return Array.from({ length: count }, () => {
    const startedAtMs = START + Math.floor(random() * 4 * 3_600_000);
    const key = pick([1, 2, 3, 4]);
    return aCallRecord({
      id: uuidv7(startedAtMs),
      started_at: new Date(startedAtMs).toISOString(),
      org_id: pick([ORG, ORG, '01900000-0000-7000-8000-0000000000aa', null]),
      project_id: pick(['01900000-0000-7000-8000-0000000000b1', '01900000-0000-7000-8000-0000000000b2', null]),
      key_id: key === 4 ? null : `01900000-0000-7000-8000-0000000000c${key}`,
      key_prefix: pick([`og-${key}`, null]),
      model: pick(['small', 'a "b" \\ c', 'x'.repeat(400), null]),
      provider: pick(['openai', null]),
      outcome: pick(CALL_OUTCOMES),
      status: pick([200, 200, 200, 404]),
      prompt_tokens: Math.floor(random() * 2_000_000_000),
      completion_tokens: Math.floor(random() * 1000),
      cached_tokens: Math.floor(random() * 10),
      duration_ms: Math.round(random() ** 4 * 1e9) / 1000,
      ttft_ms: pick([null, Math.round(random() * 1e6) / 1000]),
      cost_nano_dollars: pick([null, '0', '1', '999999999999999', '9007199254740993', '12345678901234567']),
      spend_day: pick(['2026-11-05', '2026-11-06', null]),
      price_source: pick(['published', 'unknown', null]),
    });
  });
}

describe('spend totals and rollups', () => {
  describeEachDatabase((database) => {
    let source: DataSource;
    let records: CallRecordRepository;

    beforeAll(async () => {
      source = await database.dataSource();
      records = new CallRecordRepository(source);
    }, 60_000);
    beforeEach(async () => {
      await source.query('TRUNCATE call_records, spend_totals, usage_rollups, usage_days, price_cards');
    });

    it('are what the records add up to, whatever batches and repeats they came in', async () => {
      const random = seeded(42);
      const all = randomRecords(600, random);
      for (let i = 0; i < 25; i += 1) {
        const from = Math.floor(random() * all.length);
        const batch = all.slice(from, from + Math.floor(random() * 120));
        // Some twice within the batch too.
        await records.insertBatch(i % 5 === 0 ? [...batch, ...batch.slice(0, 7)] : batch);
      }
      await records.insertBatch(all);
      expect(await records.count()).toBe(all.length);
      await expectTotalsToFitRecords(source);
    }, 60_000);

    it('say what was spent by day and by month, exactly beyond what numbers hold', async () => {
      const day = (spend_day: string, cost: string): CallRecord => aCallRecord({ spend_day, cost_nano_dollars: cost });
      await records.insertBatch([
        day('2026-11-05', '9007199254740993'),
        day('2026-11-05', '9007199254740993'),
        day('2026-11-30', '1'),
        day('2026-12-01', '5'),
      ]);
      const totals = new SpendTotals(source);
      expect(await totals.spent('org', ORG, '2026-11-05')).toBe(18014398509481986n);
      expect(await totals.spent('org', ORG, '2026-11')).toBe(18014398509481987n);
      expect(await totals.spent('key', '01900000-0000-7000-8000-000000000003', '2026-12')).toBe(5n);
      expect(await totals.spent('project', ORG, '2026-12')).toBe(0n);
      await expect(totals.spent('org', ORG, '2026')).rejects.toThrow(RangeError);
    });

    it('count a record without a day of its own on its day in UTC', async () => {
      await records.insertBatch([aCallRecord({ started_at: '2026-11-05T23:59:59.999Z', spend_day: null })]);
      expect(await new SpendTotals(source).spent('org', ORG, '2026-11-05')).toBe(123450n);
    });

    it('fail together with the records', async () => {
      await source.query(`ALTER TABLE usage_rollups ADD CONSTRAINT none CHECK (calls < 2)`);
      try {
        await expect(records.insertBatch([aCallRecord(), aCallRecord()])).rejects.toThrow();
      } finally {
        await source.query(`ALTER TABLE usage_rollups DROP CONSTRAINT none`);
      }
      expect(await records.count()).toBe(0);
      await expectTotalsToFitRecords(source);
    });

    it('are made by the day from those by the hour where there were only these', async () => {
      const zone = 'Europe/Berlin';
      await source.query(
        `INSERT INTO organisations (id, name, time_zone) VALUES ($1, 'Berlin', $2), ($3, 'Mars', 'Mars/Olympus')`,
        [ORG, zone, '01900000-0000-7000-8000-0000000000aa'],
      );
      const berlin = new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' });
      const all = randomRecords(400, seeded(5)).map((record) => ({
        ...record,
        spend_day: record.org_id === ORG ? berlin.format(Date.parse(record.started_at)) : null,
      }));
      await records.insertBatch(all);
      await expectTotalsToFitRecords(source);
      const runner = source.createQueryRunner();
      const migration = new AddDailyUsage1760000000007();
      try {
        await migration.down(runner);
        await migration.up(runner);
      } finally {
        await runner.release();
      }
      await expectTotalsToFitRecords(source);
      await records.insertBatch(randomRecords(50, seeded(6)));
      await expectTotalsToFitRecords(source);
    });

    it('are written by two at once without waiting for each other in a circle', async () => {
      const random = seeded(7);
      const all = randomRecords(1500, random);
      const batches = Array.from({ length: 30 }, (_unused, i) => all.slice(i * 50, i * 50 + 50));
      const other = new CallRecordRepository(source);
      const faults: unknown[] = [];
      const write = async (repository: CallRecordRepository, mine: CallRecord[][]): Promise<void> => {
        for (const batch of mine) {
          await repository.insertBatch(batch).catch((error: unknown) => faults.push(error));
        }
      };
      await Promise.all([
        write(records, batches.slice(0, 15)),
        write(
          other,
          batches.slice(15).map((batch) => batch.toReversed()),
        ),
        write(other, batches.slice(5, 10)),
      ]);
      // The same records from two at once may collide: that is repeated by the writer, as here.
      for (const batch of batches) await records.insertBatch(batch);
      expect(faults.filter((error) => records.stateOf(error) === '40P01')).toEqual([]);
      expect(await records.count()).toBe(all.length);
      await expectTotalsToFitRecords(source);
    }, 60_000);

    it('keep each price once, and the records name it', async () => {
      const price = JSON.stringify({ id: 'own', usd_per_million: { input: '1.5' }, model: 'a\\b "c"' });
      const priced = aCallRecord({ price_id: 'P1', price_source: 'own' });
      await records.insertRows([encodeRecord(priced, price), encodeRecord(aCallRecord({ price_id: 'P1' }), price)]);
      await records.insertRows([encodeRecord(aCallRecord({ price_id: 'P1' }), price), encodeRecord(priced, price)]);
      const cards = await source.query<{ id: string; card: object }[]>('SELECT id, card FROM price_cards');
      expect(cards).toEqual([{ id: 'P1', card: JSON.parse(price) as object }]);
      expect(await records.count()).toBe(3);
    });
  });
});

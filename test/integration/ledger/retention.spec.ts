import type { DataSource } from 'typeorm';
import type { Config } from '../../../src/config/config.js';
import { CallRecordRepository } from '../../../src/ledger/call-record.repository.js';
import { RetentionRepository } from '../../../src/ledger/retention.repository.js';
import { Retention } from '../../../src/ledger/retention.service.js';
import { aCallRecord } from '../../support/call-records.js';
import { describeEachDatabase } from '../../support/databases.js';

const at = (iso: string): number => Date.parse(iso);

describe('retention', () => {
  describeEachDatabase((database) => {
    let source: DataSource;
    let records: CallRecordRepository;

    beforeAll(async () => {
      source = await database.dataSource();
      records = new CallRecordRepository(source);
      await records.ensurePartitions(at('2026-01-15T00:00:00Z'));
      await records.ensurePartitions(at('2026-03-15T00:00:00Z'));
    }, 60_000);
    beforeEach(async () => {
      await source.query('TRUNCATE call_records, usage_rollups, usage_days, spend_totals');
      await records.ensurePartitions(at('2026-01-15T00:00:00Z'));
      await records.insertBatch(DAYS.map((day) => aCallRecord({ started_at: `${day}T12:00:00.000Z` })));
    });

    // The last one's month has no partition: it lies in the default one.
    const DAYS = ['2026-01-31', '2026-02-01', '2026-02-28', '2026-03-01', '2026-04-02', '2025-06-01'];
    const keeping = (recordRetentionDays: number, rollupRetentionDays: number): Retention =>
      new Retention(new RetentionRepository(source), {
        ledger: { recordRetentionDays, rollupRetentionDays },
      } as Config);
    const daysLeft = async (): Promise<string[]> => {
      const rows = await source.query<{ day: string }[]>(
        `SELECT (started_at AT TIME ZONE 'UTC')::date::text AS day FROM call_records ORDER BY 1`,
      );
      return rows.map(({ day }) => day);
    };
    const count = async (table: string): Promise<number> =>
      (await source.query<{ n: number }[]>(`SELECT count(*)::integer n FROM ${table}`))[0]?.n ?? 0;

    it('drops months that are old as a whole, and no day of any other', async () => {
      // 30 days before is 28 February, so that February is not over.
      await keeping(30, 0).apply(at('2026-03-30T00:00:00Z'));
      expect(await daysLeft()).toEqual(['2026-02-01', '2026-02-28', '2026-03-01', '2026-04-02']);
      await keeping(30, 0).apply(at('2026-03-31T00:00:00Z'));
      expect(await daysLeft()).toEqual(['2026-03-01', '2026-04-02']);
      expect(await source.query(`SELECT to_regclass('call_records_2026_02') AS name`)).toEqual([{ name: null }]);
    });

    it('leaves the figures of dropped records', async () => {
      await keeping(30, 0).apply(at('2026-05-02T00:00:00Z'));
      expect(await daysLeft()).toEqual(['2026-04-02']);
      expect(await count('usage_rollups')).toBe(DAYS.length);
      expect(await count('spend_totals')).toBe(3 * DAYS.length);
    });

    it('removes figures when they are old themselves', async () => {
      await keeping(0, 60).apply(at('2026-04-02T12:00:00Z'));
      expect(await daysLeft()).toHaveLength(DAYS.length);
      expect(await count('usage_rollups')).toBe(4);
      expect(await count('usage_days')).toBe(4);
      expect(await count('spend_totals')).toBe(3 * 4);
    });

    it('keeps everything for ever when told so', async () => {
      await keeping(0, 0).apply(at('2046-01-01T00:00:00Z'));
      expect(await daysLeft()).toHaveLength(DAYS.length);
      expect(await count('usage_rollups')).toBe(DAYS.length);
    });

    it('may be looked after by several at once', async () => {
      await Promise.all(
        [1, 2, 3].map(() =>
          keeping(30, 30)
            .apply(at('2026-05-02T00:00:00Z'))
            .catch(() => undefined),
        ),
      );
      await keeping(30, 30).apply(at('2026-05-02T00:00:00Z'));
      expect(await daysLeft()).toEqual(['2026-04-02']);
    });
  });
});

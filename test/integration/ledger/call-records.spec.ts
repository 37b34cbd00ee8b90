import { aCallRecord } from '../../support/call-records.js';
import { describeEachDatabase } from '../../support/databases.js';
import type { CallRecord } from '../../../src/ledger/call-record.js';
import { CallRecordRepository } from '../../../src/ledger/call-record.repository.js';
import { uuidv7 } from '../../../src/infra/crypto/uuid-v7.js';
import type { DataSource } from 'typeorm';
import { CreateLedger1760000000003 } from '../../../migrations/1760000000003-create-ledger.js';
import { MIGRATIONS } from '../../../migrations/index.js';

const at = (iso: string): number => Date.parse(iso);
const series = (count: number, overrides: (i: number) => Partial<CallRecord> = () => ({})): CallRecord[] =>
  Array.from({ length: count }, (_unused, i) =>
    aCallRecord({ started_at: new Date(at('2026-11-05T12:00:00Z') + i * 1000).toISOString(), ...overrides(i) }),
  );

describe('call records', () => {
  describeEachDatabase((database) => {
    let source: DataSource;
    let records: CallRecordRepository;

    beforeAll(async () => {
      source = await database.dataSource();
      records = new CallRecordRepository(source);
    }, 60_000);
    beforeEach(async () => {
      await source.query('TRUNCATE call_records');
    });

    const partitions = async (): Promise<string[]> => {
      const rows = await source.query<{ name: string }[]>(
        `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'call_records'::regclass ORDER BY 1`,
      );
      return rows.map(({ name }) => name);
    };

    it('come back as they were written', async () => {
      const record = aCallRecord({
        model: 'back\\slash \\N "quoted"',
        request_id: "it's äöü 漢字 😀",
        metadata: { team: 'a "b" \\ \n', leer: '' },
        ttft_ms: null,
        finish_reason: '',
        cost_nano_dollars: '9007199254740993',
        duration_ms: 12.345,
      });
      const empty = aCallRecord({ org_id: null, key_id: null, model: null, error_kind: 'internal_error', status: 500 });
      await records.insertBatch([record, empty]);
      const { records: found } = await records.list({}, { limit: 10 });
      expect(found).toHaveLength(2);
      expect(found).toEqual(expect.arrayContaining([record, empty]));
    });

    it('are inserted once, however often and in whatever mixture they come', async () => {
      const all = series(300, (i) => ({ metadata: i % 7 === 0 ? { path: 'C:\\x' } : null }));
      await records.insertBatch(all.slice(0, 200));
      await records.insertBatch(all.slice(100));
      await records.insertBatch(all);
      expect(await records.count()).toBe(300);
      const { records: found } = await records.list({}, { limit: 1000 });
      expect(found).toEqual([...all].reverse());
    });

    it('are inserted all or not at all', async () => {
      const error = await records
        .insertBatch([aCallRecord(), aCallRecord({ org_id: 'not-a-uuid' }), aCallRecord()])
        .catch((failure: unknown) => failure);
      expect(records.stateOf(error)).toBe('22P02');
      expect(await records.count()).toBe(0);
      await records.insertBatch([aCallRecord()]);
      expect(await records.count()).toBe(1);
    });

    it('are listed newest first, page by page, though others come in meanwhile', async () => {
      const all = series(25);
      await records.insertBatch(all);
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await records.list({}, { limit: 10, cursor });
        seen.push(...page.records.map(({ id }) => id));
        cursor = page.nextCursor;
        await records.insertBatch([aCallRecord({ started_at: '2026-11-06T00:00:00.000Z' })]);
      } while (cursor !== null);
      expect(seen).toEqual(all.map(({ id }) => id).reverse());
    });

    it('that began in the same millisecond are on one page each', async () => {
      await records.insertBatch(Array.from({ length: 7 }, () => aCallRecord()));
      const first = await records.list({}, { limit: 4 });
      const second = await records.list({}, { limit: 4, cursor: first.nextCursor });
      expect(new Set([...first.records, ...second.records].map(({ id }) => id)).size).toBe(7);
      expect(second.nextCursor).toBeNull();
    });

    it('are filtered by who called what, how it ended and when', async () => {
      const mine = uuidv7(1);
      await records.insertBatch(
        series(20, (i) => ({
          org_id: i < 10 ? mine : uuidv7(2),
          project_id: i === 3 ? mine : null,
          key_id: i === 4 ? mine : null,
          model: i === 5 ? 'large' : 'small',
          outcome: i === 6 ? 'hung_up' : 'ok',
        })),
      );
      const from = at('2026-11-05T12:00:02Z');
      expect(await records.count({ orgId: mine })).toBe(10);
      expect(await records.count({ orgId: mine, projectId: mine })).toBe(1);
      expect(await records.count({ keyId: mine })).toBe(1);
      expect(await records.count({ model: 'large' })).toBe(1);
      expect(await records.count({ outcome: 'hung_up' })).toBe(1);
      expect(await records.count({ fromMs: from, toMs: from + 3000 })).toBe(3);
      const page = await records.list({ orgId: mine, model: 'small' }, { limit: 100 });
      expect(page.records.map(({ id }) => id)).toHaveLength(9);
    });

    it('refuse a cursor that is not one of theirs', async () => {
      await expect(records.list({}, { limit: 1, cursor: 'nonsense' })).rejects.toThrow(RangeError);
    });

    it('are found by request id: one the gateway made at any age, one the caller chose for a week', async () => {
      const old = at('2026-03-01T00:00:00Z');
      const now = at('2026-11-05T13:00:00Z');
      const own = uuidv7(old);
      await records.insertBatch([
        aCallRecord({ request_id: own, started_at: new Date(old).toISOString() }),
        aCallRecord({ request_id: 'chosen' }),
        aCallRecord({ request_id: 'chosen', started_at: '2026-10-01T00:00:00.000Z' }),
      ]);
      expect(await records.findByRequestId(own, now)).toHaveLength(1);
      expect(await records.findByRequestId('chosen', now)).toHaveLength(1);
      expect(await records.findByRequestId('chosen', now, 0)).toHaveLength(2);
      expect(await records.findByRequestId('other', now)).toEqual([]);
    });

    it('find a partition of their month made ahead of time, by whichever replicas try at once', async () => {
      const december = at('2031-12-15T00:00:00Z');
      await Promise.all([1, 2, 3, 4].map(() => records.ensurePartitions(december)));
      const made = (await partitions()).filter((name) => /203[12]/.test(name));
      expect(made).toEqual(['call_records_2031_12', 'call_records_2032_01', 'call_records_2032_02']);
    });

    it('wait in the default partition when their month has none, and move when it gets one', async () => {
      const early = aCallRecord({ started_at: '2033-05-01T00:00:00.000Z' });
      const late = aCallRecord({ started_at: '2033-05-31T23:59:59.999Z' });
      await records.insertBatch([early, late]);
      const where = async () => {
        const rows = await source.query<{ name: string }[]>(
          `SELECT DISTINCT tableoid::regclass::text AS name FROM call_records`,
        );
        return rows.map(({ name }) => name);
      };
      expect(await where()).toEqual(['call_records_default']);
      await records.ensurePartitions(at('2033-05-10T00:00:00Z'));
      expect(await where()).toEqual(['call_records_2033_05']);
      await records.insertBatch([early, late]);
      expect(await records.count()).toBe(2);
    });

    it('leave nothing behind when their migrations are taken back, and can be made again', async () => {
      const runner = source.createQueryRunner();
      const first = MIGRATIONS.indexOf(CreateLedger1760000000003);
      const migrations = MIGRATIONS.slice(first).map((Migration) => new Migration());
      const left = async () =>
        (
          (await runner.query(
            `SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE 'call_record%')
                + (SELECT count(*) FROM pg_proc WHERE proname LIKE '%call_record%') AS n`,
          )) as { n: string }[]
        )[0]?.n;
      try {
        for (const migration of migrations.toReversed()) await migration.down(runner);
        expect(await left()).toBe('0');
        for (const migration of migrations) await migration.up(runner);
        expect(await partitions()).toContain('call_records_default');
        expect(await partitions()).toHaveLength(4);
      } finally {
        await runner.release();
      }
      await records.insertBatch([aCallRecord()]);
      expect(await records.count()).toBe(1);
    });
  });
});

import { DataSource } from 'typeorm';
import { uuidv7 } from '../../../src/infra/crypto/uuid-v7.js';
import { CallRecordRepository } from '../../../src/ledger/call-record.repository.js';
import type { CallRecord } from '../../../src/ledger/call-record.js';
import { SpendTotals } from '../../../src/ledger/spend-totals.repository.js';
import { ReRating } from '../../../src/usage/re-rating.service.js';
import { aCallRecord } from '../../support/call-records.js';
import { describeEachDatabase } from '../../support/databases.js';
import { seeded } from '../../support/seeded-random.js';
import { expectTotalsToFitRecords } from '../ledger/totals-oracle.js';
import { ENV, RegistryGateway } from '../registry/registry-gateway.js';

const START = Date.parse('2026-11-05T22:30:00Z');
const SPAN = { from: '2026-11-05T00:00:00Z', to: '2026-11-07T00:00:00Z' };
const ORG = '01900000-0000-7000-8000-000000000001';
const PROJECTS = ['01900000-0000-7000-8000-0000000000b1', '01900000-0000-7000-8000-0000000000b2'] as const;

describeEachDatabase((database) => {
  describe('re-rating', () => {
    let gateway: RegistryGateway;
    let source: DataSource;
    let priceId: string;
    const made = async (path: string, fields: object): Promise<{ id: string }> =>
      (await gateway.admin('POST', path, fields)).body as { id: string };

    beforeAll(async () => {
      gateway = await RegistryGateway.start(database.config);
      source = gateway.app.get(DataSource);
      await made('/providers', { name: 'acme', base_url: 'https://llm.acme.example/v1' });
    }, 60_000);
    afterAll(async () => {
      await gateway.close();
    }, 30_000);
    beforeEach(async () => {
      await source.query('TRUNCATE call_records, spend_totals, usage_rollups, usage_days, ledger_adjustments');
      if (priceId !== undefined) await gateway.admin('DELETE', `/prices/${priceId}`);
      priceId = (await made('/prices', { model: 'up-*', input: '1', output: '2' })).id;
    });

    /** Charged 1 USD a million in and 2 out, or nothing yet. */
    const calls = (count: number, overrides: Partial<CallRecord> = {}): CallRecord[] => {
      const random = seeded(count);
      return Array.from({ length: count }, (_unused, i) => {
        const startedAtMs = START + Math.floor(random() * 3 * 3_600_000);
        const [prompt, completion] = [Math.floor(random() * 1000), Math.floor(random() * 1000)];
        return aCallRecord({
          id: uuidv7(startedAtMs),
          started_at: new Date(startedAtMs).toISOString(),
          project_id: PROJECTS[i % 2] ?? null,
          provider: 'acme',
          upstream_model: 'up-1',
          prompt_tokens: prompt,
          completion_tokens: completion,
          total_tokens: prompt + completion,
          price_source: 'own',
          cost_nano_dollars: String(prompt * 1000 + completion * 2000),
          ...overrides,
        });
      });
    };
    const insert = (records: CallRecord[]): Promise<void> => gateway.app.get(CallRecordRepository).insertBatch(records);
    const price = (fields: object) => gateway.admin('PATCH', `/prices/${priceId}`, fields);
    const reRate = async (fields: object = {}) =>
      (await gateway.admin('POST', '/usage/re-rate', { ...SPAN, ...fields })).body;
    const sum = (records: CallRecord[], of: (record: CallRecord) => number): string =>
      records.reduce((total, record) => total + BigInt(of(record)), 0n).toString();

    it('charges the difference to the nano-dollar, tells it by project, and once', async () => {
      const records = calls(2300);
      for (let i = 0; i < records.length; i += 500) await insert(records.slice(i, i + 500));
      await price({ input: '2.5', output: '1' });
      const difference = sum(records, (r) => r.prompt_tokens * 1500 - r.completion_tokens * 1000);

      const dry = await reRate({ dry_run: true });
      expect(dry).toMatchObject({
        dry_run: true,
        records: 2300,
        difference_nano_dollars: difference,
        resume_from: null,
      });
      expect(await source.query('SELECT count(*)::integer n FROM ledger_adjustments')).toEqual([{ n: 0 }]);

      const done = await reRate();
      expect(done).toMatchObject({ records: 2300, difference_nano_dollars: difference });
      for (const project of PROJECTS) {
        const own = records.filter((record) => record.project_id === project);
        const expected = sum(own, (r) => r.prompt_tokens * 1500 - r.completion_tokens * 1000);
        const told = (done.projects as { project_id: string }[]).find((row) => row.project_id === project);
        expect(told).toMatchObject({ difference_nano_dollars: expected });
      }
      const charged = sum(records, (r) => r.prompt_tokens * 2500 + r.completion_tokens * 1000);
      expect((await gateway.app.get(SpendTotals).spent('org', ORG, '2026-11')).toString()).toBe(charged);
      await expectTotalsToFitRecords(source);

      expect(await reRate()).toMatchObject({ records: 2300, adjusted: 0, difference_nano_dollars: '0' });
      await price({ input: '1', output: '2' });
      expect(await reRate()).toMatchObject({ difference_nano_dollars: (-BigInt(difference)).toString() });
      await expectTotalsToFitRecords(source);
    }, 60_000);

    it('never changes a record', async () => {
      await insert(calls(20));
      const before = await source.query('SELECT * FROM call_records ORDER BY id');
      await price({ input: '9' });
      expect(await reRate()).toMatchObject({ adjusted: 20 });
      expect(await source.query('SELECT * FROM call_records ORDER BY id')).toEqual(before);
    });

    it('puts a price on calls nobody had one for, and leaves those alone that nobody has one for now', async () => {
      await insert([
        ...calls(5, { cost_nano_dollars: null, price_source: 'unknown' }),
        ...calls(3, { upstream_model: 'strange', cost_nano_dollars: '777' }),
        ...calls(2, { provider: 'gone', cost_nano_dollars: '777' }),
        ...calls(4, { usage_source: 'none', prompt_tokens: 0, completion_tokens: 0, cost_nano_dollars: null }),
      ]);
      expect(await reRate()).toMatchObject({ records: 10, adjusted: 5, unpriced: 5 });
      expect(await source.query('SELECT sum(unpriced_calls)::integer n FROM usage_rollups')).toEqual([{ n: 0 }]);
      expect(await reRate()).toMatchObject({ records: 10, adjusted: 0 });
    });

    it('goes on where it was broken off, and two at once charge once', async () => {
      const records = calls(2100);
      await insert(records.slice(0, 1100));
      await insert(records.slice(1100));
      await price({ input: '3' });
      const reRating = gateway.app.get(ReRating);
      const [fromMs, toMs] = [Date.parse(SPAN.from), Date.parse(SPAN.to)];
      const request = { fromMs, toMs, model: null, dryRun: false };
      const first = await reRating.run({ ...request, timeLimitMs: 0 });
      expect(first.records).toBe(1000);
      expect(first.resumeFromMs).not.toBeNull();
      await Promise.all([
        reRating.run({ ...request, timeLimitMs: null }),
        reRating.run({ ...request, fromMs: first.resumeFromMs ?? 0, timeLimitMs: null }),
      ]);
      const charged = sum(records, (r) => r.prompt_tokens * 3000 + r.completion_tokens * 2000);
      expect((await gateway.app.get(SpendTotals).spent('org', ORG, '2026-11')).toString()).toBe(charged);
      await expectTotalsToFitRecords(source);
    }, 60_000);

    it('keeps to its model and its time', async () => {
      await insert([...calls(3, { model: 'one' }), ...calls(3, { model: 'two' })]);
      await price({ input: '7' });
      expect(await reRate({ model: 'one' })).toMatchObject({ records: 3 });
      expect(await reRate({ to: '2026-11-05T01:00:00Z' })).toMatchObject({ records: 0 });
      expect((await gateway.admin('POST', '/usage/re-rate', { from: SPAN.to, to: SPAN.from })).status).toBe(400);
    });
  });
}, ENV);

import { uuidv7 } from '../../../src/infra/crypto/uuid-v7.js';
import { CallRecordRepository } from '../../../src/ledger/call-record.repository.js';
import type { CallRecord } from '../../../src/ledger/call-record.js';
import { UsageReports, type UsageReportView } from '../../../src/usage/usage-report.service.js';
import { aCallRecord } from '../../support/call-records.js';
import { describeEachDatabase } from '../../support/databases.js';
import { seeded } from '../../support/seeded-random.js';
import { ENV, RegistryGateway } from '../registry/registry-gateway.js';

const NOW = Date.parse('2026-11-21T09:30:00Z');
const HOUR = 3_600_000;
const ORG = '01900000-0000-7000-8000-000000000001';
const PROJECT = '01900000-0000-7000-8000-000000000002';

describeEachDatabase((database) => {
  describe('figures', () => {
    let gateway: RegistryGateway;
    let all: CallRecord[];

    beforeAll(async () => {
      gateway = await RegistryGateway.start(database.config);
      const random = seeded(3);
      all = Array.from({ length: 900 }, (_unused, i) => {
        const startedAtMs = NOW - 1 - Math.floor(random() ** 3 * 40 * 24 * HOUR);
        return aCallRecord({
          id: uuidv7(startedAtMs),
          started_at: new Date(startedAtMs).toISOString(),
          model: `m${i % 3}`,
          project_id: i % 4 === 0 ? '01900000-0000-7000-8000-0000000000b9' : PROJECT,
          org_id: i % 10 === 0 ? '01900000-0000-7000-8000-0000000000a9' : ORG,
          outcome: i % 5 === 0 ? 'upstream_failed' : 'ok',
          // Failures are slow: counted with the others they would show.
          duration_ms: i % 5 === 0 ? 60_000 : 100 + random() * 900,
          ttft_ms: i % 2 === 0 ? 50 : null,
          cost_nano_dollars: String(Math.floor(random() * 1e9)),
        });
      });
      await gateway.app.get(CallRecordRepository).insertBatch(all);
    }, 60_000);
    afterAll(async () => {
      await gateway.close();
    }, 30_000);

    const report = (question: object = {}, projectId: string | null = null): Promise<UsageReportView> =>
      gateway.app
        .get(UsageReports)
        .report(
          { scope: projectId === null ? 'org' : 'project', orgId: ORG, projectId, timeZone: 'UTC' },
          question,
          NOW,
        );
    const within = ({ range_from, range_to }: UsageReportView, projectId: string | null = null): CallRecord[] =>
      all.filter(
        (record) =>
          record.org_id === ORG &&
          (projectId === null || record.project_id === projectId) &&
          record.started_at >= range_from &&
          record.started_at < range_to,
      );
    const cost = (records: CallRecord[]): string =>
      records.reduce((sum, record) => sum + BigInt(record.cost_nano_dollars ?? 0), 0n).toString();

    it.each(['1h', '24h', '7d', '30d'] as const)('of the last %s are those of the records', async (range) => {
      for (const projectId of [null, PROJECT]) {
        const view = await report({ range }, projectId);
        const records = within(view, projectId);
        expect(records.length).toBeGreaterThan(5);
        expect(view.totals).toMatchObject({
          requests: records.length,
          cost_nano_dollars: cost(records),
          total_tokens: 46 * records.length,
          error_rate: records.filter(({ outcome }) => outcome !== 'ok').length / records.length,
        });
        for (const rows of [view.breakdown, view.timeseries]) {
          expect(rows.reduce((sum, row) => sum + row.requests, 0)).toBe(records.length);
          expect(rows.reduce((sum, row) => sum + BigInt(row.cost_nano_dollars), 0n).toString()).toBe(cost(records));
        }
        for (const { key, requests } of view.breakdown) {
          expect(requests).toBe(records.filter(({ model }) => model === key).length);
        }
        const mean = records.reduce((sum, record) => sum + record.duration_ms, 0) / records.length;
        expect(view.totals.avg_latency_ms).toBeCloseTo(mean, 1);
      }
    });

    it('begin and end with whole hours, by the minute exactly when asked', async () => {
      expect(await report({ range: '24h' })).toMatchObject({
        range_from: '2026-11-20T09:00:00.000Z',
        range_to: '2026-11-21T09:30:00.000Z',
        granularity: 'hour',
      });
      expect(await report({ range: '1h' })).toMatchObject({
        range_from: '2026-11-21T08:30:00.000Z',
        granularity: 'minute',
      });
      expect(await report({ range: '7d' })).toMatchObject({ granularity: 'day', group_by: 'model' });
    });

    it('of days are those of the organisation, as they count for its budgets', async () => {
      const org = '01900000-0000-7000-8000-0000000000c9';
      const zone = 'Asia/Kolkata';
      const india = new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' });
      const random = seeded(11);
      const records = Array.from({ length: 400 }, () => {
        const startedAtMs = NOW - 1 - Math.floor(random() * 20 * 24 * HOUR);
        return aCallRecord({
          id: uuidv7(startedAtMs),
          started_at: new Date(startedAtMs).toISOString(),
          org_id: org,
          spend_day: india.format(startedAtMs),
        });
      });
      await gateway.app.get(CallRecordRepository).insertBatch(records);
      all.push(...records);
      const reports = gateway.app.get(UsageReports);
      const ask = (question: object): Promise<UsageReportView> =>
        reports.report({ scope: 'org', orgId: org, projectId: null, timeZone: zone }, question, NOW);

      const month = await ask({ range: '30d' });
      expect(month.time_zone).toBe(zone);
      expect(month.timeseries.map(({ bucket, requests }) => [bucket, requests])).toEqual(
        [...Map.groupBy(records, (record) => record.spend_day)]
          .map(([day, own]) => [new Date(`${day}T00:00:00+05:30`).toISOString(), own.length] as const)
          .sort(([a], [b]) => (a < b ? -1 : 1)),
      );
      // From within one day to within another: hours before and after the days.
      const [from, to] = ['2026-11-10T05:00:00.000Z', '2026-11-19T21:00:00.000Z'];
      const some = await ask({ fromMs: Date.parse(from), toMs: Date.parse(to), granularity: 'day' });
      const own = records.filter(({ started_at }) => started_at >= from && started_at < to);
      expect(some.totals).toMatchObject({ requests: own.length, cost_nano_dollars: cost(own) });
      // Of the hours an hour that midnight cuts in two counts for the day it began in.
      const first = own.filter(({ started_at }) => started_at < '2026-11-10T19:00:00.000Z').length;
      expect(some.timeseries[0]).toMatchObject({ bucket: '2026-11-09T18:30:00.000Z', requests: first });
      expect(some.timeseries.at(-1)?.bucket).toBe('2026-11-19T18:30:00.000Z');
    });

    it('give percentiles of the calls without error, near enough', async () => {
      for (const range of ['1h', '30d'] as const) {
        const view = await report({ range });
        const durations = within(view)
          .filter(({ outcome }) => outcome === 'ok')
          .map((record) => record.duration_ms)
          .sort((a, b) => a - b);
        for (const [name, q] of [
          ['p50_latency_ms', 0.5],
          ['p95_latency_ms', 0.95],
        ] as const) {
          const exact = durations[Math.floor(q * durations.length)] ?? 0;
          expect(Math.abs((view.totals[name] ?? 0) - exact) / exact).toBeLessThan(0.2);
        }
        expect(view.totals.p99_ttft_ms).toBeGreaterThan(45);
        expect(view.totals.p99_ttft_ms).toBeLessThan(64.1);
      }
    });

    it('are grouped by whatever was asked for', async () => {
      const keys = async (group: string) =>
        (await report({ range: '30d', groupBy: group })).breakdown.map(({ key }) => key);
      expect((await keys('outcome')).sort()).toEqual(['ok', 'upstream_failed']);
      expect(await keys('provider')).toEqual(['openai']);
      expect(await keys('key')).toEqual(['01900000-0000-7000-8000-000000000003']);
      expect(await keys('project')).toHaveLength(2);
    });

    it('come from the admin API for those who may see them', async () => {
      const org = (await gateway.admin('POST', '/orgs', { name: 'figures' })).body;
      const answer = await gateway.admin('GET', `/orgs/${org.id}/metrics?range=7d&group_by=key`);
      expect(answer.body).toMatchObject({
        scope: 'org',
        scope_id: org.id,
        totals: { requests: 0, p50_latency_ms: null },
      });
      expect((await gateway.admin('GET', `/orgs/${ORG}/metrics`)).status).toBe(404);
      const project = (await gateway.admin('POST', '/projects', { name: 'p', org_id: org.id })).body;
      expect((await gateway.admin('GET', `/projects/${project.id}/metrics`)).body).toMatchObject({ scope: 'project' });
      const span = 'from=2026-10-01T00:00:00Z&to=2026-11-30T00:00:00Z';
      expect((await gateway.admin('GET', `/usage/summary?${span}`)).body.totals.requests).toBe(all.length);
    });

    it.each([
      ['range=2h', 'range'],
      ['range=1h&from=2026-11-01T00:00:00Z', 'range'],
      ['from=2026-11-01', 'from'],
      ['from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z', 'from'],
      ['to=2026-11-01T00:00:00Z', 'to'],
      ['group_by=colour', 'group_by'],
      ['granularity=minute&range=7d', 'granularity'],
      ['colour=red', 'colour'],
    ])('say what is wrong with %s', async (query, param) => {
      const answer = await gateway.admin('GET', `/usage/summary?${query}`);
      expect(answer).toMatchObject({ status: 400, body: { error: { param } } });
    });
  });
}, ENV);

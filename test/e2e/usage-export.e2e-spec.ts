import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { loadConfig } from '../../src/config/load-config.js';
import { homeOf } from '../../src/infra/database/home-of.js';
import { bringUp } from '../../src/infra/database/migrate.js';
import type { CallRecord } from '../../src/ledger/call-record.js';
import { CallRecordRepository } from '../../src/ledger/call-record.repository.js';
import { aCallRecord } from '../support/call-records.js';
import { eventually, GatewayProcess } from '../support/gateway-process.js';
import { RawConnection } from '../support/raw-http.js';
import { allRecords } from '../support/usage-records.js';

const CALLS = 40_000;
const ORG = '00000000-0000-7000-8000-000000000001';
const BEGAN = Date.parse('2026-11-05T00:00:00Z');

/** A call a second, of two organisations and three models, one with a name to be careful with. */
const theCalls = (): CallRecord[] =>
  Array.from({ length: CALLS }, (_unused, i) =>
    aCallRecord({
      started_at: new Date(BEGAN + i * 1000).toISOString(),
      model: ['small', 'large', '=cmd|"/c calc"!A1'][i % 3] ?? null,
      ...(i % 4 === 0 && { org_id: ORG }),
      ...(i % 5 === 0 && { outcome: 'hung_up' as const, status: 499 }),
    }),
  );

/** A directory whose embedded database has these records. */
async function filledDirectory(records: readonly CallRecord[]): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), 'omni-e2e-'));
  const home = homeOf(loadConfig({ OMNI_DATA_DIR: dataDir }));
  await home.start();
  await bringUp(home);
  const source = await new DataSource(home.dataSourceOptions()).initialize();
  const repository = new CallRecordRepository(source);
  await repository.ensurePartitions(BEGAN);
  for (let i = 0; i < records.length; i += 2000) await repository.insertBatch(records.slice(i, i + 2000));
  await source.destroy();
  await home.close();
  return dataDir;
}

describe('usage export', () => {
  let dataDir: string;
  let gateway: GatewayProcess;

  beforeAll(async () => {
    dataDir = await filledDirectory(theCalls());
    gateway = await GatewayProcess.start({ dataDir, env: { OMNI_HEALTH_CHECKS: 'false' } });
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const request = (query: string, key = gateway.adminKey, init: RequestInit = {}): Promise<Response> =>
    fetch(`${gateway.url}/admin/v1/usage/export${query}`, { headers: { 'x-admin-key': key }, ...init });
  const rows = async (response: Response): Promise<string[]> =>
    (await response.text()).split(/\r?\n/).filter((line) => line !== '');
  /** An export whose reader has stopped at its beginning. */
  const unread = async (): Promise<RawConnection> => {
    const connection = await RawConnection.open(gateway.url);
    await connection.send(
      `GET /admin/v1/usage/export?format=ndjson HTTP/1.1\r\nhost: x\r\nx-admin-key: ${gateway.adminKey}\r\nconnection: close\r\n\r\n`,
    );
    await eventually(() => connection.text.length > 0);
    connection.pause();
    return connection;
  };

  it('holds every record there is once, as NDJSON the same as in the list', async () => {
    const response = await request('?format=ndjson');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename="usage-\d{8}T\d{6}Z\.ndjson"$/);
    const exported = (await rows(response)).map((line) => JSON.parse(line) as CallRecord);
    expect(exported).toHaveLength(CALLS);
    expect(exported).toEqual(await allRecords(gateway));
  }, 60_000);

  it('is CSV by default, without formulas', async () => {
    const response = await request('?from=2026-11-05T10:00:00Z&to=2026-11-05T10:00:03Z');
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const text = await response.text();
    const [head = '', ...lines] = text.split('\r\n');
    expect(head.split(',').slice(0, 3)).toEqual(['id', 'request_id', 'started_at']);
    expect(lines).toHaveLength(4);
    expect(text).toContain(`,"'=cmd|""/c calc""!A1",`);
  });

  it.each([
    ['model=small', (record: CallRecord) => record.model === 'small'],
    ['outcome=hung_up&model=large', (record: CallRecord) => record.outcome === 'hung_up' && record.model === 'large'],
    ['status=499', (record: CallRecord) => record.status === 499],
    [`org_id=${ORG}`, (record: CallRecord) => record.org_id === ORG],
    ['provider=openai&to=2026-11-05T01:00:00Z', (record: CallRecord) => record.started_at < '2026-11-05T01'],
    ['project_id=01900000-0000-7000-8000-0000000000ff', () => false],
  ])('holds only what fits %s, as the list does', async (query, fits) => {
    const expected = theCalls().filter(fits).length;
    expect(await rows(await request(`?${query}`))).toHaveLength(1 + expected);
    expect(await rows(await request(`?format=ndjson&${query}`))).toHaveLength(expected);
    const page = await gateway.manage('GET', `/usage?limit=1000&${query}`);
    expect(page.data).toHaveLength(Math.min(1000, expected));
    expect((page.data as CallRecord[]).every(fits)).toBe(true);
  });

  it('shows an administrator of one organisation its calls and no others', async () => {
    const { key } = await gateway.manage('POST', '/admins', { name: 'bound', role: 'viewer', org_id: ORG });
    const own = await rows(await request('?format=ndjson', key));
    expect(own).toHaveLength(CALLS / 4);
    expect(own.every((line) => (JSON.parse(line) as CallRecord).org_id === ORG)).toBe(true);
    const other = '01900000-0000-7000-8000-000000000001';
    expect(await rows(await request(`?format=ndjson&org_id=${other}`, key))).toEqual([]);
    expect((await request('', 'nobody')).status).toBe(401);
  });

  it.each([
    ['format=xml', 'format'],
    ['limit=5', 'limit'],
    ['from=yesterday', 'from'],
    ['status=abc', 'status'],
  ])('is refused when asked for with %s', async (query, param) => {
    const response = await request(`?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param } });
  });

  it('waits for its reader, and goes on when it reads again', async () => {
    const connection = await unread();
    await new Promise((resolve) => setTimeout(resolve, 500));
    connection.resume();
    await eventually(() => connection.closed, 30_000);
    expect(connection.text.match(/"request_id"/g)).toHaveLength(CALLS);
  }, 60_000);

  it('is had four times at once, and ends when its reader hangs up', async () => {
    const connections = await Promise.all([unread(), unread(), unread(), unread()]);
    const refused = await request('');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('10');
    for (const connection of connections) connection.destroy();
    const response = await eventually(async () => {
      const answer = await request('?format=ndjson&status=499&to=2026-11-05T01:00:00Z');
      return answer.status === 200 ? answer : null;
    });
    expect(await rows(response)).toHaveLength(720);
    expect((await request('', gateway.adminKey, { method: 'HEAD' })).status).toBe(200);
  });

  it('is described by the OpenAPI document', async () => {
    const docs: any = await (await fetch(`${gateway.url}/docs-json`)).json();
    const { get } = docs.paths['/admin/v1/usage/export'];
    expect(Object.keys(get.responses['200'].content)).toEqual(['text/csv', 'application/x-ndjson']);
    expect((get.parameters as { name: string }[]).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['format', 'org_id', 'project_id', 'key_id', 'model', 'provider', 'status', 'from', 'to']),
    );
    const list = docs.paths['/admin/v1/usage'].get.responses['200'].content['application/json'].schema;
    expect(Object.keys(list.properties.data.items.properties)).toContain('charged_nano_dollars');
  });

  it('is cut off when the gateway stops, and does not hold it up', async () => {
    const connection = await unread();
    gateway.kill('SIGTERM');
    expect(await gateway.exit(15_000)).toBe(0);
    connection.resume();
    await eventually(() => connection.closed);
    expect(connection.text.endsWith('0\r\n\r\n')).toBe(false);
  }, 30_000);
});

import { HAS_SERVERS, ServerDatabase } from '../support/gateway-home.js';
import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';
import { TcpGate } from '../support/tcp-gate.js';

(HAS_SERVERS ? describe : describe.skip)('metrics of the ledger', () => {
  let upstream: ScriptedUpstream;
  let database: ServerDatabase;
  let gate: TcpGate;
  let gateway: GatewayProcess;
  let key: string;

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    upstream.willAnswer();
    database = await ServerDatabase.create();
    const url = new URL(database.url);
    gate = new TcpGate(url.hostname, Number(url.port));
    await gate.open();
    url.port = String(gate.port);
    gateway = await GatewayProcess.start({
      env: { DATABASE_URL: url.href, OMNI_HEALTH_CHECKS: 'false', OMNI_JOURNAL_MAX_BYTES: String(64 * 1024 * 1024) },
    });
    await gateway.model('m', [upstream.url]);
    key = (await gateway.key()).key;
  }, 60_000);
  afterAll(async () => {
    await gateway?.stop();
    await gate?.shut().catch(() => undefined);
    await database?.drop();
    await upstream?.close();
  }, 30_000);

  /** The value of a series, as `/metrics` shows it. */
  const metric = async (name: string): Promise<number> => {
    const line = (await gateway.metrics()).split('\n').find((each) => each.startsWith(`${name} `));
    if (line === undefined) throw new Error(`no series ${name}`);
    return Number(line.slice(name.length));
  };

  it('count what is written, and tell how far the database is behind while it is away', async () => {
    await gateway.chat(key, QUESTION);
    await gateway.chat(key, QUESTION);
    await eventually(async () => (await metric('gateway_ledger_records_total{result="written"}')) === 2);
    expect(await metric('gateway_journal_waiting_records')).toBe(0);
    expect(await metric('gateway_journal_oldest_waiting_seconds')).toBe(0);
    expect(await metric('gateway_journal_limit_bytes')).toBe(64 * 1024 * 1024);
    expect(await metric('gateway_journal_state{state="ok"}')).toBe(1);
    expect(await metric('gateway_journal_state{state="full"}')).toBe(0);
    expect(await metric('gateway_ledger_batch_seconds_count')).toBeGreaterThan(0);

    await gate.shut();
    for (let i = 0; i < 3; i += 1) expect((await gateway.chat(key, QUESTION)).status).toBe(200);
    await eventually(async () => (await metric('gateway_ledger_failures_total')) > 1);
    expect(await metric('gateway_journal_waiting_records')).toBe(3);
    expect(await metric('gateway_journal_bytes')).toBeGreaterThan(1000);
    await eventually(async () => (await metric('gateway_journal_oldest_waiting_seconds')) > 1);

    await gate.open();
    await eventually(async () => (await metric('gateway_ledger_records_total{result="written"}')) === 5, 15_000);
    expect(await metric('gateway_journal_waiting_records')).toBe(0);
    expect(await metric('gateway_journal_oldest_waiting_seconds')).toBe(0);
    expect(await metric('gateway_ledger_records_total{result="rejected"}')).toBe(0);
  }, 60_000);
});

import { setTimeout as sleep } from 'node:timers/promises';
import { HAS_SERVERS, ServerDatabase } from '../support/gateway-home.js';
import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';

/** What the contract allows a change until every replica has it. */
const IN_FORCE_MS = 1000;
const PROBE_MS = 200;

const describeReplicas = HAS_SERVERS ? describe : describe.skip;

describeReplicas('three replicas on one PostgreSQL and one Redis', () => {
  let database: ServerDatabase;
  let upstream: ScriptedUpstream;
  let other: ScriptedUpstream;
  let replicas: GatewayProcess[] = [];
  let first: GatewayProcess;

  beforeAll(async () => {
    [database, upstream, other] = await Promise.all([
      ServerDatabase.create(),
      ScriptedUpstream.start(),
      ScriptedUpstream.start(),
    ]);
    const env = {
      DATABASE_URL: database.url,
      REDIS_URL: process.env['TEST_REDIS_URL'] ?? '',
      // So rare that nothing in here can be due to it: what is told must be heard.
      OMNI_REGISTRY_POLL_MS: '600000',
      OMNI_HEALTH_INTERVAL_MS: String(PROBE_MS),
      OMNI_HEALTH_TIMEOUT_MS: '300',
      OMNI_HEALTHY_THRESHOLD: '2',
      OMNI_LOG_CALLS: 'false',
    };
    // All at once on an empty database: one of them migrates.
    replicas = await Promise.all([0, 1, 2].map(() => GatewayProcess.start({ env })));
    first = replicas[0] as GatewayProcess;
  }, 60_000);
  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await upstream?.close();
    await other?.close();
    await database?.drop();
  });

  const everywhere = async (holds: (replica: GatewayProcess) => Promise<boolean>, withinMs = IN_FORCE_MS) =>
    Promise.all(replicas.map((replica) => eventually(() => holds(replica), withinMs)));
  const answers = (key: string, model: string, status: number) => async (replica: GatewayProcess) => {
    const response = await replica.chat(key, { ...QUESTION, model });
    await response.arrayBuffer();
    return response.status === status;
  };
  const sees = (url: string, health: 0 | 1) => async (replica: GatewayProcess) =>
    (await replica.metrics()).includes(`backend_url="${url}"} ${health}\n`);

  it('takes over models made, renamed and deleted', async () => {
    const { key } = await first.key();
    const model = await first.model('one', [upstream.url]);
    await everywhere(answers(key, 'one', 200));
    await first.manage('PATCH', `/models/${model.id}`, { name: 'two' });
    await everywhere(answers(key, 'one', 404));
    await everywhere(answers(key, 'two', 200));
    await first.manage('DELETE', `/models/${model.id}`);
    await everywhere(answers(key, 'two', 404));
  });

  it('takes over keys revoked, disabled and enabled, and limits lowered', async () => {
    const model = await first.model('keys', [upstream.url]);
    const revoked = await first.key();
    const disabled = await first.key();
    const limited = await first.key({ rpm_limit: 1000 });
    for (const { key } of [revoked, disabled, limited]) await everywhere(answers(key, 'keys', 200));
    await first.manage('POST', `/keys/${revoked.api_key.id}/revoke`);
    await everywhere(answers(revoked.key, 'keys', 401));
    await first.manage('PATCH', `/keys/${disabled.api_key.id}`, { active: false });
    await everywhere(answers(disabled.key, 'keys', 401));
    await first.manage('PATCH', `/keys/${disabled.api_key.id}`, { active: true });
    await everywhere(answers(disabled.key, 'keys', 200));
    await first.manage('PATCH', `/keys/${limited.api_key.id}`, { rpm_limit: 2 });
    await everywhere(answers(limited.key, 'keys', 429));
    await first.manage('DELETE', `/models/${model.id}`);
  });

  it('sends calls to a changed backend', async () => {
    const { key } = await first.key();
    const model = await first.model('moving', [upstream.url]);
    await everywhere(answers(key, 'moving', 200));
    const backend = (await first.manage('GET', `/models/${model.id}/backends`)).data[0];
    await first.manage('PATCH', `/models/${model.id}/backends/${backend.id}`, { url: other.url });
    await everywhere(async (replica) => {
      const before = other.calls.length;
      return (await answers(key, 'moving', 200)(replica)) && other.calls.length > before;
    });
    await first.manage('DELETE', `/models/${model.id}`);
  });

  it('shares one limit exactly', async () => {
    upstream.willAnswer();
    const model = await first.model('shared', [upstream.url]);
    const another = await first.key();
    await everywhere(answers(another.key, 'shared', 200));
    const { key } = await first.key({ rpm_limit: 10 });
    const waves = Array.from({ length: 15 }, () =>
      replicas.map((replica) => replica.chat(key, { ...QUESTION, model: 'shared' })),
    );
    const statuses = await Promise.all(waves.flat().map(async (call) => (await call).status));
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    expect(statuses.filter((status) => status === 200)).toHaveLength(10);
    await first.manage('DELETE', `/models/${model.id}`);
  });

  it('probes each backend from one replica only, and tells all of an ejection and a return', async () => {
    const model = await first.model('probed', [upstream.url]);
    await everywhere(sees(upstream.url, 1));
    const from = upstream.healthChecks.length;
    const began = Date.now();
    await sleep(2000);
    const due = (Date.now() - began) / PROBE_MS;
    const probes = upstream.healthChecks.length - from;
    expect(probes).toBeGreaterThanOrEqual(3);
    expect(probes).toBeLessThanOrEqual(due + 2);

    upstream.healthStatus = 500;
    await everywhere(sees(upstream.url, 0), 3000);
    upstream.healthStatus = 200;
    await everywhere(sees(upstream.url, 1), 3000);
    await first.manage('DELETE', `/models/${model.id}`);
  });

  it('hears changes again within seconds when the server ends the listening connections', async () => {
    const { key } = await first.key();
    const model = await first.model('unheard', [upstream.url]);
    await everywhere(answers(key, 'unheard', 200));
    const ended = await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'omnigate-listener'`,
    );
    expect(ended).toHaveLength(replicas.length);
    // Said while most are deaf.
    await first.manage('DELETE', `/models/${model.id}`);
    await everywhere(answers(key, 'unheard', 404), 3000);
    const again = await first.model('heard', [upstream.url]);
    await everywhere(answers(key, 'heard', 200));
    await first.manage('DELETE', `/models/${again.id}`);
  });

  it('goes on probing and counting when two of three are killed', async () => {
    const model = await first.model('left', [upstream.url]);
    const { key } = await first.key({ concurrency_limit: 100 });
    await everywhere(sees(upstream.url, 1));
    const [survivor, ...victims] = replicas.splice(0) as [GatewayProcess, ...GatewayProcess[]];
    for (const victim of victims) victim.kill('SIGKILL');
    await Promise.all(victims.map((victim) => victim.exit()));
    const from = upstream.healthChecks.length;
    // A probe that one of them had begun is taken over when its lease ends.
    await eventually(() => upstream.healthChecks.length >= from + 3, 5000);
    upstream.healthStatus = 500;
    await eventually(() => sees(upstream.url, 0)(survivor), 3000);
    upstream.healthStatus = 200;
    await eventually(() => sees(upstream.url, 1)(survivor), 3000);
    expect((await survivor.chat(key, { ...QUESTION, model: 'left' })).status).toBe(200);
    await survivor.manage('DELETE', `/models/${model.id}`);
    await Promise.all([survivor, ...victims].map((replica) => replica.stop()));
  });
});

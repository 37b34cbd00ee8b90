import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';

const PROBES = { OMNI_HEALTH_INTERVAL_MS: '100', OMNI_HEALTH_TIMEOUT_MS: '500', OMNI_HEALTHY_THRESHOLD: '3' };

describe('balance and health', () => {
  let gateway: GatewayProcess;
  let upstreams: ScriptedUpstream[];
  let key: string;

  beforeAll(async () => {
    upstreams = await Promise.all([ScriptedUpstream.start(), ScriptedUpstream.start(), ScriptedUpstream.start()]);
    gateway = await GatewayProcess.start({ env: PROBES });
    key = (await gateway.key()).key;
  });
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all((upstreams ?? []).map((upstream) => upstream.close()));
  });
  beforeEach(() => {
    for (const upstream of upstreams) upstream.calls.length = 0;
  });

  const up = (index: number): ScriptedUpstream => upstreams[index] as ScriptedUpstream;
  const health = async (model: string, index: number, value: 0 | 1): Promise<unknown> =>
    eventually(async () =>
      (await gateway.metrics()).includes(
        `gateway_backend_health{model="${model}",backend_url="${up(index).url}"} ${value}`,
      ),
    );

  it('spreads calls exactly by weight, and keeps counting when the catalogue changes in between', async () => {
    await gateway.model('weighted', [], {
      backends: [
        { url: up(0).url, weight: 3 },
        { url: up(1).url, weight: 1 },
      ],
    });
    for (let call = 0; call < 40; call += 1) {
      expect((await gateway.chat(key, { ...QUESTION, model: 'weighted' })).status).toBe(200);
      if (call % 7 === 3) await gateway.model(`another-${call}`, [up(2).url]);
    }
    expect(up(0).calls).toHaveLength(30);
    expect(up(1).calls).toHaveLength(10);
  });

  it('uses a tier of higher priority number only when the ones before have nobody healthy', async () => {
    await gateway.model('tiers', [], {
      backends: [
        { url: up(0).url, priority: 0 },
        { url: up(1).url, priority: 5 },
      ],
    });
    for (let call = 0; call < 5; call += 1) await gateway.chat(key, { ...QUESTION, model: 'tiers' });
    expect(up(0).calls).toHaveLength(5);
    expect(up(1).calls).toHaveLength(0);
  });

  it('takes a dead backend out, keeps answering, and brings it back after the threshold of good probes', async () => {
    await gateway.model('probed', [up(0).url, up(1).url]);
    await health('probed', 0, 1);
    up(0).healthStatus = 500;
    await health('probed', 0, 0);
    for (let call = 0; call < 6; call += 1)
      expect((await gateway.chat(key, { ...QUESTION, model: 'probed' })).status).toBe(200);
    expect(up(0).calls).toHaveLength(0);
    expect(up(1).calls).toHaveLength(6);
    up(0).healthStatus = 200;
    const probesBefore = up(0).healthChecks.length;
    await health('probed', 0, 1);
    expect(up(0).healthChecks.length - probesBefore).toBeGreaterThanOrEqual(3);
    await gateway.chat(key, { ...QUESTION, model: 'probed' });
    await gateway.chat(key, { ...QUESTION, model: 'probed' });
    expect(up(0).calls).toHaveLength(1);
  });

  it('fails over at once when a backend dies between two probes', async () => {
    await gateway.model('dying', [up(0).url, up(1).url]);
    await up(0).close();
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async () => (await gateway.chat(key, { ...QUESTION, model: 'dying' })).status),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));
    await health('dying', 0, 0);
    await up(0).listen();
    await health('dying', 0, 1);
  });

  it('answers 503 with retry-after when no backend is healthy', async () => {
    await gateway.model('nobody', [up(2).url]);
    up(2).healthStatus = 503;
    await health('nobody', 2, 0);
    const response = await gateway.chat(key, { ...QUESTION, model: 'nobody' });
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(((await response.json()) as any).error.code).toBe('service_unavailable');
    expect(up(2).calls).toHaveLength(0);
    up(2).healthStatus = 200;
    await health('nobody', 2, 1);
  });

  it('never holds a caller’s own errors or hang-ups against a backend', async () => {
    await gateway.model('blameless', [up(2).url]);
    up(2).willAnswer({ error: { message: 'bad request' } }, 400);
    await Promise.all(Array.from({ length: 20 }, () => gateway.chat(key, { ...QUESTION, model: 'blameless' })));
    up(2).willHang();
    for (let call = 0; call < 8; call += 1) {
      const controller = new AbortController();
      const running = gateway
        .chat(key, { ...QUESTION, model: 'blameless' }, { signal: controller.signal })
        .catch(() => undefined);
      await sleep(20);
      controller.abort();
      await running;
    }
    up(2).willAnswer();
    expect((await gateway.chat(key, { ...QUESTION, model: 'blameless' })).status).toBe(200);
  });

  it('probes /v1/models where a server has no /health', async () => {
    up(2).healthStatus = 404;
    up(2).calls.length = 0;
    await gateway.model('no-health-page', [up(2).url]);
    const [call] = await up(2).received(1);
    expect(call?.path).toBe('/v1/models');
    await sleep(300);
    expect((await gateway.chat(key, { ...QUESTION, model: 'no-health-page' })).status).toBe(200);
    up(2).healthStatus = 200;
  });
});

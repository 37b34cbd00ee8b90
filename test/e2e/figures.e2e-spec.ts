import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';

describe('figures of the caller’s project', () => {
  let gateway: GatewayProcess;
  let upstream: ScriptedUpstream;

  beforeAll(async () => {
    upstream = await ScriptedUpstream.start();
    gateway = await GatewayProcess.start({ env: { OMNI_HEALTH_CHECKS: 'false' } });
    await gateway.model('m', [upstream.url]);
    await gateway.manage('POST', '/prices', { model: 'upstream-model', input: '1', output: '2' });
  });
  afterAll(async () => {
    await gateway?.stop();
    await upstream?.close();
  });

  const metrics = (key: string, query = ''): Promise<Response> =>
    fetch(`${gateway.url}/v1/metrics${query}`, { headers: { authorization: `Bearer ${key}` } });

  it('show its calls to a key with the scope, within seconds, by the hour and by the minute', async () => {
    upstream.willAnswer();
    const { key } = await gateway.key({ scopes: ['inference', 'metrics'] });
    await gateway.chat(key, QUESTION);
    await gateway.chat(key, QUESTION);
    for (const range of ['1h', '24h']) {
      const view = await eventually(async () => {
        const body: any = await (await metrics(key, `?range=${range}`)).json();
        return body.totals.requests >= 2 ? body : null;
      });
      expect(view).toMatchObject({
        scope: 'project',
        totals: { requests: 2, prompt_tokens: 20, completion_tokens: 16, cost_nano_dollars: '52000', error_rate: 0 },
        breakdown: [{ key: 'm', requests: 2 }],
        timeseries: [{ requests: 2 }],
      });
      expect(view.totals.p50_latency_ms).toBeGreaterThan(0);
    }
  });

  it('are refused to a key without the scope, and calls to a key with nothing else', async () => {
    const { key } = await gateway.key({ scopes: ['inference'] });
    const refused = await metrics(key);
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ error: { code: 'insufficient_scope' } });
    const { key: reader } = await gateway.key({ scopes: ['metrics'] });
    expect((await metrics(reader)).status).toBe(200);
    expect((await gateway.chat(reader, QUESTION)).status).toBe(403);
  });

  it('re-rate what a late price makes of them', async () => {
    upstream.willAnswer();
    const span = {
      from: new Date(Date.now() - 3_600_000).toISOString(),
      to: new Date(Date.now() + 3_600_000).toISOString(),
    };
    const { data } = await gateway.manage('GET', '/prices');
    await gateway.manage('PATCH', `/prices/${data[0].id}`, { input: '3' });
    const done = await gateway.manage('POST', '/usage/re-rate', span);
    expect(done).toMatchObject({ adjusted: 2, difference_nano_dollars: '40000', difference_usd: '0.00004' });
    expect((await gateway.manage('GET', '/usage/summary')).totals.cost_nano_dollars).toBe('92000');
  });
});

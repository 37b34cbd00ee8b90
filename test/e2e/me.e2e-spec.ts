import { CALL_NANO, EXACT_ANSWER, EXACT_CALL, sellModel, usd } from '../support/budgeted-gateways.js';
import { describeEachHome } from '../support/gateway-home.js';
import { eventually, GatewayProcess } from '../support/gateway-process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';

describeEachHome((home) => {
  describe('GET /v1/me', () => {
    let gateway: GatewayProcess;
    let upstream: ScriptedUpstream;

    beforeAll(async () => {
      upstream = await ScriptedUpstream.start();
      upstream.willAnswer(EXACT_ANSWER);
      const env = { ...home.env, OMNI_HEALTH_CHECKS: 'false', OMNI_REDIS_TIMEOUT_MS: '3000' };
      gateway = await GatewayProcess.start({ env, dataDir: home.dataDir });
      await sellModel(gateway, upstream);
    }, 60_000);
    afterAll(async () => {
      await gateway?.stop();
      await upstream?.close();
    });

    const me = async (key: string): Promise<{ status: number; body: any }> => {
      const response = await fetch(`${gateway.url}/v1/me`, { headers: { authorization: `Bearer ${key}` } });
      return { status: response.status, body: await response.json() };
    };

    it('says who is calling and what is left, and uses up nothing', async () => {
      const org = await gateway.manage('POST', '/orgs', {
        name: 'me',
        time_zone: 'Asia/Tokyo',
        monthly_budget: 5,
        budget_enforcement: 'soft',
      });
      const project = await gateway.manage('POST', '/projects', {
        name: 'mine',
        org_id: org.id,
        rpm_limit: 90,
        daily_budget: 2.5,
      });
      const { key, api_key: apiKey } = await gateway.key({
        name: 'laptop',
        project_id: project.id,
        rpm_limit: 10,
        tpm_limit: 1000,
        allowed_models: ['m'],
      });
      await gateway.chat(key, EXACT_CALL);
      await gateway.chat(key, EXACT_CALL);
      for (let i = 0; i < 3; i += 1) expect((await me(key)).status).toBe(200);
      const view = await eventually(async () => {
        const { body } = await me(key);
        return body.budgets[0].spend_usd === usd(2) ? body : null;
      });
      expect(view).toMatchObject({
        key: { id: apiKey.id, name: 'laptop', prefix: apiKey.key_prefix, allowed_models: ['m'], expires_at: null },
        project: { id: project.id, name: 'mine' },
        org: { id: org.id, name: 'me', time_zone: 'Asia/Tokyo' },
        project_id: project.id,
        org_id: org.id,
        project_name: 'mine',
        key_prefix: apiKey.key_prefix,
        rate_limit_per_min: 90,
        daily_budget: 2.5,
        monthly_budget: null,
        configured_providers: expect.any(Array),
      });
      expect(view.limits).toEqual(
        expect.arrayContaining([
          { level: 'key', kind: 'requests', limit: 10, used: 2, remaining: 8 },
          { level: 'project', kind: 'requests', limit: 90, used: 2, remaining: 88 },
          { level: 'key', kind: 'tokens', limit: 1000, used: 40, remaining: 960 },
        ]),
      );
      expect(view.budgets).toMatchObject([
        { level: 'project', period: 'daily', enforcement: 'hard', limit_usd: '2.5', spend_usd: usd(2) },
        { level: 'org', period: 'monthly', enforcement: 'soft', limit_usd: '5', spend_usd: usd(2) },
      ]);
      expect(Number(view.budgets[0].left_usd)).toBeCloseTo(2.5 - (2 * CALL_NANO) / 1e9, 9);
      expect(view.budgets[0].resets_at).toMatch(/T15:00:00\.000Z$/);
    });

    it('answers any key, and nobody without one', async () => {
      const { key } = await gateway.key({ scopes: ['metrics'] });
      expect(await me(key)).toMatchObject({ status: 200, body: { key: { scopes: ['metrics'] }, budgets: [] } });
      expect((await me('og-nobody')).status).toBe(401);
    });
  });
});

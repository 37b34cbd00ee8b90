import { setTimeout as sleep } from 'node:timers/promises';
import { omnigate } from '../support/command.js';
import { describeEachHome } from '../support/gateway-home.js';
import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';

const MASTER_KEY = '5f'.repeat(32);
const PROVIDER_SECRET = 'sk-provider-secret-42';
const DEATHS = { SIGTERM: 0, SIGKILL: null } as const;

describe('restart', () => {
  describeEachHome((home) => {
    let upstream: ScriptedUpstream;
    let gateway: GatewayProcess;
    let key: string;
    const startedInMs: number[] = [];
    const start = async (): Promise<GatewayProcess> => {
      const began = performance.now();
      const started = await GatewayProcess.start({
        dataDir: home.dataDir,
        env: { ...home.env, OMNI_HEALTH_CHECKS: 'false', OMNI_MASTER_KEY: MASTER_KEY },
      });
      startedInMs.push(Math.round(performance.now() - began));
      return started;
    };

    beforeAll(async () => {
      upstream = await ScriptedUpstream.start();
      gateway = await start();
      const provider = await gateway.manage('POST', '/providers', { name: 'acme', base_url: upstream.url });
      await gateway.manage('POST', `/providers/${provider.id}/credentials`, { secret: PROVIDER_SECRET });
      await gateway.model('m', [], { backends: [{ url: upstream.url, provider_id: provider.id }] });
      key = (await gateway.key({ rpm_limit: 1000 })).key;
    });
    afterAll(async () => {
      console.log(`start times on the ${home.kind} home, first and later, ms: ${startedInMs.join(', ')}`);
      await gateway?.stop();
      await upstream?.close();
    });

    it.each(['SIGTERM', 'SIGKILL'] as const)(
      'keeps keys, models, credentials and records across %s',
      async (signal) => {
        await (await gateway.chat(key, QUESTION, { headers: { 'x-request-id': `before-${signal}` } })).text();
        // The answer is out a moment before the end of the call is noted.
        await sleep(50);
        gateway.kill(signal);
        expect(await gateway.exit()).toBe(DEATHS[signal]);
        gateway = await start();
        const response = await gateway.chat(key, QUESTION);
        expect(response.status).toBe(200);
        expect(response.headers.get('x-ratelimit-limit-requests')).toBe('1000');
        expect(upstream.calls.at(-1)?.headers.authorization).toBe(`Bearer ${PROVIDER_SECRET}`);
        const record = await eventually(
          async () => (await gateway.manage('GET', `/usage?request_id=before-${signal}`)).data[0],
        );
        expect(record).toMatchObject({ outcome: 'ok', total_tokens: 18 });
      },
    );

    it('never loses a change that it has confirmed, however soon it is killed afterwards', async () => {
      const made: string[] = [];
      for (const round of [1, 2]) {
        made.push((await gateway.key({ name: `just-before-${home.kind}-${round}` })).key);
        gateway.kill('SIGKILL');
        await gateway.exit();
        gateway = await start();
        for (const each of made) expect((await gateway.chat(each, QUESTION)).status).toBe(200);
      }
    });

    if (home.kind === 'embedded') {
      it('refuses a second process on the same data and goes on itself', async () => {
        const second = await omnigate(['serve'], { PORT: '0', HOST: '127.0.0.1', OMNI_DATA_DIR: home.dataDir });
        expect(second.code).toBe(1);
        expect(second.stderr).toContain('in use by another process');
        expect(second.stderr).toContain('DATABASE_URL');
        expect(second.stderr).not.toMatch(/\n\s+at /);
        expect((await gateway.chat(key, QUESTION)).status).toBe(200);
      });
    }
  });

  it('prints the admin key it made at the first start only, and keeps it', async () => {
    const first = await GatewayProcess.start({ adminKey: null });
    try {
      expect(first.stderr.match(/ADMIN_API_KEY=/g)).toHaveLength(1);
      expect(first.stdout).not.toContain(first.adminKey);
      await first.key({ name: 'made-with-it' });
      first.kill('SIGTERM');
      expect(await first.exit()).toBe(0);

      const second = await GatewayProcess.start({ adminKey: null, dataDir: first.dataDir });
      const list = `${second.url}/admin/v1/keys`;
      const answer = await fetch(list, { headers: { 'x-admin-key': first.adminKey } });
      const { data } = (await answer.json()) as { data: { name: string }[] };
      const closed = await fetch(list, { headers: { 'x-admin-key': 'another' } });
      await second.stop();
      expect(second.stderr + second.stdout).not.toContain('ADMIN_API_KEY');
      expect(second.stderr + second.stdout).not.toContain(first.adminKey);
      expect(data.map(({ name }) => name)).toContain('made-with-it');
      expect(closed.status).toBe(401);
    } finally {
      await first.stop();
    }
  });
});

import { performance } from 'node:perf_hooks';
import { loadConfig } from '../../../src/config/load-config.js';
import { uuidv7 } from '../../../src/infra/crypto/uuid-v7.js';
import { BackendHealthRepository, type BackendVerdict } from '../../../src/registry/backend-health.repository.js';
import type { RegistrySnapshot } from '../../../src/registry/snapshot.js';
import { describeEachDatabase } from '../../support/databases.js';
import { ENV, RegistryGateway, until } from './registry-gateway.js';

const verdict = (backendId: string, healthy: boolean): BackendVerdict => ({
  backendId,
  healthy,
  successes: healthy ? 1 : 0,
  failures: healthy ? 0 : 1,
  lastError: healthy ? null : 'connection refused',
});

describeEachDatabase((database) => {
  describe('shared health verdicts', () => {
    let gateway: RegistryGateway;
    let health: BackendHealthRepository;
    let backends: string[];

    beforeAll(async () => {
      gateway = await RegistryGateway.start(database.config);
      health = gateway.app.get(BackendHealthRepository);
      const urls = Array.from({ length: 20 }, (_unused, index) => ({ url: `http://10.0.0.${index + 1}:8000` }));
      const { body } = await gateway.admin('POST', '/models', { name: 'probed', backends: urls });
      backends = (body.backends as { id: string }[]).map(({ id }) => id).toSorted();
    }, 60_000);
    afterAll(async () => {
      await gateway.close();
    }, 30_000);
    beforeEach(async () => {
      const client = await database.connect();
      await client.query(`UPDATE backend_health
        SET healthy = true, checked_at = NULL, changed_at = NULL, lease_owner = NULL, lease_until = NULL`);
      await client.end();
    });
    const ids = (rows: readonly { backendId: string }[]) => rows.map(({ backendId }) => backendId);

    it('gives each backend to exactly one of several owners that ask at once', async () => {
      const claims = await Promise.all(['a', 'b', 'c', 'd'].map((owner) => health.claimDue(owner, 10_000, 10_000, 20)));
      expect(claims.flatMap(ids).toSorted()).toEqual(backends);
      expect(await health.claimDue('e', 10_000, 10_000, 20)).toEqual([]);
    });

    it('hands out no more than asked for, those waiting longest first', async () => {
      const first = ids(await health.claimDue('a', 0, 10_000, 8));
      expect(first).toHaveLength(8);
      await health.report(first.map((id) => verdict(id, true)));
      const second = ids(await health.claimDue('b', 0, 10_000, 12));
      expect([...first, ...second].toSorted()).toEqual(backends);
      expect(ids(await health.claimDue('b', 0, 10_000, 20)).toSorted()).toEqual(first.toSorted());
    });

    it('gives a backend again after its interval, or when its lease ran out unreported', async () => {
      const [reported, silent] = ids(await health.claimDue('a', 10_000, 1, 2)) as [string, string];
      await health.report([verdict(reported, true)]);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const again = ids(await health.claimDue('b', 10_000, 10_000, 20));
      expect(again).toContain(silent);
      expect(again).not.toContain(reported);
      expect(ids(await health.claimDue('b', 1, 10_000, 20))).toEqual([reported]);
    });

    it('leaves out what takes no calls: inactive backends, models and providers', async () => {
      const provider = (await gateway.admin('POST', '/providers', { name: 'idle', base_url: 'http://h/v1' })).body;
      const other = await gateway.admin('POST', '/models', {
        name: 'idle',
        backends: [{ provider_id: provider.id }, { url: 'http://idle', active: false }],
      });
      await gateway.admin('PATCH', `/providers/${provider.id}`, { active: false });
      expect(ids(await health.claimDue('a', 0, 1000, 100)).toSorted()).toEqual(backends);
      await gateway.admin('DELETE', `/models/${other.body.id}`);
    });

    it('tells a change of verdict once, and raises no notification of the catalogue', async () => {
      const heard: string[] = [];
      const client = await database.connect();
      client.on('notification', ({ channel, payload }) => heard.push(`${channel} ${payload ?? ''}`));
      await client.query('LISTEN og_health');
      await client.query('LISTEN og_registry');
      const [first, second, third] = backends as [string, string, string];
      const revision = gateway.registry.status().revision;
      await health.report([verdict(first, true), verdict(second, false), verdict(third, true)]);
      await health.report([verdict(first, true), verdict(second, false)]);
      await health.report([verdict(second, true), verdict(uuidv7(Date.now()), false)]);
      await health.claimDue('a', 0, 1000, 100);
      await client.query('SELECT 1');
      await until(() => heard.length >= 2, 2000);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(heard).toEqual([`og_health ${second}:0`, `og_health ${second}:1`]);
      await gateway.registry.refresh();
      expect(gateway.registry.status().revision).toBe(revision);
      await client.end();
    });

    it('shows the verdict in the admin API', async () => {
      const [id] = backends as [string];
      await health.report([{ ...verdict(id, false), lastError: `refused\0${'x'.repeat(1000)}` }]);
      const { body } = await gateway.admin('GET', `/backends/${id}/health`);
      expect(body).toMatchObject({ backend_id: id, healthy: false, successes: 0, failures: 1 });
      expect(body.last_error).toHaveLength(500);
      expect(Date.now() - Date.parse(body.changed_at)).toBeLessThan(60_000);
      const model = (await gateway.admin('GET', '/models?q=probed')).body.data[0];
      const view = (model.backends as { id: string }[]).find((backend) => backend.id === id);
      expect(view).toMatchObject({ healthy: false, last_health_check: body.checked_at });
      const row = (await health.all()).find(({ backendId }) => backendId === id);
      expect(row).toMatchObject({ healthy: false, changedAt: new Date(body.changed_at) });
    });
  });
}, ENV);

describeEachDatabase((database) => {
  describe('a catalogue of 5,000 models with two backends each', () => {
    it('is read in well under a second and answers by name', async () => {
      const gateway = await RegistryGateway.start(database.config);
      const client = await database.connect();
      await client.query(`INSERT INTO models (id, name, model_id, default_params)
        SELECT gen_random_uuid(), 'model-' || n, 'upstream-' || n, '{"temperature":0.5}' FROM generate_series(1, 5000) AS n`);
      await client.query(`INSERT INTO model_backends (id, model_id, url, weight)
        SELECT gen_random_uuid(), m.id, 'http://10.0.' || k || '.1:8000', k FROM models m, generate_series(1, 2) AS k`);
      await client.end();
      await gateway.registry.refresh();
      // Once more, with everything warm; the catalogue has to have changed for it to be read.
      const { body } = await gateway.admin('POST', '/models', { name: 'one-more' });
      expect(body.name).toBe('one-more');
      const other = await database.connect();
      await other.query(`UPDATE models SET active = false WHERE name = 'one-more'`);
      await other.end();
      const startedAt = performance.now();
      await gateway.registry.refresh();
      const tookMs = performance.now() - startedAt;
      expect(gateway.registry.status()).toMatchObject({ models: 5000, backends: 10_000, fresh: true });
      expect(gateway.registry.current().models.get('model-4321')).toMatchObject({ upstreamModel: 'upstream-4321' });
      expect(gateway.registry.current().models.get('model-4321')?.backends).toHaveLength(2);
      if (process.env['OMNI_TEST_TIMES'] !== undefined) console.log(`${database.kind}: ${tookMs.toFixed(0)} ms`);
      expect(tookMs).toBeLessThan(5000);
      await gateway.close();
    }, 60_000);
  });
}, ENV);

describeEachDatabase((database) => {
  if (database.kind === 'embedded') {
    it('has one replica only', () => undefined);
    return;
  }
  describe('two replicas', () => {
    let first: RegistryGateway;
    let second: RegistryGateway;
    const replica = (env: Record<string, string> = {}) =>
      RegistryGateway.start(loadConfig({ ...ENV, DATABASE_URL: database.config.database.url ?? '', ...env }));

    /** The listening connection is opened beside the start: news from before it stands come by poll. */
    const listening = async (gateway: RegistryGateway) => {
      for (let count = 0; count < 20; count += 1) {
        const name = `warm-up-${count}`;
        await first.admin('POST', '/models', { name });
        const heard = await until(() => gateway.registry.current().models.has(name), 500).catch(() => null);
        if (heard !== null) return;
      }
      throw new Error('the replica hears nothing');
    };

    beforeAll(async () => {
      first = await replica();
      // Without polls only notifications and reconnections can bring news in time.
      second = await replica({ OMNI_REGISTRY_POLL_MS: '600000' });
      await listening(second);
    }, 60_000);
    afterAll(async () => {
      await first.close();
      await second.close();
    }, 30_000);

    it('see a change in less than a second, without a poll', async () => {
      const { body } = await first.admin('POST', '/models', { name: 'seen', backends: [{ url: 'http://h' }] });
      expect(first.registry.current().models.has('seen')).toBe(true);
      await until(() => second.registry.current().models.get('seen')?.backends.length === 1, 1000);
      await first.admin('PATCH', `/models/${body.id}`, { name: 'renamed' });
      await until(() => second.registry.current().models.has('renamed'), 1000);
      expect(second.registry.current().models.has('seen')).toBe(false);
      await first.admin('DELETE', `/models/${body.id}`);
      await until(() => !second.registry.current().models.has('renamed'), 1000);
    });

    it('swap whole snapshots forward only, however many changes come at once', async () => {
      const revisions: number[] = [];
      second.registry.onSwap((snapshot: RegistrySnapshot) => revisions.push(Number(snapshot.revision)));
      const names = Array.from({ length: 40 }, (_unused, index) => `burst-${index}`);
      await Promise.all(names.map((name) => first.admin('POST', '/models', { name, backends: [{ url: 'http://h' }] })));
      await until(() => names.every((name) => second.registry.current().models.has(name)), 2000);
      expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
      expect(new Set(revisions).size).toBe(revisions.length);
      for (const name of names) expect(second.registry.current().models.get(name)?.backends).toHaveLength(1);
    });

    it('pick up what changed while their listening connection was lost', async () => {
      const client = await database.connect();
      const cut = await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'omnigate-listener'
           AND pid <> pg_backend_pid()`,
      );
      expect(cut.rowCount).toBeGreaterThanOrEqual(2);
      await first.admin('POST', '/models', { name: 'meanwhile' });
      await until(() => second.registry.current().models.has('meanwhile'), 5000);
      await first.admin('POST', '/models', { name: 'afterwards' });
      await until(() => second.registry.current().models.has('afterwards'), 5000);
      await client.end();
    }, 20_000);

    it('find by polling what no notification told', async () => {
      const polling = await replica({ OMNI_REGISTRY_POLL_MS: '50' });
      const client = await database.connect();
      await client.query('ALTER TABLE models DISABLE TRIGGER og_registry');
      await client.query(`UPDATE revisions SET revision = revision + 1 WHERE room = 'registry'`);
      await client.query(`INSERT INTO models (id, name, model_id) VALUES (gen_random_uuid(), 'silent', 'x')`);
      await client.query(`UPDATE revisions SET revision = revision + 1 WHERE room = 'registry'`);
      await client.query('ALTER TABLE models ENABLE TRIGGER og_registry');
      await until(() => polling.registry.current().models.has('silent'), 2000);
      expect(second.registry.current().models.has('silent')).toBe(false);
      expect(polling.registry.status().fresh).toBe(true);
      await client.end();
      await polling.close();
    }, 20_000);
  });
}, ENV);

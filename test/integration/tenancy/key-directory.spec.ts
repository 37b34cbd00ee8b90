import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../../src/config/load-config.js';
import type { Caller } from '../../../src/tenancy/caller.js';
import { AdminKeys } from '../../../src/tenancy/admin-keys.service.js';
import { KeyDirectory } from '../../../src/tenancy/key-directory.service.js';
import { LastUsed } from '../../../src/tenancy/last-used.service.js';
import {
  describeEachDatabase,
  describeEmbeddedDatabase,
  describeServerDatabase,
  type TestDatabase,
} from '../../support/databases.js';
import { AdminApp, ADMIN_KEY } from './admin-app.js';
import { CuttableProxy } from './cuttable-proxy.js';

const ENV = { ADMIN_API_KEY: ADMIN_KEY, OMNI_AUTH_TOKENS: 'static-one,static-two' };
/** In force on every replica. */
const IN_FORCE_MS = 1_000;

interface MadeKey {
  key: string;
  id: string;
}

async function makeKey(admin: AdminApp, fields: object = {}): Promise<MadeKey> {
  const { body } = await admin.call('POST', '/admin/v1/keys', { name: 'k', ...fields });
  return { key: body.key, id: body.api_key.id };
}

/** Milliseconds until `holds` says yes; more than the bound is a failure. */
async function until(holds: () => Promise<boolean>, boundMs = IN_FORCE_MS): Promise<void> {
  const start = performance.now();
  while (!(await holds())) {
    if (performance.now() - start > boundMs) throw new Error(`not in force after ${boundMs} ms`);
    await sleep(10);
  }
}

describeEachDatabase((database) => {
  let admin: AdminApp;
  let directory: KeyDirectory;
  const find = async (secret: string): Promise<Caller | null> => directory.find(secret);
  beforeAll(async () => {
    admin = await AdminApp.open(database.config);
    directory = admin.app.get(KeyDirectory);
  }, 60_000);
  afterAll(async () => {
    await admin.close();
  });

  it('finds a key the moment it is created, with everything above it', async () => {
    const org = await admin.call('POST', '/admin/v1/orgs', {
      name: 'o',
      time_zone: 'Asia/Tokyo',
      daily_budget: 5,
      budget_enforcement: 'soft',
    });
    const project = await admin.call('POST', '/admin/v1/projects', { name: 'p', org_id: org.body.id, tpm_limit: 0 });
    const { key, id } = await makeKey(admin, {
      project_id: project.body.id,
      rpm_limit: 'unlimited',
      monthly_budget: '0.000000001',
      budget_alert_percents: [100, 1],
      model_limits: { m: { rpm: 5, tpm: 'unlimited' }, toString: { concurrency: 0 } },
      allowed_models: ['m'],
      allowed_ips: ['10.0.0.0/8'],
      scopes: ['metrics'],
    });
    expect(await find(key)).toEqual({
      keyId: id,
      keyName: 'k',
      keyPrefix: key.slice(0, 11),
      projectId: project.body.id,
      projectName: 'p',
      orgId: org.body.id,
      orgName: 'o',
      scopes: new Set(['metrics']),
      allowedModels: new Set(['m']),
      allowedIps: ['10.0.0.0/8'],
      expiresAtMs: null,
      enabled: true,
      limits: {
        key: { rpm: -1, tpm: null, concurrency: null },
        project: { rpm: null, tpm: 0, concurrency: null },
        org: { rpm: null, tpm: null, concurrency: null },
      },
      budgets: {
        key: { dailyNanoDollars: null, monthlyNanoDollars: 1, enforcement: 'hard', alertPercents: [1, 100] },
        project: {
          dailyNanoDollars: null,
          monthlyNanoDollars: null,
          enforcement: 'hard',
          alertPercents: [50, 80, 100],
        },
        org: {
          dailyNanoDollars: 5_000_000_000,
          monthlyNanoDollars: null,
          enforcement: 'soft',
          alertPercents: [50, 80, 100],
        },
      },
      modelLimits: {
        key: new Map([
          ['m', { rpm: 5, tpm: -1, concurrency: null }],
          ['toString', { rpm: null, tpm: null, concurrency: 0 }],
        ]),
        project: null,
        org: null,
      },
      timeZone: 'Asia/Tokyo',
    });
  });

  it.each(['revoke', 'disable', 'delete', 'expire'])('stops finding a key that is ended by %s', async (how) => {
    const { key, id } = await makeKey(admin);
    expect(await find(key)).not.toBeNull();
    const path = `/admin/v1/keys/${id}`;
    if (how === 'revoke') await admin.call('POST', `${path}/revoke`);
    if (how === 'disable') await admin.call('PATCH', path, { active: false });
    if (how === 'delete') await admin.call('DELETE', path);
    if (how === 'expire') await admin.call('PATCH', path, { expires_at: '2020-01-01T00:00:00Z' });
    expect(await find(key)).toBeNull();
  });

  it('lets the old secret of a rotated key live through its grace period, not longer', async () => {
    const { key: old, id } = await makeKey(admin);
    const rotated = await admin.call('POST', `/admin/v1/keys/${id}/rotate`, { grace_seconds: 1 });
    expect(rotated).toMatchObject({ status: 200, body: { api_key: { id, version: 2 } } });
    expect(rotated.body.key).not.toBe(old);
    expect(await find(old)).toMatchObject({ keyId: id });
    expect(await find(rotated.body.key)).toMatchObject({ keyId: id, expiresAtMs: null });
    await sleep(1_100);
    expect(await find(old)).toBeNull();
    expect(await find(rotated.body.key)).not.toBeNull();
  });

  it('ends the old secret at once without a grace period, and after a day by default', async () => {
    const { key: first, id } = await makeKey(admin);
    const second = await admin.call('POST', `/admin/v1/keys/${id}/rotate`);
    const graceMs = Date.parse(second.body.api_key.previous_key_expires_at) - Date.now();
    expect(Math.abs(graceMs - 86_400_000)).toBeLessThan(10_000);
    const third = await admin.call('POST', `/admin/v1/keys/${id}/rotate`, { grace_seconds: 0 });
    expect(await find(first)).toBeNull();
    expect(await find(second.body.key)).toBeNull();
    expect(await find(third.body.key)).not.toBeNull();
    expect((await admin.call('POST', `/admin/v1/keys/${id}/rotate`, { grace_seconds: -1 })).status).toBe(400);
  });

  it('takes over lowered limits of the project and the organisation', async () => {
    const org = await admin.call('POST', '/admin/v1/orgs', { name: 'lower', rpm_limit: 100 });
    const project = await admin.call('POST', '/admin/v1/projects', { name: 'lower', org_id: org.body.id });
    const { key } = await makeKey(admin, { project_id: project.body.id });
    await find(key);
    await admin.call('PATCH', `/admin/v1/orgs/${org.body.id}`, { rpm_limit: 1 });
    await admin.call('PATCH', `/admin/v1/projects/${project.body.id}`, { daily_budget: 0 });
    expect(await find(key)).toMatchObject({
      limits: { org: { rpm: 1 } },
      budgets: { project: { dailyNanoDollars: 0 } },
    });
  });

  it('hears of changes that were made behind its back', async () => {
    const { key, id } = await makeKey(admin);
    await find(key);
    const client = await database.connect();
    await client.query('UPDATE api_keys SET rpm_limit = 7 WHERE id = $1', [id]);
    await until(async () => (await find(key))?.limits.key.rpm === 7);
  });

  it('knows static tokens as callers of the default project', async () => {
    expect(await find('static-two')).toMatchObject({
      keyId: null,
      projectId: '00000000-0000-7000-8000-000000000002',
      orgName: 'Default',
    });
    expect(await find('static-three')).toBeNull();
  });

  it('writes when keys were last used, without making them look changed', async () => {
    const { id } = await makeKey(admin);
    const gone = await makeKey(admin);
    await admin.call('DELETE', `/admin/v1/keys/${gone.id}`);
    const at = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
    const lastUsed = admin.app.get(LastUsed);
    directory.touch(id, at);
    directory.touch(gone.id, at);
    await lastUsed.flush();
    directory.touch(id, at - 1_000);
    await lastUsed.flush();
    const { body } = await admin.call('GET', `/admin/v1/keys/${id}`);
    expect(body).toMatchObject({ last_used_at: '2026-01-02T03:04:05.678Z', version: 1 });
  });

  it('keeps the audit chain whole, and says where it was broken', async () => {
    const verify = async () =>
      (await admin.call('GET', '/admin/v1/audit/verify')).body as {
        valid: boolean;
        entries: number;
        broken_at: number | null;
      };
    // Administrators too: unlike organisations, nothing but the chain makes their changes queue.
    const made = await Promise.all(
      Array.from({ length: 20 }, (_unused, i) => [
        admin.call('POST', '/admin/v1/orgs', { name: `chain ${i}` }),
        admin.call('POST', '/admin/v1/admins', { name: `chain ${i}`, role: 'viewer' }),
      ]).flat(),
    );
    expect(new Set(made.map(({ status }) => status))).toEqual(new Set([201]));
    const whole = await verify();
    expect(whole).toMatchObject({ valid: true, broken_at: null });
    const client = await database.connect();
    const last = whole.entries;
    await client.query('BEGIN');
    await client.query('UPDATE audit_log SET actor = $1 WHERE seq = $2', ['somebody else', last - 3]);
    await client.query('COMMIT');
    expect(await verify()).toMatchObject({ valid: false, broken_at: last - 3 });
    await client.query('UPDATE audit_log SET actor = $1 WHERE seq = $2', ['bootstrap', last - 3]);
    await client.query('DELETE FROM audit_log WHERE seq = $1', [last]);
    expect(await verify()).toMatchObject({ valid: false, broken_at: last });
  });
}, ENV);

// The embedded database is open to one process only.
describeServerDatabase((database) => {
  let admin: AdminApp;
  beforeAll(async () => {
    admin = await AdminApp.open(database.config);
  }, 60_000);
  afterAll(async () => {
    await admin.close();
  });

  it('ends and creates keys on every replica within a second', async () => {
    const replica = await AdminApp.open(sameServer(database));
    try {
      const there = replica.app.get(KeyDirectory);
      const { key, id } = await makeKey(admin);
      expect(await there.find(key)).not.toBeNull();
      await admin.call('POST', `/admin/v1/keys/${id}/revoke`);
      await until(async () => (await there.find(key)) === null);
      const fresh = await makeKey(admin);
      await until(async () => (await there.find(fresh.key)) !== null);
      await admin.call('PATCH', `/admin/v1/keys/${fresh.id}`, { rpm_limit: 3 });
      await until(async () => (await there.find(fresh.key))?.limits.key.rpm === 3);
    } finally {
      await replica.close();
    }
  });

  it('goes on with known keys while the database is away, and catches up when it is back', async () => {
    const server = new URL(database.config.database.url ?? '');
    const proxy = new CuttableProxy(server.hostname, Number(server.port === '' ? 5432 : server.port));
    server.host = `127.0.0.1:${await proxy.mend()}`;
    const replica = await AdminApp.open(loadConfig({ ...ENV, DATABASE_URL: server.href }));
    try {
      const there = replica.app.get(KeyDirectory);
      const known = await makeKey(admin);
      const unknown = await makeKey(admin);
      expect(await there.find(known.key)).not.toBeNull();
      await proxy.cut();
      expect(await there.find(known.key)).toMatchObject({ keyId: known.id });
      await expect(there.find(unknown.key)).rejects.toMatchObject({ kind: 'service_unavailable' });
      expect((await replica.call('GET', '/admin/v1/orgs')).status).toBe(503);
      await admin.call('POST', `/admin/v1/keys/${known.id}/revoke`);
      expect(await there.find(known.key)).not.toBeNull();
      await proxy.mend();
      await until(async () => (await there.find(known.key)) === null, 5_000);
      await until(async () => (await there.find(unknown.key)) !== null, 5_000);
    } finally {
      await replica.close();
      await proxy.cut();
    }
  }, 30_000);
}, ENV);

describeEmbeddedDatabase((database) => {
  it('makes one bootstrap key at the first start, and is closed to everybody else', async () => {
    let admin = await AdminApp.open(database.config);
    expect((await admin.call('GET', '/admin/v1/orgs', undefined, { key: null })).status).toBe(401);
    expect((await admin.call('GET', '/admin/v1/orgs', undefined, { key: 'undefined' })).status).toBe(401);
    const { generatedKey } = await admin.app.get(AdminKeys).bootstrap();
    expect(generatedKey).toMatch(/^oga-[A-Za-z0-9_-]{43}$/);
    expect((await admin.call('GET', '/admin/v1/admins', undefined, { key: generatedKey })).status).toBe(200);
    await admin.close();
    admin = await AdminApp.open(loadConfig({ OMNI_DATA_DIR: database.config.data.dir }));
    expect(await admin.app.get(AdminKeys).bootstrap()).toEqual({ generatedKey: null });
    expect((await admin.call('GET', '/admin/v1/admins', undefined, { key: generatedKey })).status).toBe(200);
    await admin.close();
  }, 60_000);
});

function sameServer(database: TestDatabase) {
  return loadConfig({ ...ENV, DATABASE_URL: database.config.database.url ?? '' });
}

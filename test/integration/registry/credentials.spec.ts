import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../src/config/load-config.js';
import { MasterKeyRotation } from '../../../src/registry/master-key-rotation.service.js';
import { describeEachDatabase } from '../../support/databases.js';
import { ENV, RegistryGateway } from './registry-gateway.js';

const SECRET = 'sk-live-abcdefghijklmnopqrstuvwx9876';
const OTHER_SECRET = 'sk-live-ZYXWVUTSRQPONMLKJIHGFEDC1234';

describeEachDatabase((database) => {
  describe('credentials of providers', () => {
    let gateway: RegistryGateway;
    let provider: { id: string; name: string };

    beforeAll(async () => {
      gateway = await RegistryGateway.start(database.config);
    }, 60_000);
    afterAll(async () => {
      await gateway.close();
    }, 30_000);
    beforeEach(async () => {
      const name = `p-${Math.random().toString(36).slice(2)}`;
      provider = (await gateway.admin('POST', '/providers', { name, base_url: 'https://api.example.com/v1' })).body;
    });

    const path = () => `/providers/${provider.id}/credentials`;
    const pool = () => gateway.registry.current().providers.get(provider.name)?.credentials ?? [];

    it('takes a secret in and hands it to the registry alone', async () => {
      const created = await gateway.admin('POST', path(), { secret: SECRET, label: 'main', rpm_limit: 100 });
      expect(created.status).toBe(201);
      expect(created.body).toMatchObject({
        provider_id: provider.id,
        label: 'main',
        last4: '9876',
        decryptable: true,
        active: true,
        rpm_limit: 100,
        tpm_limit: null,
        version: 1,
      });
      expect(created.body.key_id).toMatch(/^[0-9a-f]{8}$/);
      expect(pool()).toEqual([{ id: created.body.id, label: 'main', secret: SECRET, rpmLimit: 100, tpmLimit: null }]);
      const own = `${path()}/${created.body.id}`;
      expect((await gateway.admin('GET', own)).body).toEqual(created.body);
      expect((await gateway.admin('GET', `/providers/${provider.id}`)).body.credentials).toEqual([created.body]);
      const replaced = await gateway.admin('PATCH', own, { secret: OTHER_SECRET });
      expect(replaced.body).toMatchObject({ last4: '1234', label: 'main', version: 2 });
      expect(pool()[0]?.secret).toBe(OTHER_SECRET);
      await gateway.admin('PUT', own, { active: false });
      expect(pool()).toEqual([]);
      expect((await gateway.admin('DELETE', own)).status).toBe(204);
      expect((await gateway.admin('GET', own)).status).toBe(404);
    });

    it('lets no secret out: not in answers, lists, errors, the audit log or the table', async () => {
      const answers = [await gateway.admin('POST', path(), { secret: SECRET })];
      const own = `${path()}/${answers[0]?.body.id}`;
      answers.push(
        await gateway.admin('POST', path(), { secret: SECRET }),
        await gateway.admin('POST', path(), { secret: `${SECRET} blank`, label: 'other' }),
        await gateway.admin('POST', path(), { secret: SECRET, label: 'x', [SECRET]: 1 }),
        await gateway.admin('PATCH', own, { secret: OTHER_SECRET, label: 'renamed' }),
        await gateway.admin('GET', own),
        await gateway.admin('GET', path()),
        await gateway.admin('GET', `/providers/${provider.id}`),
        await gateway.admin('GET', '/providers'),
        await gateway.admin('DELETE', `/providers/${provider.id}`),
        await gateway.admin('GET', '/audit?limit=500'),
      );
      expect(answers.map(({ status }) => status)).toEqual([201, 409, 400, 400, 200, 200, 200, 200, 200, 204, 200]);
      // A field called like the secret is the caller's own doing: the message that names it is not ours to hide.
      const texts = answers.filter((_answer, index) => index !== 3).map(({ text }) => text);
      for (const secret of [SECRET, OTHER_SECRET]) expect(texts.join()).not.toContain(secret.slice(0, 20));
      const actions = (answers.at(-1)?.body.data as { action: string }[]).map((entry) => entry.action);
      expect(actions).toEqual(expect.arrayContaining(['credential.create', 'credential.change', 'provider.delete']));
    });

    it('stores ciphertext, different for the same secret', async () => {
      await gateway.admin('POST', path(), { secret: SECRET, label: 'a' });
      await gateway.admin('POST', path(), { secret: SECRET, label: 'b' });
      const client = await database.connect();
      const { rows } = await client.query<{ ciphertext: string }>(
        'SELECT * FROM provider_credentials WHERE provider_id = $1',
        [provider.id],
      );
      await client.end();
      expect(rows).toHaveLength(2);
      expect(rows[0]?.ciphertext).not.toBe(rows[1]?.ciphertext);
      for (const row of rows) {
        expect(JSON.stringify(row)).not.toContain(SECRET);
        expect(Buffer.from(row.ciphertext.slice(3), 'base64url').toString('latin1')).not.toContain(SECRET);
      }
    });

    it('leaves a credential out whose row was tampered with, says so, and keeps the others', async () => {
      const broken = (await gateway.admin('POST', path(), { secret: SECRET, label: 'broken' })).body;
      const whole = (await gateway.admin('POST', path(), { secret: OTHER_SECRET, label: 'whole' })).body;
      const client = await database.connect();
      await client.query(
        'UPDATE provider_credentials SET ciphertext = (SELECT ciphertext FROM provider_credentials WHERE id = $2) WHERE id = $1',
        [broken.id, whole.id],
      );
      await client.end();
      await gateway.registry.refresh();
      expect(pool().map(({ id }) => id)).toEqual([whole.id]);
      const view = (await gateway.admin('GET', `/providers/${provider.id}`)).body;
      expect(view.credentials).toMatchObject([
        { label: 'broken', decryptable: false },
        { label: 'whole', decryptable: true },
      ]);
      expect((await gateway.admin('PATCH', `${path()}/${broken.id}`, { secret: SECRET })).body.decryptable).toBe(true);
      expect(pool()).toHaveLength(2);
    });

    it('knows a credential only under its own provider', async () => {
      const { body } = await gateway.admin('POST', path(), { secret: SECRET });
      const other = await gateway.admin('POST', '/providers', { name: `${provider.name}-2`, base_url: 'https://h' });
      const stranger = `/providers/${other.body.id}/credentials/${body.id}`;
      expect((await gateway.admin('GET', stranger)).status).toBe(404);
      expect((await gateway.admin('PATCH', stranger, { active: false })).status).toBe(404);
      expect((await gateway.admin('DELETE', stranger)).status).toBe(404);
      expect((await gateway.admin('GET', `/providers/${body.id}/credentials`)).status).toBe(404);
    });

    it.each([
      [{}, 'secret'],
      [{ secret: '' }, 'secret'],
      [{ secret: null }, 'secret'],
      [{ secret: 'with blank' }, 'secret'],
      [{ secret: 'line\nfeed' }, 'secret'],
      [{ secret: 'ümlaut' }, 'secret'],
      [{ secret: 'x'.repeat(8193) }, 'secret'],
      [{ secret: SECRET, label: '' }, 'label'],
      [{ secret: SECRET, tpm_limit: -2 }, 'tpm_limit'],
      [{ secret: SECRET, key_id: 'x' }, 'key_id'],
    ])('refuses %j with a 400 that names %s', async (body, param) => {
      const answer = await gateway.admin('POST', path(), body);
      expect(answer.status).toBe(400);
      expect(answer.body.error.param).toBe(param);
    });

    it('lets operators neither set secrets nor send them elsewhere', async () => {
      const { body } = await gateway.admin('POST', '/admins', { name: `operator ${provider.name}`, role: 'operator' });
      const as = { 'x-admin-key': body.key as string };
      const url = 'https://elsewhere.example.com';
      const model = (await gateway.admin('POST', '/models', { name: `m-${provider.name}` }, as)).body;
      const backends = `/models/${model.id}/backends`;
      expect((await gateway.admin('GET', path(), undefined, as)).status).toBe(200);
      expect((await gateway.admin('POST', path(), { secret: SECRET }, as)).status).toBe(403);
      expect((await gateway.admin('PATCH', `/providers/${provider.id}`, { base_url: url }, as)).status).toBe(403);
      expect((await gateway.admin('POST', backends, { url, provider_id: provider.id }, as)).status).toBe(403);
      const plain = await gateway.admin('POST', backends, { provider_id: provider.id }, as);
      expect(plain.status).toBe(201);
      expect((await gateway.admin('PATCH', `${backends}/${plain.body.id}`, { url }, as)).status).toBe(403);
      const inline = { name: `i-${provider.name}`, backends: [{ url, provider_id: provider.id }] };
      expect((await gateway.admin('POST', '/models', inline, as)).status).toBe(403);
      expect((await gateway.admin('POST', backends, { url, provider_id: provider.id })).status).toBe(201);
    });
  });
}, ENV);

const describeServer = process.env['TEST_DATABASE_URL'] === undefined ? describe.skip : describe;

describeServer('the master key', () => {
  describeEachDatabase((database) => {
    if (database.kind === 'embedded') {
      it('is of no account here', () => undefined);
      return;
    }
    const [OLD, NEW] = ['the old passphrase: long enough', 'the new passphrase: long enough'];
    const startWith = (env: Record<string, string>) => {
      const url = database.config.database.url ?? '';
      return RegistryGateway.start(loadConfig({ ADMIN_API_KEY: ENV.ADMIN_API_KEY, DATABASE_URL: url, ...env }));
    };
    const secrets = (gateway: RegistryGateway) =>
      gateway.registry
        .current()
        .providers.get('vendor')
        ?.credentials.map(({ secret }) => secret);

    it('is asked for before a credential is stored, and rotates without losing one', async () => {
      let gateway = await startWith({});
      const provider = (await gateway.admin('POST', '/providers', { name: 'vendor', base_url: 'https://h/v1' })).body;
      const path = `/providers/${provider.id}/credentials`;
      const refused = await gateway.admin('POST', path, { secret: SECRET });
      expect(refused.status).toBe(409);
      expect(refused.body.error).toMatchObject({ code: 'master_key_missing' });
      expect(refused.body.error.message).toContain('OMNI_MASTER_KEY');
      await gateway.close();

      gateway = await startWith({ OMNI_MASTER_KEY: OLD });
      const old = (await gateway.admin('POST', path, { secret: SECRET })).body;
      expect(secrets(gateway)).toEqual([SECRET]);
      await gateway.close();

      // The wrong key takes nothing down: the credential is missing and its view says why.
      gateway = await startWith({ OMNI_MASTER_KEY: NEW });
      expect(secrets(gateway)).toEqual([]);
      expect((await gateway.admin('GET', `/providers/${provider.id}`)).body.credentials).toMatchObject([
        { id: old.id, decryptable: false, key_id: old.key_id, last4: '9876' },
      ]);
      expect(await gateway.app.get(MasterKeyRotation).rotate()).toEqual({
        total: 1,
        rotated: 0,
        current: 0,
        undecryptable: 1,
      });
      await gateway.close();

      gateway = await startWith({ OMNI_MASTER_KEY: NEW, OMNI_PREVIOUS_MASTER_KEYS: OLD });
      expect(secrets(gateway)).toEqual([SECRET]);
      await gateway.admin('POST', path, { secret: OTHER_SECRET, label: 'second' });
      const rotation = await gateway.app.get(MasterKeyRotation).rotate();
      expect(rotation).toEqual({ total: 2, rotated: 1, current: 1, undecryptable: 0 });
      await gateway.close();

      gateway = await startWith({ OMNI_MASTER_KEY: NEW });
      expect(secrets(gateway)).toEqual([SECRET, OTHER_SECRET]);
      const rotated = (await gateway.admin('GET', `${path}/${old.id}`)).body;
      expect(rotated).toMatchObject({ decryptable: true, last4: '9876' });
      expect(rotated.key_id).not.toBe(old.key_id);
      await gateway.close();
    }, 60_000);
  }, ENV);
});

describe('the embedded store', () => {
  it('makes a master key of its own at first start and finds it again', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'omni-registry-'));
    const start = () => RegistryGateway.start(loadConfig({ ADMIN_API_KEY: ENV.ADMIN_API_KEY, OMNI_DATA_DIR: dir }));
    let gateway = await start();
    try {
      expect(existsSync(join(dir, 'master.key'))).toBe(true);
      const provider = (await gateway.admin('POST', '/providers', { name: 'vendor', base_url: 'https://h/v1' })).body;
      const created = await gateway.admin('POST', `/providers/${provider.id}/credentials`, { secret: SECRET });
      expect(created.status).toBe(201);
      await gateway.close();
      gateway = await start();
      expect(gateway.registry.current().providers.get('vendor')?.credentials).toMatchObject([{ secret: SECRET }]);
    } finally {
      await gateway.close();
      rmSync(dir, { recursive: true, force: true });
    }
  }, 60_000);
});

import { describeEachDatabase } from '../../support/databases.js';
import { AdminApp, ADMIN_KEY } from './admin-app.js';

const UNKNOWN_ID = '0197a000-0000-7000-8000-00000000dead';
const DEFAULT_ORG = '00000000-0000-7000-8000-000000000001';
const DEFAULT_PROJECT = '00000000-0000-7000-8000-000000000002';

describeEachDatabase(
  (database) => {
    let admin: AdminApp;
    let serial = 0;
    const aName = (what: string): string => `${what} ${(serial += 1)}`;

    beforeAll(async () => {
      admin = await AdminApp.open(database.config);
    }, 60_000);
    afterAll(async () => {
      await admin.close();
    });

    describe('who may use the admin API', () => {
      it('refuses requests without a key, with a wrong one, and with a client key', async () => {
        const client = await admin.call('POST', '/admin/v1/keys', { name: 'client' });
        for (const key of [null, 'wrong', '', client.body.key as string, `oga-${'A'.repeat(43)}`]) {
          const answer = await admin.call('GET', '/admin/v1/orgs', undefined, { key });
          expect(answer).toMatchObject({
            status: 401,
            body: { error: { type: 'authentication_error', code: 'invalid_admin_key' } },
          });
        }
      });

      it('takes the key as Bearer token too, and lets X-Admin-Key win', async () => {
        const bearer = { authorization: `Bearer ${ADMIN_KEY}` };
        expect((await admin.call('GET', '/admin/v1/orgs', undefined, { key: null, headers: bearer })).status).toBe(200);
        expect((await admin.call('GET', '/admin/v1/orgs', undefined, { key: 'wrong', headers: bearer })).status).toBe(
          401,
        );
      });

      it.each([
        ['viewer', { read: 200, org: 403, key: 403, admin: 403 }],
        ['operator', { read: 200, org: 201, key: 403, admin: 403 }],
        ['admin', { read: 200, org: 201, key: 201, admin: 403 }],
        ['owner', { read: 200, org: 201, key: 201, admin: 201 }],
      ])('lets the role %s do what it may and no more', async (role, expected) => {
        const key = await admin.adminKey(role);
        const name = aName(role);
        expect({
          read: (await admin.call('GET', '/admin/v1/orgs', undefined, { key })).status,
          org: (await admin.call('POST', '/admin/v1/orgs', { name }, { key })).status,
          key: (await admin.call('POST', '/admin/v1/keys', { name }, { key })).status,
          admin: (await admin.call('POST', '/admin/v1/admins', { name, role: 'viewer' }, { key })).status,
        }).toEqual(expected);
      });

      it('does not let an operator rotate a key, but revoke it', async () => {
        const key = await admin.adminKey('operator');
        const { body } = await admin.call('POST', '/admin/v1/keys', { name: 'k' });
        const path = `/admin/v1/keys/${body.api_key.id}`;
        expect((await admin.call('POST', `${path}/rotate`, {}, { key })).status).toBe(403);
        expect((await admin.call('POST', `${path}/revoke`, {}, { key })).status).toBe(200);
      });

      it('ends an admin key that is switched off, deleted or expired', async () => {
        for (const change of ['PATCH', 'DELETE', 'expired']) {
          const made = await admin.call('POST', '/admin/v1/admins', {
            name: aName('short'),
            role: 'viewer',
            ...(change === 'expired' && { expires_at: '2020-01-01T00:00:00Z' }),
          });
          const path = `/admin/v1/admins/${made.body.admin.id}`;
          if (change !== 'expired') await admin.call(change, path, change === 'PATCH' ? { active: false } : undefined);
          expect((await admin.call('GET', '/admin/v1/orgs', undefined, { key: made.body.key })).status).toBe(401);
        }
      });
    });

    describe('an administrator bound to an organisation', () => {
      let key: string;
      let own: string;
      let foreignProject: string;
      let foreignKey: string;
      beforeAll(async () => {
        own = (await admin.call('POST', '/admin/v1/orgs', { name: aName('own') })).body.id as string;
        key = await admin.adminKey('owner', own);
        foreignProject = (await admin.call('POST', '/admin/v1/projects', { name: aName('foreign') })).body.id as string;
        foreignKey = (await admin.call('POST', '/admin/v1/keys', { name: 'foreign', project_id: foreignProject })).body
          .api_key.id;
      });

      it('sees only what belongs to it', async () => {
        const project = await admin.call('POST', '/admin/v1/projects', { name: 'mine' }, { key });
        expect(project.body.org_id).toBe(own);
        const made = await admin.call('POST', '/admin/v1/keys', { name: 'mine', project_id: project.body.id }, { key });
        expect(made.status).toBe(201);
        const seen = async (path: string) =>
          ((await admin.call('GET', path, undefined, { key })).body.data as { id: string }[]).map(({ id }) => id);
        expect(await seen('/admin/v1/orgs')).toEqual([own]);
        expect(await seen('/admin/v1/projects')).toEqual([project.body.id]);
        expect(await seen('/admin/v1/keys')).toEqual([made.body.api_key.id]);
        expect(await seen(`/admin/v1/keys?org_id=${DEFAULT_ORG}`)).toEqual([]);
        expect(await seen(`/admin/v1/keys?project_id=${foreignProject}`)).toEqual([]);
        expect(await seen('/admin/v1/admins')).toHaveLength(1);
        const audit = await admin.call('GET', '/admin/v1/audit', undefined, { key });
        const orgs = (audit.body.data as { org_id: string }[]).map((entry) => entry.org_id);
        expect(new Set(orgs)).toEqual(new Set([own]));
      });

      it.each([
        ['GET', () => `/admin/v1/orgs/${DEFAULT_ORG}`],
        ['PATCH', () => `/admin/v1/orgs/${DEFAULT_ORG}`],
        ['GET', () => `/admin/v1/projects/${foreignProject}`],
        ['PATCH', () => `/admin/v1/projects/${foreignProject}`],
        ['DELETE', () => `/admin/v1/projects/${foreignProject}`],
        ['GET', () => `/admin/v1/keys/${foreignKey}`],
        ['PUT', () => `/admin/v1/keys/${foreignKey}`],
        ['DELETE', () => `/admin/v1/keys/${foreignKey}`],
        ['POST', () => `/admin/v1/keys/${foreignKey}/rotate`],
        ['POST', () => `/admin/v1/keys/${foreignKey}/revoke`],
      ])('finds nothing of others: %s %s', async (method, path) => {
        const body = method === 'GET' || method === 'DELETE' ? undefined : {};
        expect((await admin.call(method, path(), body, { key })).status).toBe(404);
      });

      it('cannot put anything into another organisation', async () => {
        const attempts = [
          ['/admin/v1/projects', { name: 'x', org_id: DEFAULT_ORG }],
          ['/admin/v1/keys', { name: 'x' }],
          ['/admin/v1/keys', { name: 'x', project_id: foreignProject }],
          ['/admin/v1/admins', { name: 'x', role: 'owner', org_id: DEFAULT_ORG }],
        ] as const;
        for (const [path, body] of attempts) expect((await admin.call('POST', path, body, { key })).status).toBe(404);
        expect((await admin.call('POST', '/admin/v1/orgs', { name: 'x' }, { key })).status).toBe(403);
        expect((await admin.call('DELETE', `/admin/v1/orgs/${own}`, undefined, { key })).status).toBe(403);
      });

      it('makes administrators of its own organisation only, also when it names none', async () => {
        const made = await admin.call(
          'POST',
          '/admin/v1/admins',
          { name: aName('sub'), role: 'owner', org_id: null },
          { key },
        );
        expect(made.body.admin.org_id).toBe(own);
      });

      it('may rename the organisation but not lift its limits', async () => {
        const path = `/admin/v1/orgs/${own}`;
        expect((await admin.call('PATCH', path, { name: aName('renamed') }, { key })).status).toBe(200);
        expect((await admin.call('PATCH', path, { daily_budget: 'unlimited' }, { key })).status).toBe(403);
      });
    });

    describe('budgets and limits on models', () => {
      it('are the defaults until set, and are changed, cleared and shown as they were written', async () => {
        const { body } = await admin.call('POST', '/admin/v1/orgs', { name: aName('budgeted') });
        const defaults = {
          budget_enforcement: 'hard',
          budget_alert_percents: [50, 80, 100],
          model_limits: null,
          budget_webhook_url: null,
        };
        expect(body).toMatchObject(defaults);
        const path = `/admin/v1/orgs/${body.id}`;
        const hook = 'https://hooks.example.com/a?token=b%20c';
        const changed = await admin.call('PATCH', path, {
          budget_enforcement: 'soft',
          budget_alert_percents: [120, 90],
          model_limits: { 'a/b': { rpm: 0, tpm: 'unlimited' }, toString: { concurrency: 3 } },
          budget_webhook_url: hook,
        });
        const shown = {
          budget_enforcement: 'soft',
          budget_alert_percents: [90, 120],
          model_limits: {
            'a/b': { rpm: 0, tpm: 'unlimited', concurrency: null },
            toString: { rpm: null, tpm: null, concurrency: 3 },
          },
          budget_webhook_url: hook,
        };
        expect(changed).toMatchObject({ status: 200, body: shown });
        expect((await admin.call('GET', path)).body).toMatchObject(shown);
        const cleared = await admin.call('PATCH', path, { model_limits: null, budget_webhook_url: null });
        expect(cleared.body).toMatchObject({ ...shown, model_limits: null, budget_webhook_url: null });
        const key = await admin.call('POST', '/admin/v1/keys', { name: 'k', model_limits: { m: { rpm: 1 } } });
        expect(key.body.api_key.model_limits).toEqual({ m: { rpm: 1, tpm: null, concurrency: null } });
      });

      it('take at most 200 models', async () => {
        const limits = (count: number) =>
          Object.fromEntries(Array.from({ length: count }, (_unused, i) => [`m${i}`, { rpm: i }]));
        const send = (count: number) =>
          admin.call('POST', '/admin/v1/projects', { name: aName('many'), model_limits: limits(count) });
        expect((await send(200)).status).toBe(201);
        expect(await send(201)).toMatchObject({ status: 400, body: { error: { param: 'model_limits' } } });
      });
    });

    describe.each(['/admin/v1', '/v1/admin'])('organisations and projects at %s', (root) => {
      it('are created, read, changed in part and deleted', async () => {
        const created = await admin.call('POST', `${root}/orgs`, {
          name: aName('org'),
          daily_budget: '12.50',
          monthly_budget: 300,
          rate_limit_per_min: 60,
          tpm_limit: 'unlimited',
          time_zone: 'Europe/Berlin',
        });
        expect(created).toMatchObject({
          status: 201,
          body: {
            daily_budget: 12.5,
            monthly_budget: 300,
            rpm_limit: 60,
            rate_limit_per_min: 60,
            tpm_limit: 'unlimited',
            concurrency_limit: null,
            time_zone: 'Europe/Berlin',
            version: 1,
          },
        });
        expect(created.headers.get('etag')).toBe('"1"');
        const path = `${root}/orgs/${created.body.id}`;
        const project = await admin.call('POST', `${root}/projects`, {
          name: 'p',
          org_id: created.body.id,
          daily_budget: 0,
        });
        expect(project).toMatchObject({ status: 201, body: { org_id: created.body.id, daily_budget: 0 } });

        const changed = await admin.call('PATCH', path, { daily_budget: null });
        expect(changed.body).toEqual({
          ...created.body,
          daily_budget: null,
          version: 2,
          updated_at: changed.body.updated_at,
        });
        expect((await admin.call('PUT', path, { name: 'put as patch' })).body).toMatchObject({
          monthly_budget: 300,
          version: 3,
        });
        expect((await admin.call('GET', path)).body).toMatchObject({ name: 'put as patch', version: 3 });

        expect(await admin.call('DELETE', path)).toMatchObject({ status: 409 });
        expect((await admin.call('DELETE', `${root}/projects/${project.body.id}`)).status).toBe(204);
        expect((await admin.call('DELETE', path)).status).toBe(204);
        expect((await admin.call('GET', path)).status).toBe(404);
        expect((await admin.call('DELETE', path)).status).toBe(404);
      });
    });

    describe('what the admin API refuses', () => {
      it('never deletes the default organisation and project', async () => {
        expect((await admin.call('DELETE', `/admin/v1/orgs/${DEFAULT_ORG}`)).status).toBe(409);
        expect((await admin.call('DELETE', `/admin/v1/projects/${DEFAULT_PROJECT}`)).status).toBe(409);
      });

      it.each(['orgs', 'projects', 'keys', 'admins'])('answers 404 for %s that cannot exist', async (resource) => {
        for (const id of [UNKNOWN_ID, 'not-a-uuid', "1' OR '1'='1", '%00']) {
          const path = `/admin/v1/${resource}/${encodeURIComponent(id)}`;
          for (const method of ['GET', 'PATCH', 'DELETE']) {
            expect((await admin.call(method, path, method === 'PATCH' ? {} : undefined)).status).toBe(404);
          }
        }
      });

      it.each([
        ['orgs', {}, 'name'],
        ['orgs', { name: '' }, 'name'],
        ['orgs', { name: ' padded ' }, 'name'],
        ['orgs', { name: 'nul\0' }, 'name'],
        ['orgs', { name: 'x'.repeat(201) }, 'name'],
        ['orgs', { name: 5 }, 'name'],
        ['orgs', { name: null }, 'name'],
        ['orgs', { name: 'x', color: 'red' }, 'color'],
        ['orgs', { name: 'x', id: UNKNOWN_ID }, 'id'],
        ['orgs', { name: 'x', constructor: {} }, 'constructor'],
        ['orgs', { name: 'x', time_zone: 'Mars/Olympus' }, 'time_zone'],
        ['orgs', { name: 'x', time_zone: '+02:00' }, 'time_zone'],
        ['orgs', { name: 'x', daily_budget: -1 }, 'daily_budget'],
        ['orgs', { name: 'x', daily_budget: 0.0000000001 }, 'daily_budget'],
        ['orgs', { name: 'x', daily_budget: 1e12 }, 'daily_budget'],
        ['orgs', { name: 'x', budget_enforcement: 'firm' }, 'budget_enforcement'],
        ['orgs', { name: 'x', budget_alert_percents: [50, 0] }, 'budget_alert_percents'],
        ['orgs', { name: 'x', budget_alert_percents: [50, 50] }, 'budget_alert_percents'],
        ['orgs', { name: 'x', budget_alert_percents: null }, 'budget_alert_percents'],
        ['orgs', { name: 'x', model_limits: [] }, 'model_limits'],
        ['orgs', { name: 'x', model_limits: { '': { rpm: 1 } } }, 'model_limits'],
        ['orgs', { name: 'x', model_limits: { m: { rpm: -1 } } }, 'model_limits'],
        ['orgs', { name: 'x', model_limits: { m: { rps: 1 } } }, 'model_limits'],
        ['orgs', { name: 'x', model_limits: { m: 5 } }, 'model_limits'],
        ['orgs', { name: 'x', model_limits: { constructor: { rpm: 1 } } }, 'model_limits.constructor'],
        ['orgs', { name: 'x', budget_webhook_url: 'http://hooks.example.com/' }, 'budget_webhook_url'],
        ['orgs', { name: 'x', budget_webhook_url: 'https://10.0.0.1/' }, 'budget_webhook_url'],
        ['orgs', { name: 'x', budget_webhook_url: 'https://169.254.169.254/' }, 'budget_webhook_url'],
        ['orgs', { name: 'x', budget_webhook_url: 'https://hooks.example.com/a#b' }, 'budget_webhook_url'],
        ['projects', { name: 'x', budget_webhook_url: 'https://hooks.example.com/' }, 'budget_webhook_url'],
        ['orgs', { name: 'x', daily_budget: 'NaN' }, 'daily_budget'],
        ['orgs', { name: 'x', daily_budget: '1,5' }, 'daily_budget'],
        ['orgs', { name: 'x', monthly_budget: true }, 'monthly_budget'],
        ['orgs', { name: 'x', rpm_limit: 1.5 }, 'rpm_limit'],
        ['orgs', { name: 'x', rpm_limit: -1 }, 'rpm_limit'],
        ['orgs', { name: 'x', rpm_limit: '60' }, 'rpm_limit'],
        ['orgs', { name: 'x', tpm_limit: 1e300 }, 'tpm_limit'],
        ['orgs', { name: 'x', rpm_limit: 1, rate_limit_per_min: 2 }, 'rate_limit_per_min'],
        ['projects', { name: 'x', org_id: 'nope' }, 'org_id'],
        ['keys', { name: 'x', project_id: 7 }, 'project_id'],
        ['keys', { name: 'x', allowed_models: 'gpt-4o' }, 'allowed_models'],
        ['keys', { name: 'x', allowed_models: ['ok', 5] }, 'allowed_models'],
        ['keys', { name: 'x', allowed_models: ['nul\0'] }, 'allowed_models'],
        ['keys', { name: 'x', allowed_ips: ['10.0.0.0/33'] }, 'allowed_ips'],
        ['keys', { name: 'x', scopes: ['inference', 'root'] }, 'scopes'],
        ['keys', { name: 'x', scopes: [] }, 'scopes'],
        ['keys', { name: 'x', expires_at: 'tomorrow' }, 'expires_at'],
        ['keys', { name: 'x', expires_at: '2030-02-30T00:00:00Z' }, 'expires_at'],
        ['keys', { name: 'x', expires_at: '2030-01-01T00:00:00' }, 'expires_at'],
        ['keys', { name: 'x', active: 'yes' }, 'active'],
        ['keys', { name: 'x', key_hash: 'a' }, 'key_hash'],
        ['admins', { name: 'x', role: 'root' }, 'role'],
        ['admins', { name: 'x' }, 'role'],
      ])('says which field of %s is wrong in %j', async (resource, body, param) => {
        const answer = await admin.call('POST', `/admin/v1/${resource}`, body);
        expect(answer).toMatchObject({ status: 400, body: { error: { type: 'invalid_request_error', param } } });
      });

      it.each([
        '{"__proto__":{"name":"x"}}',
        '{"name":"x","__proto__":{}}',
        '[]',
        'null',
        '"x"',
        '5',
        '{',
        '[{"name":"x"}]',
      ])('refuses the body %s', async (raw) => {
        expect((await admin.call('POST', '/admin/v1/orgs', undefined, { raw })).status).toBe(400);
      });

      it('answers 404 for a parent that does not exist', async () => {
        const missing = { name: 'x', org_id: UNKNOWN_ID };
        expect(await admin.call('POST', '/admin/v1/projects', missing)).toMatchObject({
          status: 404,
          body: { error: { param: 'org_id' } },
        });
        expect((await admin.call('POST', '/admin/v1/keys', { name: 'x', project_id: UNKNOWN_ID })).status).toBe(404);
        expect((await admin.call('POST', '/admin/v1/admins', { ...missing, role: 'viewer' })).status).toBe(404);
      });

      it('answers 409 for a name that is taken, on creation and on change', async () => {
        const name = aName('taken');
        await admin.call('POST', '/admin/v1/orgs', { name });
        expect(await admin.call('POST', '/admin/v1/orgs', { name })).toMatchObject({
          status: 409,
          body: { error: { param: 'name' } },
        });
        const other = await admin.call('POST', '/admin/v1/orgs', { name: aName('other') });
        expect((await admin.call('PATCH', `/admin/v1/orgs/${other.body.id}`, { name })).status).toBe(409);
      });

      it('lets one of a hundred who create the same name at once have it', async () => {
        const name = aName('race');
        const answers = await Promise.all(
          Array.from({ length: 100 }, () => admin.call('POST', '/admin/v1/orgs', { name })),
        );
        const statuses = answers.map(({ status }) => status);
        expect(statuses.filter((status) => status === 201)).toHaveLength(1);
        expect(statuses.filter((status) => status === 409)).toHaveLength(99);
      }, 30_000);
    });

    describe('two who change the same thing', () => {
      it('refuses the second who read the same version', async () => {
        const { body } = await admin.call('POST', '/admin/v1/orgs', { name: aName('etag') });
        const path = `/admin/v1/orgs/${body.id}`;
        const ifMatch = (etag: string) => ({ headers: { 'if-match': etag } });
        const first = await admin.call('PATCH', path, { rpm_limit: 1 }, ifMatch('"1"'));
        expect(first.headers.get('etag')).toBe('"2"');
        expect(await admin.call('PATCH', path, { rpm_limit: 2 }, ifMatch('"1"'))).toMatchObject({
          status: 412,
          body: { error: { code: 'precondition_failed' } },
        });
        expect((await admin.call('DELETE', path, undefined, ifMatch('"1"'))).status).toBe(412);
        expect((await admin.call('PATCH', path, { rpm_limit: 3 }, ifMatch('junk'))).status).toBe(400);
        expect((await admin.call('GET', path)).body.rpm_limit).toBe(1);
        expect((await admin.call('DELETE', path, undefined, ifMatch('"1", "2"'))).status).toBe(204);
      });

      it('loses no change of many at once: each makes a version', async () => {
        const { body } = await admin.call('POST', '/admin/v1/orgs', { name: aName('many') });
        const path = `/admin/v1/orgs/${body.id}`;
        await Promise.all(Array.from({ length: 20 }, (_unused, rpm) => admin.call('PATCH', path, { rpm_limit: rpm })));
        expect((await admin.call('GET', path)).body.version).toBe(21);
      });
    });

    describe('lists', () => {
      const names: string[] = [];
      let project: string;
      beforeAll(async () => {
        project = (await admin.call('POST', '/admin/v1/projects', { name: aName('list') })).body.id as string;
        for (const name of ['bumblebee', 'ant', 'bumblebee', 'cat', 'bumblebee', 'bumblebee', 'd%_x']) {
          names.push(name);
          await admin.call('POST', '/admin/v1/keys', { name, project_id: project });
        }
      });

      async function walk(query: string): Promise<{ name: string; id: string }[]> {
        const rows: { name: string; id: string }[] = [];
        let cursor: string | null = '';
        while (cursor !== null) {
          const answer = await admin.call('GET', `/admin/v1/keys?project_id=${project}&${query}&cursor=${cursor}`);
          expect(answer.status).toBe(200);
          rows.push(...answer.body.data);
          cursor = answer.body.next_cursor as string | null;
        }
        return rows;
      }

      it.each(['name', '-name', 'created_at', '-updated_at'])(
        'walks every row once in pages by %s, ties included',
        async (sort) => {
          const whole = await walk(`sort=${sort}&limit=100`);
          expect(whole).toHaveLength(names.length);
          for (const limit of [1, 2, 3]) {
            expect((await walk(`sort=${sort}&limit=${limit}`)).map(({ id }) => id)).toEqual(whole.map(({ id }) => id));
          }
          if (sort === 'name') expect(whole.map(({ name }) => name)).toEqual([...names].sort());
        },
      );

      it('has the newest first unless asked otherwise', async () => {
        expect((await walk('limit=100')).map(({ name }) => name)).toEqual(names.toReversed());
      });

      it('finds part of a name in any case, and takes wildcards for what they are', async () => {
        expect((await walk('q=BUMBLEBEE')).map(({ name }) => name)).toEqual(Array(4).fill('bumblebee'));
        expect((await walk('q=%25_')).map(({ name }) => name)).toEqual(['d%_x']);
        expect(await walk('q=%5C')).toEqual([]);
      });

      it.each([
        'limit=0',
        'limit=501',
        'limit=x',
        'limit=1.5',
        'sort=key_hash',
        'sort=constructor',
        'cursor=x',
        'cursor=W10',
        'q=%00',
        'foo=1',
      ])('refuses %s', async (query) => {
        const answer = await admin.call('GET', `/admin/v1/keys?${query}`);
        expect(answer).toMatchObject({ status: 400, body: { error: { param: query.split('=')[0] } } });
      });
    });

    describe('keys', () => {
      it('take what clients of older gateways send, and show the secret once', async () => {
        const made = await admin.call('POST', '/admin/v1/keys', {
          name: 'old client',
          rpm_limit: 60,
          tpm_limit: 10000,
          allowed_models: ['gpt-4o', 'gpt-4o'],
          expires_at: '2030-01-31T12:00:00+02:00',
        });
        expect(made).toMatchObject({
          status: 201,
          body: {
            key: expect.stringMatching(/^og-[A-Za-z0-9_-]{43}$/),
            api_key: {
              project_id: DEFAULT_PROJECT,
              key_prefix: (made.body.key as string).slice(0, 11),
              rpm_limit: 60,
              allowed_models: ['gpt-4o'],
              expires_at: '2030-01-31T10:00:00.000Z',
              active: true,
              scopes: ['inference', 'metrics'],
            },
          },
        });
        const secret = (made.body.key as string).slice(11);
        const path = `/admin/v1/keys/${made.body.api_key.id}`;
        for (const seen of [
          await admin.call('GET', path),
          await admin.call('GET', '/admin/v1/keys'),
          await admin.call('GET', '/admin/v1/audit'),
        ]) {
          expect(JSON.stringify(seen.body)).not.toContain(secret);
          expect(JSON.stringify(seen.body)).not.toMatch(/key_hash|keyHash/);
        }
        expect((await admin.call('GET', path)).body).toMatchObject({ last_used_at: null });
      });

      it('cannot be brought back once revoked', async () => {
        const { body } = await admin.call('POST', '/admin/v1/keys', { name: 'gone' });
        const path = `/admin/v1/keys/${body.api_key.id}`;
        const revoked = await admin.call('POST', `${path}/revoke`);
        expect(revoked).toMatchObject({ status: 200, body: { active: false } });
        expect((await admin.call('POST', `${path}/revoke`)).body).toEqual(revoked.body);
        expect((await admin.call('PATCH', path, { active: true })).status).toBe(409);
        expect((await admin.call('POST', `${path}/rotate`)).status).toBe(409);
        expect((await admin.call('DELETE', path)).status).toBe(204);
      });
    });

    describe('the audit log', () => {
      it('holds who changed what from where, before and after', async () => {
        const { body } = await admin.call('POST', '/admin/v1/orgs', { name: aName('audited') });
        await admin.call(
          'PATCH',
          `/admin/v1/orgs/${body.id}`,
          { rpm_limit: 5 },
          { headers: { 'x-request-id': 'my-request' } },
        );
        const { body: log } = await admin.call('GET', `/admin/v1/audit?resource_id=${body.id}`);
        expect(log.data).toHaveLength(2);
        expect(log.data[0]).toMatchObject({
          actor: 'bootstrap',
          role: 'owner',
          ip: '127.0.0.1',
          request_id: 'my-request',
          action: 'org.change',
          resource: 'org',
          before: { rpm_limit: null },
          after: { rpm_limit: 5 },
        });
        expect(log.data[0].prev_hash).toBe(log.data[1].hash);
      });

      it('leaves no entry for what did not happen', async () => {
        const before = (await admin.call('GET', '/admin/v1/audit?limit=1')).body.data[0].seq as number;
        await admin.call('POST', '/admin/v1/orgs', { name: 'Default' });
        await admin.call('PATCH', `/admin/v1/orgs/${UNKNOWN_ID}`, { rpm_limit: 1 });
        expect((await admin.call('GET', '/admin/v1/audit?limit=1')).body.data[0].seq).toBe(before);
      });

      it('is read by admins, not by operators', async () => {
        expect(
          (await admin.call('GET', '/admin/v1/audit', undefined, { key: await admin.adminKey('operator') })).status,
        ).toBe(403);
      });
    });

    describe('the documentation', () => {
      it('is OpenAPI 3.1 and names every path of the resources', async () => {
        const { body } = await admin.call('GET', '/docs-json', undefined, { key: null });
        expect(body.openapi).toMatch(/^3\.1/);
        const paths = ['orgs', 'projects', 'keys', 'admins', 'audit'].map((resource) => `/admin/v1/${resource}`);
        expect(Object.keys(body.paths)).toEqual(expect.arrayContaining([...paths, '/admin/v1/keys/{id}/rotate']));
        expect(body.components.schemas.CreateKeyDto.properties).toHaveProperty('allowed_ips');
        const operations = Object.values(body.paths as Record<string, Record<string, { operationId: string }>>);
        const ids = operations.flatMap((path) => Object.values(path).map(({ operationId }) => operationId));
        expect(new Set(ids).size).toBe(ids.length);
      });

      it('has a page for people', async () => {
        const page = await fetch(`${admin.url}/docs`);
        expect(page.status).toBe(200);
        expect(await page.text()).toContain('swagger-ui');
      });
    });
  },
  { ADMIN_API_KEY: ADMIN_KEY },
);

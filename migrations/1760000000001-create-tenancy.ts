import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Limits: NULL inherits, 0 denies, -1 lifts. Budgets are nano-dollars. */
const LIMITS = `
  rpm_limit bigint CHECK (rpm_limit >= -1),
  tpm_limit bigint CHECK (tpm_limit >= -1),
  concurrency_limit bigint CHECK (concurrency_limit >= -1),
  daily_budget bigint CHECK (daily_budget >= -1),
  monthly_budget bigint CHECK (monthly_budget >= -1)`;

const ROW = `
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  version integer NOT NULL DEFAULT 1`;

/** Table → the word for it in the payload of a notification. */
const ANNOUNCED = { organisations: 'org', projects: 'project', api_keys: 'key' } as const;

/** Organisations, projects, keys, administrators, and the notifications that keep every replica's memory of them true. */
export class CreateTenancy1760000000001 implements MigrationInterface {
  name = 'CreateTenancy1760000000001';

  async up(runner: QueryRunner): Promise<void> {
    await createTenants(runner);
    await createAdministration(runner);
    await createAnnouncements(runner);
    await runner.query(`
      INSERT INTO organisations (id, name) VALUES ('00000000-0000-7000-8000-000000000001', 'Default')`);
    await runner.query(`
      INSERT INTO projects (id, org_id, name)
      VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 'Default')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['settings', 'admin_keys', 'key_last_used', 'api_keys', 'projects', 'organisations']) {
      await runner.query(`DROP TABLE ${table}`);
    }
    await runner.query('DROP FUNCTION announce_tenancy()');
    await runner.query(`DELETE FROM revisions WHERE room = 'tenancy'`);
    await runner.query(`
      DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM revisions) THEN DROP TABLE revisions; END IF; END $$`);
  }
}

async function createTenants(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE organisations (
      id uuid PRIMARY KEY,
      name text NOT NULL UNIQUE,
      time_zone text NOT NULL DEFAULT 'UTC',
      ${LIMITS}, ${ROW}
    )`);
  await runner.query(`
    CREATE TABLE projects (
      id uuid PRIMARY KEY,
      org_id uuid NOT NULL REFERENCES organisations (id),
      name text NOT NULL,
      ${LIMITS}, ${ROW},
      UNIQUE (org_id, name)
    )`);
  await runner.query(`
    CREATE TABLE api_keys (
      id uuid PRIMARY KEY,
      project_id uuid NOT NULL REFERENCES projects (id),
      name text NOT NULL,
      key_hash text NOT NULL UNIQUE,
      key_prefix text NOT NULL,
      previous_key_hash text UNIQUE,
      previous_expires_at timestamptz(3),
      scopes text[] NOT NULL,
      allowed_models text[],
      allowed_ips text[],
      expires_at timestamptz(3),
      active boolean NOT NULL DEFAULT true,
      revoked_at timestamptz(3),
      ${LIMITS}, ${ROW}
    )`);
  await runner.query('CREATE INDEX api_keys_project ON api_keys (project_id)');
  for (const table of Object.keys(ANNOUNCED)) {
    await runner.query(`CREATE INDEX ${table}_created ON ${table} (created_at, id)`);
  }
  await runner.query(`
    CREATE TABLE key_last_used (
      key_id uuid PRIMARY KEY REFERENCES api_keys (id) ON DELETE CASCADE,
      last_used_at timestamptz(3) NOT NULL
    )`);
}

async function createAdministration(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE admin_keys (
      id uuid PRIMARY KEY,
      name text NOT NULL UNIQUE,
      role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin', 'owner')),
      org_id uuid REFERENCES organisations (id),
      key_hash text NOT NULL UNIQUE,
      key_prefix text NOT NULL,
      expires_at timestamptz(3),
      active boolean NOT NULL DEFAULT true,
      ${ROW}
    )`);
  await runner.query('CREATE TABLE settings (name text PRIMARY KEY, value jsonb NOT NULL)');
}

/**
 * Every changed row adds one to the revision and says so with it: `key:<id>:<revision>`. The row of `revisions` stays locked
 * until commit, so revisions come in commit order, and a gap tells a listener that it missed something.
 */
async function createAnnouncements(runner: QueryRunner): Promise<void> {
  await runner.query('CREATE TABLE IF NOT EXISTS revisions (room text PRIMARY KEY, revision bigint NOT NULL)');
  await runner.query(`INSERT INTO revisions (room, revision) VALUES ('tenancy', 0) ON CONFLICT DO NOTHING`);
  await runner.query(`
    CREATE FUNCTION announce_tenancy() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      reached bigint;
      changed uuid;
    BEGIN
      IF TG_OP = 'DELETE' THEN changed := OLD.id; ELSE changed := NEW.id; END IF;
      UPDATE revisions SET revision = revision + 1 WHERE room = 'tenancy' RETURNING revision INTO reached;
      PERFORM pg_notify('og_tenancy', TG_ARGV[0] || ':' || changed || ':' || reached);
      RETURN NULL;
    END $$`);
  for (const [table, word] of Object.entries(ANNOUNCED)) {
    await runner.query(`
      CREATE TRIGGER ${table}_announce AFTER INSERT OR UPDATE OR DELETE ON ${table}
      FOR EACH ROW EXECUTE FUNCTION announce_tenancy('${word}')`);
  }
}

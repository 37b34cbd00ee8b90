import type { MigrationInterface, QueryRunner } from 'typeorm';

const CATALOGUE = ['providers', 'provider_credentials', 'models', 'model_backends'] as const;

/** The catalogue: providers with their credentials, models with their backends, and what probes know about each backend. */
export class CreateRegistry1760000000002 implements MigrationInterface {
  name = 'CreateRegistry1760000000002';

  async up(runner: QueryRunner): Promise<void> {
    await createProviders(runner);
    await createModels(runner);
    await createHealth(runner);
    await countRevisions(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['backend_health', ...CATALOGUE.toReversed()]) await runner.query(`DROP TABLE ${table}`);
    await runner.query(`DROP FUNCTION og_registry_changed()`);
    await runner.query(`DROP FUNCTION og_backend_health_row()`);
    await runner.query(`DELETE FROM revisions WHERE room = 'registry'`);
  }
}

const STAMPS = `
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  version integer NOT NULL DEFAULT 1`;

async function createProviders(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE providers (
      id uuid PRIMARY KEY,
      name text NOT NULL UNIQUE,
      kind text NOT NULL DEFAULT 'openai-compatible',
      base_url text NOT NULL,
      active boolean NOT NULL DEFAULT true,
      ${STAMPS}
    )`);
  await runner.query(`
    CREATE TABLE provider_credentials (
      id uuid PRIMARY KEY,
      provider_id uuid NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
      label text NOT NULL,
      ciphertext text NOT NULL,
      key_id text NOT NULL,
      secret_tail text,
      active boolean NOT NULL DEFAULT true,
      rpm_limit bigint CHECK (rpm_limit >= -1),
      tpm_limit bigint CHECK (tpm_limit >= -1),
      ${STAMPS},
      UNIQUE (provider_id, label)
    )`);
}

async function createModels(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE models (
      id uuid PRIMARY KEY,
      name text NOT NULL UNIQUE,
      model_id text NOT NULL,
      active boolean NOT NULL DEFAULT true,
      default_params jsonb NOT NULL DEFAULT '{}',
      enable_thinking boolean,
      system_prompt_prefix text,
      rewrite_model_name boolean NOT NULL DEFAULT true,
      rpm_limit bigint CHECK (rpm_limit >= -1),
      tpm_limit bigint CHECK (tpm_limit >= -1),
      concurrency_limit bigint CHECK (concurrency_limit >= -1),
      max_output_tokens bigint CHECK (max_output_tokens > 0),
      context_window bigint CHECK (context_window > 0),
      timeouts jsonb NOT NULL DEFAULT '{}',
      ${STAMPS}
    )`);
  await runner.query(`
    CREATE TABLE model_backends (
      id uuid PRIMARY KEY,
      model_id uuid NOT NULL REFERENCES models (id) ON DELETE CASCADE,
      provider_id uuid REFERENCES providers (id) ON DELETE CASCADE,
      url text,
      weight integer NOT NULL DEFAULT 1 CHECK (weight > 0),
      priority integer NOT NULL DEFAULT 0,
      active boolean NOT NULL DEFAULT true,
      timeouts jsonb NOT NULL DEFAULT '{}',
      ${STAMPS},
      CHECK (url IS NOT NULL OR provider_id IS NOT NULL),
      UNIQUE NULLS NOT DISTINCT (model_id, url, provider_id)
    )`);
  await runner.query(`CREATE INDEX model_backends_provider ON model_backends (provider_id)`);
  for (const table of ['providers', 'models'] as const) {
    await runner.query(`CREATE INDEX ${table}_created ON ${table} (created_at, id)`);
  }
}

/** Apart from the catalogue: a probe's verdict is no change of the catalogue and must not make replicas reread it. */
async function createHealth(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE backend_health (
      backend_id uuid PRIMARY KEY REFERENCES model_backends (id) ON DELETE CASCADE,
      healthy boolean NOT NULL DEFAULT true,
      checked_at timestamptz(3),
      changed_at timestamptz(3),
      last_error text,
      successes integer NOT NULL DEFAULT 0,
      failures integer NOT NULL DEFAULT 0,
      lease_owner text,
      lease_until timestamptz(3)
    )`);
  await runner.query(`
    CREATE FUNCTION og_backend_health_row() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO backend_health (backend_id) VALUES (NEW.id);
      RETURN NULL;
    END $$`);
  await runner.query(`
    CREATE TRIGGER og_backend_health AFTER INSERT ON model_backends
    FOR EACH ROW EXECUTE FUNCTION og_backend_health_row()`);
}

/**
 * Every statement that may change the catalogue raises its revision and tells the listeners, at commit. The row is locked before
 * those of the catalogue, so that writers queue instead of deadlocking, and revisions become visible in the order of commits.
 */
async function countRevisions(runner: QueryRunner): Promise<void> {
  await runner.query(`INSERT INTO revisions (room, revision) VALUES ('registry', 0)`);
  await runner.query(`
    CREATE FUNCTION og_registry_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE revisions SET revision = revision + 1 WHERE room = 'registry';
      PERFORM pg_notify('og_registry', '');
      RETURN NULL;
    END $$`);
  for (const table of CATALOGUE) {
    await runner.query(`
      CREATE TRIGGER og_registry BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON ${table}
      FOR EACH STATEMENT EXECUTE FUNCTION og_registry_changed()`);
  }
}

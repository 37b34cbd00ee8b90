import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Vendor accounts that belong to one project: its calls use them instead of the gateway's own of the same name. */
export class CreateProjectProviders1760000000011 implements MigrationInterface {
  name = 'CreateProjectProviders1760000000011';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE project_providers (
        id uuid PRIMARY KEY,
        project_id uuid NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
        name text NOT NULL,
        kind text,
        base_url text,
        options jsonb NOT NULL DEFAULT '{}',
        ciphertext text NOT NULL,
        key_id text NOT NULL,
        secret_tail text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1,
        UNIQUE (project_id, name),
        CHECK ((kind IS NULL) = (base_url IS NULL))
      )`);
    await runner.query(`
      CREATE TRIGGER og_registry BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON project_providers
      FOR EACH STATEMENT EXECUTE FUNCTION og_registry_changed()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE project_providers');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The audit log and the head of its hash chain. */
export class CreateAuditLog1760000000004 implements MigrationInterface {
  name = 'CreateAuditLog1760000000004';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_log (
        id uuid PRIMARY KEY,
        seq bigint NOT NULL UNIQUE,
        at timestamptz(3) NOT NULL,
        actor text NOT NULL,
        actor_id uuid,
        role text NOT NULL,
        ip text NOT NULL,
        request_id text NOT NULL,
        action text NOT NULL,
        resource text NOT NULL,
        resource_id uuid,
        org_id uuid,
        before text,
        after text,
        prev_hash text NOT NULL,
        hash text NOT NULL
      )`);
    await runner.query('CREATE INDEX audit_log_at ON audit_log (at, id)');
    await runner.query('CREATE INDEX audit_log_org ON audit_log (org_id, seq)');
    await runner.query('CREATE INDEX audit_log_resource ON audit_log (resource_id, seq)');
    await runner.query('CREATE TABLE audit_heads (name text PRIMARY KEY, seq bigint NOT NULL, hash text NOT NULL)');
    await runner.query(`INSERT INTO audit_heads (name, seq, hash) VALUES ('audit', 0, repeat('0', 64))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_heads');
    await runner.query('DROP TABLE audit_log');
  }
}

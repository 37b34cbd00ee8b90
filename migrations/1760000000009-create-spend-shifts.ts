import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * By how much corrections of charges moved what was spent, for the counters of budgets to follow. Written together with the
 * corrections by one run at a time, so that ids grow in the order of the commits; kept for a few days.
 */
export class CreateSpendShifts1760000000009 implements MigrationInterface {
  name = 'CreateSpendShifts1760000000009';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE spend_shifts (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        created_at timestamptz NOT NULL DEFAULT now(),
        difference_nano bigint NOT NULL,
        org_id uuid NOT NULL,
        day date NOT NULL,
        level text NOT NULL CHECK (level IN ('key', 'project', 'org')),
        subject_id text NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE spend_shifts`);
  }
}

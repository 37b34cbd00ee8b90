import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the translation of a call could not carry. Adding a column without a default rewrites nothing. */
export class AddRecordLoss1760000000010 implements MigrationInterface {
  name = 'AddRecordLoss1760000000010';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE call_records ADD COLUMN loss text`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE call_records DROP COLUMN loss`);
  }
}

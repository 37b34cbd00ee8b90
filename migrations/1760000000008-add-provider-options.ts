import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Facts of a vendor account that are no secrets: Azure's version and deployment, Google's project, a region. */
export class AddProviderOptions1760000000008 implements MigrationInterface {
  name = 'AddProviderOptions1760000000008';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE providers ADD COLUMN options jsonb NOT NULL DEFAULT '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE providers DROP COLUMN options');
  }
}

import type { MigrationInterface, QueryRunner } from 'typeorm';

const RATES = [
  'cached_input',
  'cache_write_5m',
  'cache_write_1h',
  'audio_input',
  'cached_audio_input',
  'image_input',
  'cached_image_input',
  'reasoning',
  'audio_output',
  'image_output',
];

/**
 * The administrator's own prices. Rates are nano-dollars per million tokens, per_request, per_web_search and per_audio_hour nano-dollars each;
 * NULL: no rate of its own. Part of the catalogue: a change raises its revision.
 */
export class CreatePrices1760000000005 implements MigrationInterface {
  name = 'CreatePrices1760000000005';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE prices (
        id uuid PRIMARY KEY,
        provider_id uuid REFERENCES providers (id) ON DELETE CASCADE,
        model text NOT NULL,
        input bigint NOT NULL CHECK (input >= 0),
        output bigint NOT NULL CHECK (output >= 0),
        ${RATES.map((rate) => `${rate} bigint CHECK (${rate} >= 0),`).join('\n        ')}
        per_request bigint CHECK (per_request >= 0),
        per_web_search bigint CHECK (per_web_search >= 0),
        per_audio_hour bigint CHECK (per_audio_hour >= 0),
        tiers jsonb NOT NULL DEFAULT '[]',
        effective_from timestamptz(3),
        effective_to timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        version integer NOT NULL DEFAULT 1,
        CHECK (effective_from < effective_to)
      )`);
    await runner.query(`CREATE INDEX prices_model ON prices (lower(model), provider_id)`);
    await runner.query(`CREATE INDEX prices_provider ON prices (provider_id)`);
    await runner.query(`CREATE INDEX prices_created ON prices (created_at, id)`);
    await runner.query(`
      CREATE TRIGGER og_registry BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON prices
      FOR EACH STATEMENT EXECUTE FUNCTION og_registry_changed()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE prices`);
  }
}

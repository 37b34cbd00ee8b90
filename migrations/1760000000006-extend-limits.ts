import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES = ['organisations', 'projects', 'api_keys'] as const;

/** Limits per model, soft budgets, and the events that budgets raise when so much of them is spent. */
export class ExtendLimits1760000000006 implements MigrationInterface {
  name = 'ExtendLimits1760000000006';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) {
      await runner.query(`
        ALTER TABLE ${table}
          ADD COLUMN model_limits jsonb,
          ADD COLUMN budget_enforcement text NOT NULL DEFAULT 'hard' CHECK (budget_enforcement IN ('hard', 'soft')),
          ADD COLUMN budget_alert_percents integer[] NOT NULL DEFAULT '{50,80,100}'`);
    }
    await runner.query('ALTER TABLE organisations ADD COLUMN budget_webhook_url text');
    await createEvents(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE budget_events');
    await runner.query('ALTER TABLE organisations DROP COLUMN budget_webhook_url');
    for (const table of TABLES) {
      await runner.query(`
        ALTER TABLE ${table}
          DROP COLUMN model_limits, DROP COLUMN budget_enforcement, DROP COLUMN budget_alert_percents`);
    }
  }
}

/**
 * One row a level, budget, stretch of the calendar and percentage: whichever replica inserts it raised the event. It is the
 * outbox of the webhook as well: `due_at` is when the next try may begin, `null` when there is nothing to send (any more).
 */
async function createEvents(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE budget_events (
      id uuid PRIMARY KEY,
      created_at timestamptz(3) NOT NULL DEFAULT now(),
      level text NOT NULL CHECK (level IN ('key', 'project', 'org')),
      subject_id uuid NOT NULL,
      period text NOT NULL CHECK (period IN ('daily', 'monthly')),
      bucket text NOT NULL,
      percent integer NOT NULL,
      org_id uuid NOT NULL,
      project_id uuid,
      key_id uuid,
      limit_nano_dollars bigint NOT NULL,
      spend_nano_dollars bigint NOT NULL,
      webhook_attempts integer NOT NULL DEFAULT 0,
      webhook_outcome text,
      due_at timestamptz(3),
      UNIQUE (level, subject_id, period, bucket, percent)
    )`);
  await runner.query('CREATE INDEX budget_events_org ON budget_events (org_id, created_at)');
  await runner.query('CREATE INDEX budget_events_due ON budget_events (due_at) WHERE due_at IS NOT NULL');
}

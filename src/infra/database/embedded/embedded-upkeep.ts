import type pg from 'pg';

/** How often it is looked whether something is to be done. */
const LOOK_MS = 5_000;
/** Looks between two searches for tables to vacuum. */
const LOOKS_PER_VACUUM = 12;
/** WAL written since the last checkpoint that makes a new one due; the WAL on disk stays near this plus what `LOOK_MS` adds. */
const CHECKPOINT_BYTES = 32 * 1024 * 1024;
/** Age in transactions at which a table is frozen, far from the 2^31 at which the database would stop. */
const FREEZE_AGE = 200_000_000;

const WAL_SINCE_CHECKPOINT = `
  SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn)::float8 AS bytes FROM pg_control_checkpoint()`;

const TABLES_TO_VACUUM = `
  SELECT format('%I.%I', n.nspname, c.relname) AS name, age(c.relfrozenxid) > ${FREEZE_AGE} AS freeze
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
  WHERE c.relkind IN ('r', 'm') AND (
    age(c.relfrozenxid) > ${FREEZE_AGE}
    OR s.n_dead_tup > 500 + 0.2 * greatest(c.reltuples, 0)
    OR s.n_mod_since_analyze > 500 + 0.2 * greatest(c.reltuples, 0))
  ORDER BY age(c.relfrozenxid) DESC, s.n_dead_tup DESC NULLS LAST
  LIMIT 20`;

/**
 * What a PostgreSQL server does in processes of its own and the embedded database, being one process, does not do at all:
 * checkpoints (else the WAL and the time to recover grow without end) and vacuum (else tables that are updated do, and one
 * day the transaction numbers run out).
 */
export class EmbeddedUpkeep {
  private timer: NodeJS.Timeout | null = null;
  private looks = 0;
  private work: Promise<void> = Promise.resolve();

  /** @param client connected, used by nobody else, ended by `stop`. */
  constructor(private readonly client: pg.Client) {}

  start(): void {
    this.timer = setTimeout(() => {
      this.work = this.look()
        // The next look tries again; if the database itself has failed, whoever uses it says so.
        .catch(() => undefined)
        .then(() => {
          if (this.timer !== null) this.start();
        });
    }, LOOK_MS).unref();
  }

  async stop(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    await this.work;
    await this.client.end();
  }

  private async look(): Promise<void> {
    this.looks += 1;
    await this.checkpointIfDue();
    if (this.looks % LOOKS_PER_VACUUM === 0) await this.vacuumIfDue();
  }

  /** Writes a checkpoint when enough WAL has gathered. */
  async checkpointIfDue(): Promise<boolean> {
    const { rows } = await this.client.query<{ bytes: number }>(WAL_SINCE_CHECKPOINT);
    if ((rows[0]?.bytes ?? 0) < CHECKPOINT_BYTES) return false;
    await this.client.query('CHECKPOINT');
    return true;
  }

  /** Vacuums and analyses what needs it, table by table so that others get in between; answers which. */
  async vacuumIfDue(): Promise<string[]> {
    const { rows } = await this.client.query<{ name: string; freeze: boolean }>(TABLES_TO_VACUUM);
    for (const { name, freeze } of rows) {
      await this.client.query(`VACUUM (${freeze ? 'FREEZE, ' : ''}ANALYZE) ${name}`);
    }
    return rows.map(({ name }) => name);
  }
}

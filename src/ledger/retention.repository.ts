import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** Rows removed at a time, so that no lock is held for long. */
const CHUNK_ROWS = 10_000;

/** Removes what is older than anyone asked for. */
@Injectable()
export class RetentionRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Drops whole months (UTC) of call records that ended at `beforeMs` or earlier; returns the names of their partitions. */
  async dropRecords(beforeMs: number): Promise<string[]> {
    const rows: { dropped: string[] }[] = await this.dataSource.query(
      `SELECT drop_call_record_partitions($1::timestamptz) dropped`,
      [new Date(beforeMs).toISOString()],
    );
    return rows[0]?.dropped ?? [];
  }

  /** Removes hourly and daily figures and spend totals of before `beforeMs`; returns how many rows that were. */
  async dropTotals(beforeMs: number): Promise<number> {
    const before = new Date(beforeMs).toISOString();
    const rollups = await this.inChunks('usage_rollups', 'hour < $1::timestamptz', before);
    const days = await this.inChunks('usage_days', 'day < $1::date', before.slice(0, 10));
    return rollups + days + (await this.inChunks('spend_totals', 'day < $1::date', before.slice(0, 10)));
  }

  /** Removes corrections of spending made before `beforeMs`: every counter has followed long ago. */
  async dropShifts(beforeMs: number): Promise<number> {
    return this.inChunks('spend_shifts', 'created_at < $1::timestamptz', new Date(beforeMs).toISOString());
  }

  private async inChunks(
    table: 'usage_rollups' | 'usage_days' | 'spend_totals' | 'spend_shifts',
    condition: string,
    before: string,
  ): Promise<number> {
    const sql =
      `WITH gone AS (DELETE FROM ${table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE ${condition} LIMIT ${CHUNK_ROWS})) ` +
      `RETURNING 1) SELECT count(*)::integer n FROM gone`;
    for (let removed = 0; ;) {
      const rows: { n: number }[] = await this.dataSource.query(sql, [before]);
      const n = rows[0]?.n ?? 0;
      removed += n;
      if (n < CHUNK_ROWS) return removed;
    }
  }
}

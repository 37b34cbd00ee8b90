import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** Whose money it is. */
export type SpendLevel = 'key' | 'project' | 'org';

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MONTH = /^\d{4}-\d{2}$/;

/** What was spent, by the organisation's day. In step with the call records at every moment: both are written together. */
@Injectable()
export class SpendTotals {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Nano-dollars spent in a day (`YYYY-MM-DD`) or a month (`YYYY-MM`), re-rated calls at what they were re-rated to. Records that
   * are still on their way to the database are not in it. `id` of a key without an id is its prefix.
   * @throws RangeError when `bucket` is neither
   */
  async spent(level: SpendLevel, id: string, bucket: string): Promise<bigint> {
    return (await this.spentUpTo(level, id, bucket)).spent;
  }

  /** Like `spent`, with the last of the corrections that are in it; see `SpendShifts`. */
  async spentUpTo(level: SpendLevel, id: string, bucket: string): Promise<{ spent: bigint; shift: bigint }> {
    const isMonth = MONTH.test(bucket);
    if (!isMonth && !DAY.test(bucket)) throw new RangeError(`neither a day nor a month: ${bucket}`);
    const rows: { spent: string; shift: string }[] = await this.dataSource.query(
      `SELECT coalesce(sum(cost_nano), 0)::text spent, (SELECT coalesce(max(id), 0) FROM spend_shifts)::text shift
       FROM spend_totals WHERE subject_id = $1 AND level = $2
         AND day >= $3::date AND day < ($3::date + $4::interval)::date`,
      [id, level, isMonth ? `${bucket}-01` : bucket, isMonth ? '1 month' : '1 day'],
    );
    return { spent: BigInt(rows[0]?.spent ?? '0'), shift: BigInt(rows[0]?.shift ?? '0') };
  }
}

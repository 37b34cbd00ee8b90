import { Injectable } from '@nestjs/common';
import { DataSource, type QueryRunner } from 'typeorm';
import type { Adjustment } from './adjustment.repository.js';
import type { SpendLevel } from './spend-totals.repository.js';

/** By how much corrections moved what somebody spent on a day. */
export interface SpendShift {
  orgId: string;
  level: SpendLevel;
  /** Of a key without an id its prefix. */
  subjectId: string;
  /** `YYYY-MM-DD`, of the organisation. */
  day: string;
  differenceNano: bigint;
}

/** What is said on this channel when there are new ones. */
export const SPEND_SHIFTS_CHANNEL = 'og_spend';

/** Nobody counts months older than this any more. */
const COUNTED_DAYS = 40;
const DAY_MS = 86_400_000;
const MOST_AT_ONCE = 1000;

/** Corrections of what was spent, in the order they were made. */
@Injectable()
export class SpendShifts {
  constructor(private readonly dataSource: DataSource) {}

  /** The number of the last one so far. */
  async last(): Promise<bigint> {
    const rows: { last: string }[] = await this.dataSource.query(
      `SELECT coalesce(max(id), 0)::text AS last FROM spend_shifts`,
    );
    return BigInt(rows[0]?.last ?? '0');
  }

  /** The next ones after the one of this number, at most 1000. */
  async after(last: bigint): Promise<(SpendShift & { id: bigint })[]> {
    const rows: { id: string; org_id: string; level: SpendLevel; subject_id: string; day: string; nano: string }[] =
      await this.dataSource.query(
        `SELECT id::text, org_id, level, subject_id, day::text AS day, difference_nano::text nano
         FROM spend_shifts WHERE id > $1 ORDER BY spend_shifts.id LIMIT ${MOST_AT_ONCE}`,
        [last.toString()],
      );
    return rows.map((row) => ({
      id: BigInt(row.id),
      orgId: row.org_id,
      level: row.level,
      subjectId: row.subject_id,
      day: row.day,
      differenceNano: BigInt(row.nano),
    }));
  }
}

/** What these adjustments move, for each whose money it was; days that no budget counts any more are left out. */
export function shiftsOf(adjustments: readonly Adjustment[], nowMs: number): SpendShift[] {
  const oldest = new Date(nowMs - COUNTED_DAYS * DAY_MS).toISOString().slice(0, 10);
  const shifts = new Map<string, SpendShift>();
  for (const { record, differenceNano } of adjustments) {
    const { org_id: orgId, spend_day: day } = record;
    if (orgId === null || day < oldest) continue;
    const levels = [
      ['key', record.key_id ?? record.key_prefix],
      ['project', record.project_id],
      ['org', orgId],
    ] as const;
    for (const [level, subjectId] of levels) {
      if (subjectId === null) continue;
      const key = `${orgId}\t${level}\t${day}\t${subjectId}`;
      const shift = shifts.get(key) ?? { orgId, level, subjectId, day, differenceNano: 0n };
      shift.differenceNano += differenceNano;
      shifts.set(key, shift);
    }
  }
  return [...shifts.values()].filter((shift) => shift.differenceNano !== 0n);
}

/** To be written in the transaction of the adjustments, of which one runs at a time. */
export async function writeShifts(runner: QueryRunner, shifts: readonly SpendShift[]): Promise<void> {
  if (shifts.length === 0) return;
  await runner.query(
    `INSERT INTO spend_shifts (org_id, level, subject_id, day, difference_nano)
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::date[], $5::bigint[])`,
    [
      shifts.map(({ orgId }) => orgId),
      shifts.map(({ level }) => level),
      shifts.map(({ subjectId }) => subjectId),
      shifts.map(({ day }) => day),
      shifts.map(({ differenceNano }) => differenceNano.toString()),
    ],
  );
  await runner.query(`SELECT pg_notify('${SPEND_SHIFTS_CHANNEL}', '')`);
}

import { Injectable } from '@nestjs/common';
import { DataSource, type QueryRunner } from 'typeorm';
import { uuidv7 } from '../infra/crypto/uuid-v7.js';
import {
  addToDay,
  addToHour,
  isMadeUpModel,
  nameOf,
  noSums,
  noTotals,
  spendAt,
  type BatchTotals,
  type CallKind,
} from './batch-totals.js';
import type { CallRecord } from './call-record.js';
import { shiftsOf, writeShifts } from './spend-shift.repository.js';
import { addTotals } from './totals.repository.js';

/** Records from `fromMs` to before `toMs` (epoch ms) of a model by the name callers used, `null`: of all. */
export interface AdjustmentScope {
  fromMs: number;
  toMs: number;
  model: string | null;
}

/** The record after which a batch begins. */
export interface RecordPosition {
  startedAt: string;
  id: string;
}

/** A record whose usage is known, with what it is charged now: its own cost and all adjustments. */
export type RatedRecord = Pick<
  CallRecord,
  | 'id'
  | 'started_at'
  | 'org_id'
  | 'project_id'
  | 'key_id'
  | 'key_prefix'
  | 'model'
  | 'upstream_model'
  | 'provider'
  | 'status'
  | 'outcome'
  | 'error_kind'
  | 'prompt_tokens'
  | 'completion_tokens'
  | 'cached_tokens'
  | 'reasoning_tokens'
  | 'usage_details'
  | 'price_source'
> & {
  spend_day: string;
  /** Nano-dollars; `null` while nobody has put a price on it. */
  charged: bigint | null;
};

/** What a record is to be charged. */
export interface NewCharge {
  nanoDollars: bigint;
  /** In `price_cards`. */
  priceId: string;
  /** What the price says. */
  statement: string;
}

export interface Adjustment {
  record: RatedRecord;
  charge: NewCharge;
  differenceNano: bigint;
}

/** One batch of adjusting. */
export interface AdjustmentBatch {
  read: number;
  /** Records that nobody knows a price for; left as they are. */
  unpriced: number;
  adjustments: Adjustment[];
  /** `null` after the last. */
  next: RecordPosition | null;
}

export interface AdjustmentRun {
  runId: string;
  nowMs: number;
  /** Nothing is written. */
  dryRun: boolean;
}

const BATCH = 1000;
/** One run at a time adjusts a batch: two would both see the old charge. Any number that nothing else locks. */
const LOCK = 7_305_011_201;

/**
 * Corrects what was charged, by entries that say the difference. Records are never changed, and what a record is charged is what it
 * says and all entries for it. The spend totals and rollups move with the entries, in one transaction a batch: a run that was
 * broken off is begun again, and finds nothing left to do where it had been.
 */
@Injectable()
export class Adjustments {
  constructor(private readonly dataSource: DataSource) {}

  /** @param chargeFor what a record is to be charged now; `null`: nobody knows */
  async adjustBatch(
    run: AdjustmentRun,
    scope: AdjustmentScope,
    after: RecordPosition | null,
    chargeFor: (record: RatedRecord) => NewCharge | null,
  ): Promise<AdjustmentBatch> {
    return this.dataSource.transaction(async ({ queryRunner }) => {
      if (queryRunner === undefined) throw new Error('a transaction has a query runner');
      if (!run.dryRun) await queryRunner.query(`SELECT pg_advisory_xact_lock($1)`, [LOCK]);
      const batch = assess(await ratedRecords(queryRunner, scope, after), chargeFor);
      if (!run.dryRun && batch.adjustments.length > 0) await write(queryRunner, run, batch.adjustments);
      return batch;
    });
  }

  /** By how many nano-dollars the entries for these records change what they are charged; only those that have any. */
  async differencesOf(records: readonly Pick<CallRecord, 'id' | 'started_at'>[]): Promise<Map<string, bigint>> {
    if (records.length === 0) return new Map();
    const rows: { id: string; difference: string }[] = await this.dataSource.query(
      `SELECT record_id id, sum(difference_nano)::text difference
       FROM unnest($1::uuid[], $2::timestamptz[]) AS r (id, started_at)
       JOIN ledger_adjustments a ON a.record_started_at = r.started_at AND a.record_id = r.id GROUP BY 1`,
      [records.map(({ id }) => id), records.map(({ started_at }) => started_at)],
    );
    return new Map(rows.map(({ id, difference }) => [id, BigInt(difference)]));
  }
}

function assess(
  records: readonly RatedRecord[],
  chargeFor: (record: RatedRecord) => NewCharge | null,
): AdjustmentBatch {
  const last = records.length < BATCH ? undefined : records.at(-1);
  const next = last === undefined ? null : { startedAt: last.started_at, id: last.id };
  const batch: AdjustmentBatch = { read: records.length, unpriced: 0, adjustments: [], next };
  for (const record of records) {
    const charge = chargeFor(record);
    if (charge === null) batch.unpriced += 1;
    else if (charge.nanoDollars !== record.charged) {
      batch.adjustments.push({ record, charge, differenceNano: charge.nanoDollars - (record.charged ?? 0n) });
    }
  }
  return batch;
}

async function ratedRecords(
  runner: QueryRunner,
  scope: AdjustmentScope,
  after: RecordPosition | null,
): Promise<RatedRecord[]> {
  const values: unknown[] = [new Date(scope.fromMs).toISOString(), new Date(scope.toMs).toISOString()];
  let where = `r.started_at >= $1::timestamptz AND r.started_at < $2::timestamptz AND r.usage_source <> 'none'`;
  if (scope.model !== null) where += ` AND r.model = $${values.push(scope.model)}`;
  if (after !== null) {
    where += ` AND (r.started_at, r.id) > ($${values.push(after.startedAt)}::timestamptz, $${values.push(after.id)}::uuid)`;
  }
  type Row = Omit<RatedRecord, 'charged' | 'started_at'> & { charged: string | null; started_at: Date | string };
  const rows = (await runner.query(
    `SELECT r.id, r.started_at, r.org_id, r.project_id, r.key_id, r.key_prefix, r.model, r.upstream_model, r.provider,
         r.status, r.outcome, r.error_kind, r.prompt_tokens, r.completion_tokens, r.cached_tokens, r.reasoning_tokens,
         r.usage_details, r.price_source, r.spend_day::text,
         CASE WHEN a.entries = 0 THEN r.cost_nano_dollars ELSE coalesce(r.cost_nano_dollars, 0) + a.difference END::text charged
       FROM call_records r CROSS JOIN LATERAL (
         SELECT count(*) entries, sum(difference_nano) difference FROM ledger_adjustments
         WHERE record_started_at = r.started_at AND record_id = r.id) a
       WHERE ${where} ORDER BY r.started_at, r.id LIMIT ${BATCH}`,
    values,
  )) as unknown as Row[];
  return rows.map((row) => ({
    ...row,
    started_at: new Date(row.started_at).toISOString(),
    charged: row.charged === null ? null : BigInt(row.charged),
  }));
}

/** In the order of all writers: prices, entries, totals. */
async function write(
  runner: QueryRunner,
  { runId, nowMs }: AdjustmentRun,
  adjustments: readonly Adjustment[],
): Promise<void> {
  const prices = new Map(adjustments.map(({ charge }) => [charge.priceId, charge.statement]));
  const ids = [...prices.keys()].sort();
  await runner.query(
    `INSERT INTO price_cards (id, card) SELECT * FROM unnest($1::text[], $2::jsonb[]) ON CONFLICT DO NOTHING`,
    [ids, ids.map((id) => prices.get(id))],
  );
  await runner.query(
    `INSERT INTO ledger_adjustments (id, run_id, record_id, record_started_at, difference_nano, price_id, created_at)
     SELECT id, $1::uuid, record_id, record_started_at, difference_nano, price_id, $2::timestamptz
     FROM unnest($3::uuid[], $4::uuid[], $5::timestamptz[], $6::bigint[], $7::text[])
       AS new (id, record_id, record_started_at, difference_nano, price_id)`,
    [
      runId,
      new Date(nowMs).toISOString(),
      adjustments.map(() => uuidv7(nowMs)),
      adjustments.map(({ record }) => record.id),
      adjustments.map(({ record }) => record.started_at),
      adjustments.map(({ differenceNano }) => differenceNano.toString()),
      adjustments.map(({ charge }) => charge.priceId),
    ],
  );
  await addTotals(runner, differences(adjustments));
  await writeShifts(runner, shiftsOf(adjustments, nowMs));
}

function differences(adjustments: readonly Adjustment[]): BatchTotals {
  const totals = noTotals();
  for (const { record, differenceNano } of adjustments) {
    const difference = differenceNano.toString();
    const levels = [
      ['key', record.key_id ?? record.key_prefix],
      ['project', record.project_id],
      ['org', record.org_id],
    ] as const;
    for (const [level, subjectId] of levels) {
      if (subjectId !== null)
        spendAt(totals.spend, { level, subjectId, day: record.spend_day }).costNano.add(difference);
    }
    const kind = kindOf(record);
    const sums = noSums();
    sums.costNano.add(difference);
    if (record.charged === null && record.price_source === 'unknown') sums.unpricedCalls = -1;
    addToHour(totals, { kind, hour: `${record.started_at.slice(0, 13)}:00:00Z` }, sums);
    addToDay(totals, { kind, day: record.started_at.slice(0, 10), spendDay: record.spend_day }, sums);
  }
  return totals;
}

const kindOf = (record: RatedRecord): CallKind => ({
  orgId: record.org_id,
  projectId: record.project_id,
  keyId: record.key_id,
  model: isMadeUpModel(String(record.status), record.error_kind) ? null : nameOf(record.model),
  provider: nameOf(record.provider),
  outcome: record.outcome,
});

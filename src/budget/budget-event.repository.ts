import { Injectable } from '@nestjs/common';
import { uuidv7 } from '../infra/crypto/uuid-v7.js';
import { Transactions } from '../infra/database/transactions.js';
import type { SpendLevel } from '../ledger/spend-totals.repository.js';

/** So much of a budget is spent. */
export interface BudgetEvent {
  readonly level: SpendLevel;
  readonly period: 'daily' | 'monthly';
  /** `2026-11-21` or `2026-11`. */
  readonly bucket: string;
  readonly percent: number;
  readonly orgId: string;
  /** `null` for the budget of an organisation. */
  readonly projectId: string | null;
  /** `null` unless it is the budget of a key. */
  readonly keyId: string | null;
  readonly limitNanoDollars: bigint;
  readonly spendNanoDollars: bigint;
}

/** An event whose webhook is to be called. */
export interface DueEvent extends BudgetEvent {
  readonly id: string;
  readonly createdAt: Date;
  /** Tries so far, this one included. */
  readonly attempts: number;
}

interface EventRow {
  id: string;
  created_at: Date;
  level: SpendLevel;
  period: 'daily' | 'monthly';
  bucket: string;
  percent: number;
  org_id: string;
  project_id: string | null;
  key_id: string | null;
  limit_nano_dollars: string;
  spend_nano_dollars: string;
  webhook_attempts: number;
}

/** For how long a try at a webhook belongs to the process that began it. */
const LEASE_SECONDS = 60;

/** The table `budget_events`: each event once, whichever replica raises it, and the outbox of its webhook. */
@Injectable()
export class BudgetEventRepository {
  constructor(private readonly transactions: Transactions) {}

  /** Whether the event is new. Its webhook is due at once. */
  async insert(event: BudgetEvent, subjectId: string): Promise<boolean> {
    const rows: unknown[] = await this.transactions.read((connection) =>
      connection.query(
        `INSERT INTO budget_events (id, level, subject_id, period, bucket, percent, org_id, project_id, key_id,
           limit_nano_dollars, spend_nano_dollars, due_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now())
         ON CONFLICT (level, subject_id, period, bucket, percent) DO NOTHING RETURNING id`,
        [
          uuidv7(Date.now()),
          event.level,
          subjectId,
          event.period,
          event.bucket,
          event.percent,
          event.orgId,
          event.projectId,
          event.keyId,
          String(event.limitNanoDollars),
          String(event.spendNanoDollars),
        ],
      ),
    );
    return rows.length > 0;
  }

  /** Events whose webhook is due; nobody else gets them for a minute. */
  async claimDue(most: number): Promise<DueEvent[]> {
    return this.transactions.run(async (tx) => {
      const rows: EventRow[] = await tx.query(
        `SELECT * FROM budget_events WHERE due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED`,
        [most],
      );
      if (rows.length === 0) return [];
      await tx.query(
        `UPDATE budget_events SET webhook_attempts = webhook_attempts + 1, due_at = now() + make_interval(secs => $2)
         WHERE id = ANY($1::uuid[])`,
        [rows.map((row) => row.id), LEASE_SECONDS],
      );
      return rows.map(dueEvent);
    });
  }

  /** How long until the next one is due, ms; `null`: none is. */
  async untilDueMs(): Promise<number | null> {
    const rows: { wait: string | null }[] = await this.transactions.read((connection) =>
      connection.query(`SELECT extract(epoch FROM min(due_at) - clock_timestamp()) * 1000 AS wait FROM budget_events`),
    );
    const wait = rows[0]?.wait ?? null;
    return wait === null ? null : Math.max(0, Number(wait));
  }

  /** Nothing more is to be sent. */
  async settle(id: string, outcome: string): Promise<void> {
    await this.transactions.read((connection) =>
      connection.query('UPDATE budget_events SET due_at = NULL, webhook_outcome = $2 WHERE id = $1', [id, outcome]),
    );
  }

  async tryAgain(id: string, afterMs: number, outcome: string): Promise<void> {
    await this.transactions.read((connection) =>
      connection.query(
        `UPDATE budget_events SET due_at = now() + make_interval(secs => $2), webhook_outcome = $3 WHERE id = $1`,
        [id, afterMs / 1000, outcome],
      ),
    );
  }
}

function dueEvent(row: EventRow): DueEvent {
  return {
    id: row.id,
    createdAt: row.created_at,
    level: row.level,
    period: row.period,
    bucket: row.bucket,
    percent: row.percent,
    orgId: row.org_id,
    projectId: row.project_id,
    keyId: row.key_id,
    limitNanoDollars: BigInt(row.limit_nano_dollars),
    spendNanoDollars: BigInt(row.spend_nano_dollars),
    attempts: row.webhook_attempts + 1,
  };
}

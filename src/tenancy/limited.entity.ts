import { Column, PrimaryColumn, type ValueTransformer } from 'typeorm';
import type { BudgetEnforcement, Limit, Limits } from './caller.js';

/** PostgreSQL hands `bigint` over as text; every limit is small enough for a number. */
const asNumber: ValueTransformer = {
  from: (value: string | null): Limit => (value === null ? null : Number(value)),
  to: (value: Limit): Limit => value,
};
const LIMIT = { type: 'bigint', nullable: true, transformer: asNumber } as const;

/** Columns of every table of this room that an administrator sees. */
export abstract class VersionedRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'updated_at', precision: 3 })
  updatedAt!: Date;

  @Column('integer')
  version!: number;
}

/** Columns of the three tables that carry limits. */
export abstract class LimitedRow extends VersionedRow {
  @Column({ name: 'rpm_limit', ...LIMIT })
  rpmLimit!: Limit;

  @Column({ name: 'tpm_limit', ...LIMIT })
  tpmLimit!: Limit;

  @Column({ name: 'concurrency_limit', ...LIMIT })
  concurrencyLimit!: Limit;

  @Column({ name: 'daily_budget', ...LIMIT })
  dailyBudget!: Limit;

  @Column({ name: 'monthly_budget', ...LIMIT })
  monthlyBudget!: Limit;

  @Column('text', { name: 'budget_enforcement' })
  budgetEnforcement!: BudgetEnforcement;

  @Column('integer', { name: 'budget_alert_percents', array: true })
  budgetAlertPercents!: readonly number[];

  @Column('jsonb', { name: 'model_limits', nullable: true })
  modelLimits!: Readonly<Record<string, Limits>> | null;
}

import { Injectable } from '@nestjs/common';
import { Transactions } from '../infra/database/transactions.js';
import type { BudgetEnforcement, Budgets, Caller, KeyScope, Limit, Limits, ModelLimits } from './caller.js';
import { DEFAULT_PROJECT_ID } from './tenants.js';

const LEVELS = { key: 'k', project: 'p', org: 'o' } as const;
type Level = keyof typeof LEVELS;
const LIMIT_COLUMNS = ['rpm_limit', 'tpm_limit', 'concurrency_limit', 'daily_budget', 'monthly_budget'] as const;
type LimitColumn = (typeof LIMIT_COLUMNS)[number];
const POLICY_COLUMNS = ['model_limits', 'budget_enforcement', 'budget_alert_percents'] as const;

const limitColumns = (level: Level): string =>
  [...LIMIT_COLUMNS, ...POLICY_COLUMNS].map((column) => `${LEVELS[level]}.${column} AS ${level}_${column}`).join(', ');

const TENANTS = `
  p.id AS project_id, p.name AS project_name, o.id AS org_id, o.name AS org_name, o.time_zone,
  ${limitColumns('project')}, ${limitColumns('org')}`;

const KEY = `
  SELECT k.id AS key_id, k.name AS key_name, k.key_prefix, k.scopes, k.allowed_models, k.allowed_ips, k.active,
    k.expires_at, CASE WHEN k.key_hash = $1 THEN NULL ELSE COALESCE(k.previous_expires_at, to_timestamp(0)) END AS grace_ends_at,
    ${limitColumns('key')}, ${TENANTS}
  FROM api_keys k JOIN projects p ON p.id = k.project_id JOIN organisations o ON o.id = p.org_id
  WHERE (k.key_hash = $1 OR k.previous_key_hash = $1) AND k.revoked_at IS NULL`;

const PROJECT = `SELECT ${TENANTS} FROM projects p JOIN organisations o ON o.id = p.org_id WHERE p.id = $1`;

/** One statement sees one state of the database: what was found is true for the revision beside it. */
const withRevision = (select: string): string => `
  SELECT r.revision, found.* FROM revisions r LEFT JOIN (${select}) found ON TRUE WHERE r.room = 'tenancy'`;
const BY_HASH = withRevision(KEY);
const OF_PROJECT = withRevision(PROJECT);

/** Who was found, and the revision of the tenants for which that is true. */
export interface FoundCaller {
  readonly caller: Caller | null;
  readonly revision: number;
}

type LimitFields = { [C in `${Level}_${LimitColumn}`]?: string | null } & {
  [C in `${Level}_model_limits`]?: Readonly<Record<string, Limits>> | null;
} & { [C in `${Level}_budget_enforcement`]?: BudgetEnforcement } & {
  [C in `${Level}_budget_alert_percents`]?: readonly number[];
};

interface Revised {
  revision: string;
}

type TenantFields = LimitFields & {
  project_id: string;
  project_name: string;
  org_id: string;
  org_name: string;
  time_zone: string;
};

type KeyFields = TenantFields & {
  key_id: string;
  key_name: string;
  key_prefix: string;
  scopes: KeyScope[];
  allowed_models: string[] | null;
  allowed_ips: string[] | null;
  active: boolean;
  expires_at: Date | null;
  /** Null when the current secret was presented. */
  grace_ends_at: Date | null;
};

/** What the call path needs to know of a key, its project and its organisation, in one read. */
@Injectable()
export class CallerRepository {
  constructor(private readonly transactions: Transactions) {}

  /** The caller whose key, or whose secret before the last rotation, has this hash; null when none has or it is revoked. */
  async byHash(keyHash: string): Promise<FoundCaller> {
    const rows = await this.transactions.read((connection) =>
      connection.query<(Revised & KeyFields)[]>(BY_HASH, [keyHash]),
    );
    return foundIn(rows, (row) => ({
      ...tenantOf(row),
      keyId: row.key_id,
      keyName: row.key_name,
      keyPrefix: row.key_prefix,
      scopes: new Set(row.scopes),
      allowedModels: row.allowed_models === null ? null : new Set(row.allowed_models),
      allowedIps: row.allowed_ips,
      expiresAtMs: earliest(row.expires_at, row.grace_ends_at),
      enabled: row.active,
    }));
  }

  /** The caller behind a static token: the default project without a key. */
  async ofStaticToken(): Promise<FoundCaller> {
    const rows = await this.transactions.read((connection) =>
      connection.query<(Revised & TenantFields)[]>(OF_PROJECT, [DEFAULT_PROJECT_ID]),
    );
    return foundIn(rows, (row) => ({
      ...tenantOf(row),
      keyId: null,
      keyName: 'static token',
      keyPrefix: 'static',
      scopes: new Set<KeyScope>(['inference', 'metrics']),
      allowedModels: null,
      allowedIps: null,
      expiresAtMs: null,
      enabled: true,
    }));
  }

  /** Rises with every change to an organisation, a project or a key. */
  async revision(): Promise<number> {
    const rows = await this.transactions.read((connection) =>
      connection.query<{ revision: string }[]>(`SELECT revision FROM revisions WHERE room = 'tenancy'`),
    );
    return Number(rows[0]?.revision ?? 0);
  }
}

/** The answer of `withRevision`: one row, whose other columns are null when nobody was found. */
function foundIn<T extends TenantFields>(rows: readonly (Revised & T)[], callerOf: (row: T) => Caller): FoundCaller {
  const row = rows[0];
  const found = (row?.project_id ?? null) !== null;
  return {
    caller: found && row !== undefined ? Object.freeze(callerOf(row)) : null,
    revision: Number(row?.revision ?? 0),
  };
}

function tenantOf(row: TenantFields) {
  return {
    projectId: row.project_id,
    projectName: row.project_name,
    orgId: row.org_id,
    orgName: row.org_name,
    timeZone: row.time_zone,
    limits: { key: limitsOf(row, 'key'), project: limitsOf(row, 'project'), org: limitsOf(row, 'org') },
    modelLimits: {
      key: modelLimitsOf(row.key_model_limits),
      project: modelLimitsOf(row.project_model_limits),
      org: modelLimitsOf(row.org_model_limits),
    },
    budgets: { key: budgetsOf(row, 'key'), project: budgetsOf(row, 'project'), org: budgetsOf(row, 'org') },
  };
}

function limitsOf(row: LimitFields, level: Level): Limits {
  return {
    rpm: limit(row[`${level}_rpm_limit`]),
    tpm: limit(row[`${level}_tpm_limit`]),
    concurrency: limit(row[`${level}_concurrency_limit`]),
  };
}

function budgetsOf(row: LimitFields, level: Level): Budgets {
  return {
    dailyNanoDollars: limit(row[`${level}_daily_budget`]),
    monthlyNanoDollars: limit(row[`${level}_monthly_budget`]),
    enforcement: row[`${level}_budget_enforcement`] ?? 'hard',
    alertPercents: row[`${level}_budget_alert_percents`] ?? [],
  };
}

function modelLimitsOf(stored: Readonly<Record<string, Limits>> | null | undefined): ModelLimits | null {
  return stored === null || stored === undefined ? null : new Map(Object.entries(stored));
}

/** The driver hands `bigint` over as text. */
function limit(value: string | null | undefined): Limit {
  return value === null || value === undefined ? null : Number(value);
}

function earliest(...times: readonly (Date | null)[]): number | null {
  const known = times.filter((time) => time !== null).map(Number);
  return known.length === 0 ? null : Math.min(...known);
}

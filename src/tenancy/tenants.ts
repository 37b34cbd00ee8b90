import type { BudgetEnforcement, KeyScope, Limit, Limits } from './caller.js';

/** Exists after migration; keys created without a project belong here. Neither can be deleted. */
export const DEFAULT_ORG_ID = '00000000-0000-7000-8000-000000000001';
export const DEFAULT_PROJECT_ID = '00000000-0000-7000-8000-000000000002';

/** What an organisation, a project and a key have in common. */
export interface Limited {
  /** Requests per minute. */
  readonly rpmLimit: Limit;
  /** Tokens per minute. */
  readonly tpmLimit: Limit;
  /** Calls at the same time. */
  readonly concurrencyLimit: Limit;
  /** Nano-dollars per calendar day of the organisation. */
  readonly dailyBudget: Limit;
  /** Nano-dollars per calendar month of the organisation. */
  readonly monthlyBudget: Limit;
  readonly budgetEnforcement: BudgetEnforcement;
  /** Percent of a budget at which an event is raised; ascending. */
  readonly budgetAlertPercents: readonly number[];
  /** On top of the limits above, by the name of the model; `null`: none. */
  readonly modelLimits: Readonly<Record<string, Limits>> | null;
}

export const DEFAULT_ALERT_PERCENTS: readonly number[] = [50, 80, 100];

/** What holds where nothing is said. */
export const NO_LIMITS: Limited = {
  rpmLimit: null,
  tpmLimit: null,
  concurrencyLimit: null,
  dailyBudget: null,
  monthlyBudget: null,
  budgetEnforcement: 'hard',
  budgetAlertPercents: DEFAULT_ALERT_PERCENTS,
  modelLimits: null,
};

/** What every row has. */
export interface Row {
  readonly id: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Rises by one with every change; the ETag. */
  readonly version: number;
}

export interface Organisation extends Row, Limited {
  readonly name: string;
  /** IANA name of the zone in which its days and months begin. */
  readonly timeZone: string;
  /** Where events of its budgets, and of those of its projects and keys, are posted to; `null`: nowhere. */
  readonly budgetWebhookUrl: string | null;
}

export interface Project extends Row, Limited {
  readonly orgId: string;
  readonly name: string;
}

/** A key without its secret. */
export interface ApiKey extends Row, Limited {
  readonly projectId: string;
  readonly name: string;
  /** The part that may be shown: `og-` and 8 characters. */
  readonly keyPrefix: string;
  /** End of the grace period of the secret before the last rotation; `null`: none. */
  readonly previousExpiresAt: Date | null;
  readonly scopes: readonly KeyScope[];
  /** `null`: every model. */
  readonly allowedModels: readonly string[] | null;
  /** Addresses and CIDR blocks; `null`: any. */
  readonly allowedIps: readonly string[] | null;
  readonly expiresAt: Date | null;
  readonly active: boolean;
  /** Set once, for good. */
  readonly revokedAt: Date | null;
}

/** The fields of `T` an administrator may set when it is changed; an absent one stays as it is. Never `undefined`. */
export type Patch<T> = { -readonly [K in keyof T]?: T[K] };
export type OrganisationPatch = Patch<Omit<Organisation, keyof Row>>;
export type ProjectPatch = Patch<Omit<Project, keyof Row | 'orgId'>>;
export type ApiKeyPatch = Patch<
  Omit<ApiKey, keyof Row | 'projectId' | 'keyPrefix' | 'previousExpiresAt' | 'revokedAt'>
>;

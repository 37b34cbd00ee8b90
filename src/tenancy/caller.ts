/** What a key may be used for. `inference`: the client API; `keys`: self-service of the project's keys; `metrics`: its figures. */
export const KEY_SCOPES = ['inference', 'keys', 'metrics'] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

/** A limit as stored: `null` inherits, `0` denies, `UNLIMITED` lifts. */
export type Limit = number | null;
/** How "unlimited" is stored in a `Limit` column; the API says `"unlimited"`. */
export const UNLIMITED = -1;

/** Requests and tokens per minute, and calls at the same time. */
export interface Limits {
  rpm: Limit;
  tpm: Limit;
  concurrency: Limit;
}

/** `hard`: a call that would exceed the budget is refused. `soft`: it goes on and is reported. */
export const BUDGET_ENFORCEMENTS = ['hard', 'soft'] as const;
export type BudgetEnforcement = (typeof BUDGET_ENFORCEMENTS)[number];

/** Money per calendar day and month, in nano-dollars (1 USD = 1e9). */
export interface Budgets {
  dailyNanoDollars: Limit;
  monthlyNanoDollars: Limit;
  enforcement: BudgetEnforcement;
  /** Shares of the budget, in percent, at which an event is raised; ascending. */
  alertPercents: readonly number[];
}

/** Limits by the name callers use for the model. */
export type ModelLimits = ReadonlyMap<string, Limits>;

/** Who is calling: a key with its project and organisation, flattened for the call path. Immutable; shared between calls. */
export interface Caller {
  readonly keyId: string | null;
  readonly keyName: string;
  /** The part of the key that may be shown, e.g. `og-1a2b3c4d`. */
  readonly keyPrefix: string;
  readonly projectId: string;
  readonly projectName: string;
  readonly orgId: string;
  readonly orgName: string;
  readonly scopes: ReadonlySet<KeyScope>;
  /** `null`: every model. */
  readonly allowedModels: ReadonlySet<string> | null;
  /** CIDR blocks or single addresses; `null`: any address. */
  readonly allowedIps: readonly string[] | null;
  /** Epoch ms; `null`: never. Also the end of the grace period when an old secret was presented. */
  readonly expiresAtMs: number | null;
  readonly enabled: boolean;
  readonly limits: { readonly key: Limits; readonly project: Limits; readonly org: Limits };
  /** Limits per model name at each level, on top of the general ones; `null`: none set. */
  readonly modelLimits: {
    readonly key: ModelLimits | null;
    readonly project: ModelLimits | null;
    readonly org: ModelLimits | null;
  };
  readonly budgets: { readonly key: Budgets; readonly project: Budgets; readonly org: Budgets };
  /** IANA time zone in which the organisation's days and months begin. */
  readonly timeZone: string;
}

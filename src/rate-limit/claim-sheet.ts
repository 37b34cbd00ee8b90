import type { ClaimLevel, StatedClaim } from '../exchange/stated-claim.js';
import type { ModelEntry } from '../registry/snapshot.js';
import { UNLIMITED, type Caller, type Limit, type Limits } from '../tenancy/caller.js';

const MINUTE = { kind: 'sliding', ms: 60_000 } as const;
/** A slot whose process died frees itself after this time; running calls renew theirs. */
const SLOT = { kind: 'slots', leaseMs: 60_000 } as const;

/** What applies where nothing was set; `null`: unlimited. */
export interface DefaultLimits {
  readonly key: Limits;
  readonly project: Limits;
  readonly org: Limits;
}

type LimitedModel = Pick<ModelEntry, 'id' | 'name' | 'rpmLimit' | 'tpmLimit' | 'concurrencyLimit'>;

/** Stands for a model that nothing is said about. */
export const NO_MODEL: LimitedModel = { id: '', name: '', rpmLimit: null, tpmLimit: null, concurrencyLimit: null };

/**
 * Works out which limits hold for a caller on a model: key, project and organisation, and the model within each. Requests and
 * slots come first: of them every call claims one.
 */
export function claimSheet(
  caller: Caller,
  model: LimitedModel,
  defaults: DefaultLimits,
  whenDown: 'open' | 'closed',
): readonly StatedClaim[] {
  const ones: StatedClaim[] = [];
  const tokens: StatedClaim[] = [];
  const add = (level: ClaimLevel, thing: string, limits: Limits, name: string | null): void => {
    const claim = (subject: 'requests' | 'tokens' | 'concurrency', limit: number): StatedClaim => ({
      counter: `og:{${caller.orgId}}:${thing}${subject}`,
      amount: subject === 'tokens' ? 0 : 1,
      limit,
      window: subject === 'concurrency' ? SLOT : MINUTE,
      onExpiry: subject === 'requests' ? 'charge' : 'release',
      onUnavailable: whenDown,
      subject,
      level,
      model: name,
      period: null,
      softLimit: null,
      watchFrom: Number.POSITIVE_INFINITY,
    });
    if (isSet(limits.rpm)) ones.push(claim('requests', limits.rpm));
    if (isSet(limits.concurrency)) ones.push(claim('concurrency', limits.concurrency));
    if (isSet(limits.tpm)) tokens.push(claim('tokens', limits.tpm));
  };
  for (const { level, id } of levelsOf(caller)) {
    add(level, `${level}:${id}:`, inherit(caller.limits[level], defaults[level]), null);
    const own = caller.modelLimits[level]?.get(model.name);
    if (own !== undefined) add(level, `${level}:${id}:model/${model.id}/`, own, model.name);
  }
  const ofModel = { rpm: model.rpmLimit, tpm: model.tpmLimit, concurrency: model.concurrencyLimit };
  add('org', `model:${model.id}:`, ofModel, model.name);
  return [...ones, ...tokens];
}

function levelsOf(caller: Caller): readonly { level: ClaimLevel; id: string }[] {
  return [
    { level: 'key', id: caller.keyId ?? caller.keyPrefix },
    { level: 'project', id: caller.projectId },
    { level: 'org', id: caller.orgId },
  ];
}

function inherit(own: Limits, defaults: Limits): Limits {
  return {
    rpm: own.rpm ?? defaults.rpm,
    tpm: own.tpm ?? defaults.tpm,
    concurrency: own.concurrency ?? defaults.concurrency,
  };
}

function isSet(limit: Limit): limit is number {
  return limit !== null && limit !== UNLIMITED;
}

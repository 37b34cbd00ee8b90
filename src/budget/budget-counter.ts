import type { SpendLevel } from '../ledger/spend-totals.repository.js';

const NAME = /^og:\{([^}]*)\}:(key|project|org):(.+):spend$/;

/** The name of the counter of a budget; its buckets are the organisation's days and months. */
export function budgetCounter(orgId: string, level: SpendLevel, id: string): string {
  return `og:{${orgId}}:${level}:${id}:spend`;
}

/** Whose money a counter counts. @throws TypeError when it is not the counter of a budget */
export function budgetOf(counter: string): { orgId: string; level: SpendLevel; id: string } {
  const [, orgId = '', level, id = ''] = NAME.exec(counter) ?? [];
  if (level === undefined) throw new TypeError(`not the counter of a budget: ${counter}`);
  return { orgId, level: level as SpendLevel, id };
}

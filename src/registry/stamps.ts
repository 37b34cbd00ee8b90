import { GatewayError } from '../../libs/protocol/index.js';
import { uuidv7 } from '../infra/crypto/uuid-v7.js';
import { expectVersion, type ExpectedVersions } from '../infra/database/row-version.js';
import type { Stamped, TimeoutsPatch } from './catalogue.js';
import type { Timeouts } from './snapshot.js';

/** The stamps of a new row. */
export function newStamps(now: Date): Stamped {
  return { id: uuidv7(now.getTime()), createdAt: now, updatedAt: now, version: 1 };
}

/** The stamps of a row that changes. */
export function nextStamps(row: Stamped, now: Date): { updatedAt: Date; version: number } {
  return { updatedAt: now, version: row.version + 1 };
}

/**
 * The locked row, if it is there and has not moved on.
 * @throws GatewayError not_found, precondition_failed
 */
export function expectRow<T extends Stamped>(row: T | null, expected: ExpectedVersions, what: string): T {
  if (row === null) throw new GatewayError('not_found', `There is no such ${what}.`);
  expectVersion(row, expected);
  return row;
}

/** The time-outs after a change. */
export function mergedTimeouts(before: Timeouts, patch: TimeoutsPatch | null | undefined): Timeouts {
  if (patch === null) return {};
  const entries = Object.entries({ ...before, ...patch }).filter(([, value]) => typeof value === 'number');
  return Object.fromEntries(entries);
}

import type { Patch, Row } from './tenants.js';

/** Least first: each role may do what the ones before it may. */
export const ADMIN_ROLES = ['viewer', 'operator', 'admin', 'owner'] as const;
export type AdminRole = (typeof ADMIN_ROLES)[number];

/** Who is using the admin API. */
export interface Administrator {
  /** Id of the admin key; `null`: the bootstrap key. */
  readonly id: string | null;
  readonly name: string;
  readonly role: AdminRole;
  /** The one organisation this administrator sees; `null`: everything. */
  readonly orgId: string | null;
}

/** An admin key without its secret. */
export interface AdminKey extends Row {
  readonly name: string;
  readonly role: AdminRole;
  readonly orgId: string | null;
  /** The part that may be shown: `oga-` and 8 characters. */
  readonly keyPrefix: string;
  readonly expiresAt: Date | null;
  readonly active: boolean;
}

export type AdminKeyPatch = Patch<Omit<AdminKey, keyof Row | 'keyPrefix' | 'orgId'>>;

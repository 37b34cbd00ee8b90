import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../libs/protocol/index.js';
import { uuidv7 } from '../infra/crypto/uuid-v7.js';
import type { Page, PageRequest } from '../infra/database/keyset-page.js';
import { expectVersion } from '../infra/database/row-version.js';
import type { Transaction } from '../infra/database/transactions.js';
import { ApiKeyRepository, type KeyFilter } from './api-key.repository.js';
import type { KeyScope } from './caller.js';
import type { Changed, Reach } from './change.js';
import { LastUsedRepository } from './last-used.repository.js';
import { ProjectRepository } from './project.repository.js';
import { newSecret } from './secret.js';
import { DEFAULT_PROJECT_ID, NO_LIMITS, type ApiKey, type ApiKeyPatch } from './tenants.js';

const START = 'og-';
/** What a key may be used for unless said otherwise; making further keys must be granted. */
export const DEFAULT_SCOPES: readonly KeyScope[] = ['inference', 'metrics'];

/** A key, where it belongs, and its secret for the one time it can be shown. */
export interface IssuedKey {
  readonly row: ApiKey;
  readonly orgId: string;
  readonly secret: string;
}

export interface ChangedKey extends Changed<ApiKey> {
  readonly orgId: string;
}

/** Client keys. A revoked key stays listed and can only be deleted. */
@Injectable()
export class ApiKeys {
  constructor(
    private readonly rows: ApiKeyRepository,
    private readonly projects: ProjectRepository,
    private readonly lastUsed: LastUsedRepository,
  ) {}

  async list(page: PageRequest, filter: KeyFilter): Promise<Page<ApiKey>> {
    return this.rows.list(page, filter);
  }

  /** @throws GatewayError `not_found` */
  async get(id: string, only: string | null): Promise<ApiKey> {
    const row = found(await this.rows.find(id));
    if (only !== null && (await this.projects.find(row.projectId))?.orgId !== only) throw missing();
    return row;
  }

  /** When each key was last used, about ten seconds behind; keys never used are missing. */
  async lastUsedAt(keys: readonly ApiKey[]): Promise<Map<string, Date>> {
    return this.lastUsed.read(keys.map((key) => key.id));
  }

  /**
   * @param projectId `null`: the default project
   * @throws GatewayError `not_found` for the project
   */
  async create(
    tx: Transaction,
    draft: ApiKeyPatch & { name: string },
    projectId: string | null,
    only: string | null,
  ): Promise<IssuedKey> {
    const project = await this.projects.findIn(tx, projectId ?? DEFAULT_PROJECT_ID);
    if (project === null || (only !== null && project.orgId !== only)) {
      throw new GatewayError('not_found', 'There is no such project.', { param: 'project_id' });
    }
    const now = new Date();
    const made = newSecret(START);
    const row: ApiKey = {
      ...NO_LIMITS,
      scopes: DEFAULT_SCOPES,
      allowedModels: null,
      allowedIps: null,
      expiresAt: null,
      active: true,
      ...draft,
      id: uuidv7(now.getTime()),
      projectId: project.id,
      keyPrefix: made.prefix,
      previousExpiresAt: null,
      revokedAt: null,
      createdAt: now,
      updatedAt: now,
      version: 1,
    };
    await this.rows.insert(tx, row, made.hash);
    return { row, orgId: project.orgId, secret: made.secret };
  }

  /** @throws GatewayError `not_found`, `precondition_failed`, `conflict` when it is revoked */
  async change(tx: Transaction, id: string, patch: ApiKeyPatch, reach: Reach): Promise<ChangedKey> {
    const { row: before, orgId } = await this.lock(tx, id, reach);
    refuseRevoked(before);
    const stamped = { ...patch, version: before.version + 1, updatedAt: new Date() };
    await this.rows.update(tx, id, stamped);
    return { before, after: { ...before, ...stamped }, orgId };
  }

  /**
   * A new secret. The one before stays valid for `graceSeconds`; one from an earlier rotation ends at once.
   * @throws GatewayError `not_found`, `precondition_failed`, `conflict` when it is revoked
   */
  async rotate(
    tx: Transaction,
    id: string,
    graceSeconds: number,
    reach: Reach,
  ): Promise<ChangedKey & { readonly secret: string }> {
    const { row: before, orgId } = await this.lock(tx, id, reach);
    refuseRevoked(before);
    const now = new Date();
    const made = newSecret(START);
    const previousExpiresAt = graceSeconds === 0 ? null : new Date(now.getTime() + graceSeconds * 1000);
    const shown = { keyPrefix: made.prefix, previousExpiresAt, version: before.version + 1, updatedAt: now };
    const previousKeyHash = previousExpiresAt === null ? null : before.keyHash;
    await this.rows.replaceSecret(tx, id, { ...shown, keyHash: made.hash, previousKeyHash });
    return { before, after: { ...before, ...shown }, orgId, secret: made.secret };
  }

  /** Ends a key for good; again changes nothing. @throws GatewayError `not_found`, `precondition_failed` */
  async revoke(tx: Transaction, id: string, reach: Reach): Promise<ChangedKey> {
    const { row: before, orgId } = await this.lock(tx, id, reach);
    if (before.revokedAt !== null) return { before, after: before, orgId };
    const now = new Date();
    const stamped = { active: false, revokedAt: now, version: before.version + 1, updatedAt: now };
    await this.rows.update(tx, id, stamped);
    return { before, after: { ...before, ...stamped }, orgId };
  }

  /** @throws GatewayError `not_found`, `precondition_failed` */
  async remove(tx: Transaction, id: string, reach: Reach): Promise<{ row: ApiKey; orgId: string }> {
    const locked = await this.lock(tx, id, reach);
    await this.rows.remove(tx, id);
    return locked;
  }

  private async lock(tx: Transaction, id: string, reach: Reach) {
    const row = found(await this.rows.lock(tx, id));
    const orgId = (await this.projects.findIn(tx, row.projectId))?.orgId;
    if (orgId === undefined || (reach.only !== null && orgId !== reach.only)) throw missing();
    expectVersion(row, reach.expected);
    return { row, orgId };
  }
}

function found<T extends ApiKey>(row: T | null): T {
  if (row === null) throw missing();
  return row;
}

function missing(): GatewayError {
  return new GatewayError('not_found', 'There is no such key.');
}

function refuseRevoked(row: ApiKey): void {
  if (row.revokedAt !== null) throw new GatewayError('conflict', 'The key is revoked, for good: create another.');
}

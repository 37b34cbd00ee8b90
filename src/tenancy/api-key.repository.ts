import { Injectable } from '@nestjs/common';
import { fetchPage, type Page, type PageRequest, type PageShape } from '../infra/database/keyset-page.js';
import { Transactions, type Transaction } from '../infra/database/transactions.js';
import { ApiKeyEntity } from './api-key.entity.js';
import type { ApiKey, ApiKeyPatch } from './tenants.js';

const SHAPE: PageShape<ApiKeyEntity> = {
  sortable: {
    name: { property: 'name', type: 'text', read: (row) => row.name },
    created_at: { property: 'createdAt', type: 'timestamptz', read: (row) => row.createdAt.toISOString() },
    updated_at: { property: 'updatedAt', type: 'timestamptz', read: (row) => row.updatedAt.toISOString() },
  },
  searchable: ['name', 'keyPrefix'],
};

/** The secret that replaces the one a key has. */
export interface SecretChange {
  readonly keyHash: string;
  readonly keyPrefix: string;
  readonly previousKeyHash: string | null;
  readonly previousExpiresAt: Date | null;
}

export interface KeyFilter {
  readonly orgId: string | null;
  readonly projectId: string | null;
}

type Stamp = { version: number; updatedAt: Date };

/** The table `api_keys`. Hashes go in; rows come out without them. */
@Injectable()
export class ApiKeyRepository {
  constructor(private readonly transactions: Transactions) {}

  async list(page: PageRequest, filter: KeyFilter): Promise<Page<ApiKey>> {
    return this.transactions.read((connection) => {
      const query = connection.createQueryBuilder(ApiKeyEntity, 'key');
      if (filter.projectId !== null) query.andWhere('key.projectId = :projectId', { projectId: filter.projectId });
      if (filter.orgId !== null) {
        query.andWhere('key.projectId IN (SELECT id FROM projects WHERE org_id = :orgId)', { orgId: filter.orgId });
      }
      return fetchPage(query, page, SHAPE);
    });
  }

  async find(id: string): Promise<ApiKey | null> {
    return this.transactions.read((connection) => connection.findOneBy(ApiKeyEntity, { id }));
  }

  /** The row with the hash of its secret, locked until the transaction ends. */
  async lock(tx: Transaction, id: string): Promise<(ApiKey & { readonly keyHash: string }) | null> {
    return tx.findOne(ApiKeyEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  async insert(tx: Transaction, row: ApiKey, keyHash: string): Promise<void> {
    await tx.insert(ApiKeyEntity, { ...row, keyHash });
  }

  async update(tx: Transaction, id: string, patch: ApiKeyPatch & Stamp & { revokedAt?: Date }): Promise<void> {
    await tx.update(ApiKeyEntity, { id }, patch);
  }

  async replaceSecret(tx: Transaction, id: string, change: SecretChange & Stamp): Promise<void> {
    await tx.update(ApiKeyEntity, { id }, change);
  }

  async remove(tx: Transaction, id: string): Promise<void> {
    await tx.delete(ApiKeyEntity, { id });
  }
}

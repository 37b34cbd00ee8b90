import { Injectable } from '@nestjs/common';
import { fetchPage, type Page, type PageRequest, type PageShape } from '../infra/database/keyset-page.js';
import { Transactions, type Transaction } from '../infra/database/transactions.js';
import { AdminKeyEntity } from './admin-key.entity.js';
import type { AdminKey, AdminKeyPatch } from './administrator.js';

const BOOTSTRAP_HASH = 'bootstrap_admin_key_sha256';
const SHAPE: PageShape<AdminKeyEntity> = {
  sortable: {
    name: { property: 'name', type: 'text', read: (row) => row.name },
    created_at: { property: 'createdAt', type: 'timestamptz', read: (row) => row.createdAt.toISOString() },
    updated_at: { property: 'updatedAt', type: 'timestamptz', read: (row) => row.updatedAt.toISOString() },
  },
  searchable: ['name'],
};

/** The table `admin_keys`, and the hash of the generated bootstrap key in `settings`. */
@Injectable()
export class AdminKeyRepository {
  constructor(private readonly transactions: Transactions) {}

  async list(page: PageRequest, only: string | null): Promise<Page<AdminKey>> {
    return this.transactions.read((connection) => {
      const query = connection.createQueryBuilder(AdminKeyEntity, 'admin');
      if (only !== null) query.where('admin.orgId = :only', { only });
      return fetchPage(query, page, SHAPE);
    });
  }

  async find(id: string): Promise<AdminKey | null> {
    return this.transactions.read((connection) => connection.findOneBy(AdminKeyEntity, { id }));
  }

  async findByHash(keyHash: string): Promise<AdminKey | null> {
    return this.transactions.read((connection) => connection.findOneBy(AdminKeyEntity, { keyHash }));
  }

  /** The row, locked until the transaction ends. */
  async lock(tx: Transaction, id: string): Promise<AdminKey | null> {
    return tx.findOne(AdminKeyEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  async insert(tx: Transaction, row: AdminKey, keyHash: string): Promise<void> {
    await tx.insert(AdminKeyEntity, { ...row, keyHash });
  }

  async update(
    tx: Transaction,
    id: string,
    patch: AdminKeyPatch & { version: number; updatedAt: Date },
  ): Promise<void> {
    await tx.update(AdminKeyEntity, { id }, patch);
  }

  async remove(tx: Transaction, id: string): Promise<void> {
    await tx.delete(AdminKeyEntity, { id });
  }

  /** Stores the hash of the bootstrap key unless one is stored already; says whether it did. */
  async storeBootstrapHash(keyHash: string): Promise<boolean> {
    return this.transactions.run(async (tx) => {
      const stored: unknown[] = await tx.query(
        'INSERT INTO settings (name, value) VALUES ($1, to_jsonb($2::text)) ON CONFLICT (name) DO NOTHING RETURNING name',
        [BOOTSTRAP_HASH, keyHash],
      );
      return stored.length > 0;
    });
  }

  async bootstrapHash(): Promise<string | null> {
    return this.transactions.read(async (connection) => {
      const rows: { value: string }[] = await connection.query(
        `SELECT value #>> '{}' AS value FROM settings WHERE name = $1`,
        [BOOTSTRAP_HASH],
      );
      return rows[0]?.value ?? null;
    });
  }
}

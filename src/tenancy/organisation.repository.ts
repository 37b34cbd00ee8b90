import { Injectable } from '@nestjs/common';
import { fetchPage, type Page, type PageRequest, type PageShape } from '../infra/database/keyset-page.js';
import { Transactions, type Transaction } from '../infra/database/transactions.js';
import { OrganisationEntity } from './organisation.entity.js';
import type { Organisation, OrganisationPatch } from './tenants.js';

const SHAPE: PageShape<OrganisationEntity> = {
  sortable: {
    name: { property: 'name', type: 'text', read: (row) => row.name },
    created_at: { property: 'createdAt', type: 'timestamptz', read: (row) => row.createdAt.toISOString() },
    updated_at: { property: 'updatedAt', type: 'timestamptz', read: (row) => row.updatedAt.toISOString() },
  },
  searchable: ['name'],
};

/** The table `organisations`. `only` narrows a read to one organisation; `null` reads all. */
@Injectable()
export class OrganisationRepository {
  constructor(private readonly transactions: Transactions) {}

  async list(page: PageRequest, only: string | null): Promise<Page<Organisation>> {
    return this.transactions.read((connection) => {
      const query = connection.createQueryBuilder(OrganisationEntity, 'org');
      if (only !== null) query.where('org.id = :only', { only });
      return fetchPage(query, page, SHAPE);
    });
  }

  async find(id: string): Promise<Organisation | null> {
    return this.transactions.read((connection) => connection.findOneBy(OrganisationEntity, { id }));
  }

  /** Whether it exists; it then goes on existing until the transaction ends. */
  async existsIn(tx: Transaction, id: string): Promise<boolean> {
    const rows: unknown[] = await tx.query('SELECT 1 FROM organisations WHERE id = $1 FOR KEY SHARE', [id]);
    return rows.length > 0;
  }

  /** The row, locked until the transaction ends. */
  async lock(tx: Transaction, id: string): Promise<Organisation | null> {
    return tx.findOne(OrganisationEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  async insert(tx: Transaction, row: Organisation): Promise<void> {
    await tx.insert(OrganisationEntity, row);
  }

  async update(
    tx: Transaction,
    id: string,
    patch: OrganisationPatch & { version: number; updatedAt: Date },
  ): Promise<void> {
    await tx.update(OrganisationEntity, { id }, patch);
  }

  async remove(tx: Transaction, id: string): Promise<void> {
    await tx.delete(OrganisationEntity, { id });
  }

  /** Whether projects or administrators still belong to it. */
  async inUse(tx: Transaction, id: string): Promise<boolean> {
    const rows: { used: boolean }[] = await tx.query(
      `SELECT EXISTS (SELECT 1 FROM projects WHERE org_id = $1) OR EXISTS (SELECT 1 FROM admin_keys WHERE org_id = $1) AS used`,
      [id],
    );
    return rows[0]?.used === true;
  }
}

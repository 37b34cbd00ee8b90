import { Injectable } from '@nestjs/common';
import { fetchPage, type Page, type PageRequest, type PageShape } from '../infra/database/keyset-page.js';
import { Transactions, type Transaction } from '../infra/database/transactions.js';
import { ProjectEntity } from './project.entity.js';
import type { Project, ProjectPatch } from './tenants.js';

const SHAPE: PageShape<ProjectEntity> = {
  sortable: {
    name: { property: 'name', type: 'text', read: (row) => row.name },
    created_at: { property: 'createdAt', type: 'timestamptz', read: (row) => row.createdAt.toISOString() },
    updated_at: { property: 'updatedAt', type: 'timestamptz', read: (row) => row.updatedAt.toISOString() },
  },
  searchable: ['name'],
};

/** The table `projects`. */
@Injectable()
export class ProjectRepository {
  constructor(private readonly transactions: Transactions) {}

  /** @param orgId projects of this organisation only; `null`: all */
  async list(page: PageRequest, orgId: string | null): Promise<Page<Project>> {
    return this.transactions.read((connection) => {
      const query = connection.createQueryBuilder(ProjectEntity, 'project');
      if (orgId !== null) query.where('project.orgId = :orgId', { orgId });
      return fetchPage(query, page, SHAPE);
    });
  }

  async find(id: string): Promise<Project | null> {
    return this.transactions.read((connection) => connection.findOneBy(ProjectEntity, { id }));
  }

  async findIn(tx: Transaction, id: string): Promise<Project | null> {
    return tx.findOneBy(ProjectEntity, { id });
  }

  /** The row, locked until the transaction ends. */
  async lock(tx: Transaction, id: string): Promise<Project | null> {
    return tx.findOne(ProjectEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  async insert(tx: Transaction, row: Project): Promise<void> {
    await tx.insert(ProjectEntity, row);
  }

  async update(tx: Transaction, id: string, patch: ProjectPatch & { version: number; updatedAt: Date }): Promise<void> {
    await tx.update(ProjectEntity, { id }, patch);
  }

  async remove(tx: Transaction, id: string): Promise<void> {
    await tx.delete(ProjectEntity, { id });
  }

  /** Whether keys, revoked ones included, still belong to it. */
  async inUse(tx: Transaction, id: string): Promise<boolean> {
    const rows: unknown[] = await tx.query('SELECT 1 FROM api_keys WHERE project_id = $1 LIMIT 1', [id]);
    return rows.length > 0;
  }
}

import { Injectable } from '@nestjs/common';
import { Transactions, type Transaction } from '../infra/database/transactions.js';
import type { ProjectProvider } from './catalogue.js';
import { ProjectProviderEntity } from './project-provider.entity.js';
import { BY_STAMPS, StampedRepository } from './stamped.repository.js';

/** With its sealed secret; it never leaves this room. */
export interface SealedProjectProvider extends ProjectProvider {
  readonly ciphertext: string;
}

@Injectable()
export class ProjectProviderRepository extends StampedRepository<SealedProjectProvider, ProjectProviderEntity> {
  constructor(transactions: Transactions) {
    super(transactions, ProjectProviderEntity, { sortable: BY_STAMPS, searchable: ['name'] });
  }

  /** The project's account of that name, locked until the transaction ends. */
  async lockNamed(tx: Transaction, projectId: string, name: string): Promise<SealedProjectProvider | null> {
    return tx.findOne(ProjectProviderEntity, { where: { projectId, name }, lock: { mode: 'pessimistic_write' } });
  }

  /** Every account of every project, locked, so that none is written under an old key meanwhile. */
  async lockAll(tx: Transaction): Promise<SealedProjectProvider[]> {
    return tx.find(ProjectProviderEntity, { order: { id: 'ASC' }, lock: { mode: 'pessimistic_write' } });
  }
}

import { Injectable } from '@nestjs/common';
import { IsNull, Not } from 'typeorm';
import { Transactions, type Transaction } from '../infra/database/transactions.js';
import { BackendEntity } from './backend.entity.js';
import type { Backend } from './catalogue.js';
import { BY_STAMPS, StampedRepository } from './stamped.repository.js';

@Injectable()
export class BackendRepository extends StampedRepository<Backend, BackendEntity> {
  constructor(transactions: Transactions) {
    super(transactions, BackendEntity, {
      sortable: {
        priority: { property: 'priority', type: 'bigint', read: (row) => String(row.priority) },
        weight: { property: 'weight', type: 'bigint', read: (row) => String(row.weight) },
        ...BY_STAMPS,
      },
      searchable: ['url'],
    });
  }

  /** Whether the model has another backend with the same URL and provider. */
  async hasTwin(tx: Transaction, { id, modelId, url, providerId }: Backend): Promise<boolean> {
    const twins = await this.count(tx, {
      id: Not(id),
      modelId,
      url: url ?? IsNull(),
      providerId: providerId ?? IsNull(),
    });
    return twins > 0;
  }
}

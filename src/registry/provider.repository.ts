import { Injectable } from '@nestjs/common';
import { Transactions } from '../infra/database/transactions.js';
import type { Provider } from './catalogue.js';
import { ProviderEntity } from './provider.entity.js';
import { BY_STAMPS, StampedRepository } from './stamped.repository.js';

@Injectable()
export class ProviderRepository extends StampedRepository<Provider, ProviderEntity> {
  constructor(transactions: Transactions) {
    super(transactions, ProviderEntity, {
      sortable: { name: { property: 'name', type: 'text', read: (row) => row.name }, ...BY_STAMPS },
      searchable: ['name', 'baseUrl'],
    });
  }
}

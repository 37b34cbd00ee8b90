import { Injectable } from '@nestjs/common';
import { Transactions } from '../infra/database/transactions.js';
import type { Model } from './catalogue.js';
import { ModelEntity } from './model.entity.js';
import { BY_STAMPS, StampedRepository } from './stamped.repository.js';

@Injectable()
export class ModelRepository extends StampedRepository<Model, ModelEntity> {
  constructor(transactions: Transactions) {
    super(transactions, ModelEntity, {
      sortable: { name: { property: 'name', type: 'text', read: (row) => row.name }, ...BY_STAMPS },
      searchable: ['name', 'modelId'],
    });
  }
}

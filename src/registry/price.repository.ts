import { Injectable } from '@nestjs/common';
import { Transactions, type Transaction } from '../infra/database/transactions.js';
import { PriceEntity } from './price.entity.js';
import type { Price } from './price.js';
import { BY_STAMPS, StampedRepository } from './stamped.repository.js';

@Injectable()
export class PriceRepository extends StampedRepository<Price, PriceEntity> {
  constructor(transactions: Transactions) {
    super(transactions, PriceEntity, {
      sortable: { model: { property: 'model', type: 'text', read: (row) => row.model }, ...BY_STAMPS },
      searchable: ['model'],
    });
  }

  /**
   * Another price of the same provider and model that holds at some moment of `row`; `null`: there is none. To be asked after
   * `row` was written: that waits for every other change of the catalogue under way, so that none is overlooked.
   */
  async overlapping(tx: Transaction, row: Price): Promise<Price | null> {
    return tx
      .createQueryBuilder(PriceEntity, 'item')
      .where('item.id <> :id AND lower(item.model) = lower(:model)', row)
      .andWhere('item.providerId IS NOT DISTINCT FROM CAST(:providerId AS uuid)', row)
      .andWhere(
        `tstzrange(item.effectiveFrom, item.effectiveTo) &&
         tstzrange(CAST(:effectiveFrom AS timestamptz), CAST(:effectiveTo AS timestamptz))`,
        row,
      )
      .limit(1)
      .getOne();
  }
}

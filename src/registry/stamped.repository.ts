import { In, type EntityTarget, type FindOptionsWhere, type QueryDeepPartialEntity } from 'typeorm';
import {
  fetchPage,
  type Page,
  type PageRequest,
  type PageShape,
  type SortColumn,
} from '../infra/database/keyset-page.js';
import type { Transaction, Transactions } from '../infra/database/transactions.js';
import type { Stamped } from './catalogue.js';
import type { StampedEntity } from './stamped.entity.js';

/** Sorting by the stamps, which every list offers. */
export const BY_STAMPS: Readonly<Record<'created_at' | 'updated_at', SortColumn<StampedEntity>>> = {
  created_at: { property: 'createdAt', type: 'timestamptz', read: (row) => row.createdAt.toISOString() },
  updated_at: { property: 'updatedAt', type: 'timestamptz', read: (row) => row.updatedAt.toISOString() },
};

/** What the four tables of the catalogue have in common. `R` is the row as the room sees it, `E` its entity. */
export abstract class StampedRepository<R extends Stamped, E extends StampedEntity & R> {
  protected constructor(
    protected readonly transactions: Transactions,
    private readonly entity: EntityTarget<E>,
    private readonly shape: PageShape<E>,
  ) {}

  /** @param where equality on properties; empty: every row */
  async list(page: PageRequest, where: Partial<R> = {}): Promise<Page<R>> {
    return this.transactions.read((connection) => {
      const query = connection.createQueryBuilder(this.entity, 'item');
      for (const [property, value] of Object.entries(where)) {
        query.andWhere(`item.${property} = :${property}`, { [property]: value as unknown });
      }
      return fetchPage(query, page, this.shape);
    });
  }

  async find(id: string): Promise<R | null> {
    return this.transactions.read((connection) => connection.findOneBy(this.entity, { id } as FindOptionsWhere<E>));
  }

  /** Rows whose `property` is one of `values`, in the order of their creation. */
  async among(property: keyof R & keyof E, values: readonly string[], tx: Transaction | null = null): Promise<R[]> {
    if (values.length === 0) return [];
    const where = { [property]: In([...values]) } as FindOptionsWhere<E>;
    const find = (connection: Transaction) => connection.findBy(this.entity, where);
    const rows = await (tx === null ? this.transactions.read(find) : find(tx));
    // Ids are UUIDv7: their order is that of creation.
    return rows.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** The row, locked until the transaction ends. */
  async lock(tx: Transaction, id: string): Promise<R | null> {
    return tx.findOne(this.entity, { where: { id } as FindOptionsWhere<E>, lock: { mode: 'pessimistic_write' } });
  }

  async count(tx: Transaction, where: FindOptionsWhere<E>): Promise<number> {
    return tx.countBy(this.entity, where);
  }

  async insert(tx: Transaction, row: R): Promise<void> {
    await tx.insert(this.entity, row as QueryDeepPartialEntity<E>);
  }

  async update(tx: Transaction, id: string, values: Partial<R>): Promise<void> {
    await tx.update(this.entity, { id }, values as QueryDeepPartialEntity<E>);
  }

  async remove(tx: Transaction, id: string): Promise<void> {
    await tx.delete(this.entity, { id });
  }
}

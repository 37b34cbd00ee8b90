import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { setTimeout as sleep } from 'node:timers/promises';
import { isConflictOfTransactions, asGatewayError } from './database-failure.js';

/** A running transaction (or, for reads, a plain connection): what repositories take as their first argument. */
export type Transaction = EntityManager;

const ATTEMPTS = 4;

/** Runs work on the database and turns what the database says into errors of the contract (409, 503). */
@Injectable()
export class Transactions {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Runs `work` in one transaction; it may run again (at most four times) when two transactions got in each other's way,
   * so it must have no effect but on the database.
   */
  async run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.dataSource.transaction(work);
      } catch (error) {
        if (attempt === ATTEMPTS || !isConflictOfTransactions(error)) throw asGatewayError(error);
        await sleep(5 * attempt);
      }
    }
  }

  /** Runs `work` outside a transaction, for reads. */
  async read<T>(work: (connection: Transaction) => Promise<T>): Promise<T> {
    try {
      return await work(this.dataSource.manager);
    } catch (error) {
      throw asGatewayError(error);
    }
  }
}

import type pg from 'pg';
import type { DataSourceOptions } from 'typeorm';

/** Options of a TypeORM data source over PostgreSQL. */
export type PostgresOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/** Where the data lives. Both speak one dialect through the same client, so nothing above this room knows which it is. */
export abstract class DatabaseHome {
  abstract readonly kind: 'postgres' | 'embedded';

  /** The pool of the service. Entities and migrations are not part of it. */
  abstract dataSourceOptions(): PostgresOptions;

  /** One connection for work that may take long, such as a migration. */
  abstract maintenanceOptions(): PostgresOptions;

  /** A connection apart from the pool, for `pg`. */
  abstract clientConfig(): pg.ClientConfig;

  /** Whether a connection can be dead without anybody noticing, so that it must be asked from time to time. */
  abstract readonly overNetwork: boolean;

  /** Why it will not work again in this process, or `null`. A server that is away may come back; a crashed embedded database does not. */
  abstract failedBecause(): Error | null;

  /** Starts what has to be started; more than once does no harm. */
  abstract start(): Promise<void>;

  /** Stops what was started, after the pool has ended. */
  abstract close(): Promise<void>;
}

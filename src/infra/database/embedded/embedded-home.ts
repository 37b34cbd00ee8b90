import { join } from 'node:path';
import type pg from 'pg';
import type { Config } from '../../../config/config.js';
import { BoundedPool, driverWith, poolThatCloses } from '../bounded-pool.js';
import { DatabaseHome, type PostgresOptions } from '../database-home.js';
import { EmbeddedDatabase } from './embedded-database.js';

/** The embedded database in the data directory, for one process. */
export class EmbeddedHome extends DatabaseHome {
  override readonly kind = 'embedded';
  override readonly overNetwork = false;
  private readonly database: EmbeddedDatabase;

  constructor(private readonly config: Pick<Config, 'database' | 'data'>) {
    super();
    this.database = new EmbeddedDatabase({
      directory: join(config.data.dir, 'database'),
      timeoutMs: config.database.timeoutMs,
    });
  }

  override dataSourceOptions(): PostgresOptions {
    return {
      ...this.commonOptions(),
      poolSize: this.config.database.poolSize,
      driver: driverWith(poolThatCloses(() => this.database.close())),
    };
  }

  override maintenanceOptions(): PostgresOptions {
    return { ...this.commonOptions(), poolSize: 1, driver: driverWith(BoundedPool) };
  }

  override clientConfig(): pg.ClientConfig {
    return { stream: this.database.openSocket };
  }

  override failedBecause(): Error | null {
    return this.database.failedBecause;
  }

  override async start(): Promise<void> {
    await this.database.start();
  }

  override close(): Promise<void> {
    return this.database.close();
  }

  private commonOptions(): PostgresOptions {
    return {
      type: 'postgres',
      // For the name only: there is no server.
      database: 'postgres',
      connectTimeoutMS: this.config.database.timeoutMs,
      poolErrorHandler: () => undefined,
      installExtensions: false,
      synchronize: false,
      logging: false,
      // Connections are objects of this process: there is nothing to save by closing them.
      extra: { stream: this.database.openSocket, idleTimeoutMillis: 0 },
    };
  }
}

import { Global, Logger, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { Config } from '../../config/config.js';
import { ChangeListener } from './change-listener.js';
import { isDatabaseAway } from './database-failure.js';
import { DatabaseHome } from './database-home.js';
import { homeOf } from './home-of.js';
import { bringUp } from './migrate.js';

const logger = new Logger('Database');

/** A server that is itself still starting is waited for: this often, this long in between. */
const ATTEMPTS = 30;
const RETRY_MS = 1_000;

/**
 * The database: TypeORM's `DataSource` with the schema brought up, and the `ChangeListener`. Rooms register their entities
 * with `TypeOrmModule.forFeature`.
 */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [Config],
      useFactory: async (config: Config) => {
        const home = homeOf(config);
        await bringUpPatiently(home);
        return { ...home.dataSourceOptions(), poolErrorHandler, autoLoadEntities: true, toRetry: () => false };
      },
    }),
  ],
  providers: [
    { provide: DatabaseHome, inject: [Config], useFactory: homeOf },
    {
      provide: ChangeListener,
      // After the data source, so that there is a schema to listen to.
      inject: [DatabaseHome, DataSource],
      useFactory: (home: DatabaseHome) => {
        const listener = new ChangeListener(home);
        void listener.open();
        return listener;
      },
    },
  ],
  exports: [DatabaseHome, ChangeListener],
})
export class DatabaseModule {}

/** A server that restarts closes its idle connections. The pool has dropped them already and opens new ones when needed. */
function poolErrorHandler(error: Error): void {
  logger.warn(`An idle database connection was lost: ${error.message}`);
}

async function bringUpPatiently(home: DatabaseHome): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const names = await bringUp(home);
      if (names.length > 0) logger.log(`Migrations applied: ${names.join(', ')}`);
      return;
    } catch (error) {
      if (home.kind === 'embedded' || attempt === ATTEMPTS || !isDatabaseAway(error)) throw error;
      logger.warn(`The database is not available yet: ${(error as Error).message}`);
      await sleep(RETRY_MS);
    }
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource, MigrationExecutor, type QueryRunner } from 'typeorm';
import { MIGRATIONS } from '../../../migrations/index.js';
import type { Config } from '../../config/config.js';
import type { DatabaseHome } from './database-home.js';
import { homeOf } from './home-of.js';

/** Any fixed number, the same in every release. */
const LOCK = 7_018_420_301;
const LOCK_RETRY_MS = 100;
/** How long another replica may migrate before this one gives up. */
const LOCK_WAIT_MS = 600_000;

/**
 * Brings the schema up, or takes the newest migrations back.
 * @param stepsDown how many to take back; 0: bring everything up.
 * @returns the names of what was applied or reverted, in that order.
 */
export async function migrate(config: Config, stepsDown: number): Promise<string[]> {
  const home = homeOf(config);
  try {
    return await (stepsDown === 0 ? bringUp(home) : takeDown(home, stepsDown));
  } finally {
    await home.close();
  }
}

/** Applies every pending migration, each in its own transaction. Of several replicas that start together one does it, the others wait. */
export function bringUp(home: DatabaseHome): Promise<string[]> {
  return withLock(home, async (executor) => {
    const done = await executor.executePendingMigrations();
    return done.map(({ name }) => name);
  });
}

function takeDown(home: DatabaseHome, steps: number): Promise<string[]> {
  return withLock(home, async (executor) => {
    const names: string[] = [];
    while (names.length < steps) {
      const [last] = (await executor.getExecutedMigrations()).toSorted((a, b) => b.timestamp - a.timestamp);
      if (last === undefined) break;
      await executor.undoLastMigration();
      names.push(last.name);
    }
    return names;
  });
}

async function withLock<T>(home: DatabaseHome, work: (executor: MigrationExecutor) => Promise<T>): Promise<T> {
  const dataSource = new DataSource({ ...home.maintenanceOptions(), migrations: MIGRATIONS });
  await dataSource.initialize();
  const runner = dataSource.createQueryRunner();
  try {
    await takeLock(runner);
    const executor = new MigrationExecutor(dataSource, runner);
    executor.transaction = 'each';
    return await work(executor).finally(() => runner.query('SELECT pg_advisory_unlock($1)', [LOCK]));
  } finally {
    await runner.release();
    await dataSource.destroy();
  }
}

/** Asks again and again instead of waiting in the database: a waiting statement would be an old transaction to others. */
async function takeLock(runner: QueryRunner): Promise<void> {
  for (let waitedMs = 0; waitedMs < LOCK_WAIT_MS; waitedMs += LOCK_RETRY_MS) {
    const rows = (await runner.query('SELECT pg_try_advisory_lock($1) AS had', [LOCK])) as { had: boolean }[];
    if (rows[0]?.had === true) return;
    await sleep(LOCK_RETRY_MS);
  }
  throw new Error(`Another process has been migrating the database for ${LOCK_WAIT_MS / 60_000} minutes.`);
}

import { Injectable, Logger, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource, Entity, PrimaryColumn, Repository } from 'typeorm';
import { MIGRATIONS } from '../../../migrations/index.js';
import { ConfigurationModule } from '../../../src/config/configuration.module.js';
import { ChangeListener } from '../../../src/infra/database/change-listener.js';
import { DatabaseHome } from '../../../src/infra/database/database-home.js';
import { DatabaseModule } from '../../../src/infra/database/database.module.js';
import { describeEachDatabase } from '../../support/databases.js';

@Entity('migrations')
class AppliedMigration {
  @PrimaryColumn()
  id!: number;

  @PrimaryColumn()
  name!: string;
}

@Injectable()
class Room {
  constructor(@InjectRepository(AppliedMigration) readonly applied: Repository<AppliedMigration>) {}
}

@Module({ imports: [TypeOrmModule.forFeature([AppliedMigration])], providers: [Room] })
class RoomModule {}

describeEachDatabase((database) => {
  let app: TestingModule;
  const warnings: unknown[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);

  beforeAll(async () => {
    Logger.overrideLogger(false);
    process.on('warning', onWarning);
    app = await Test.createTestingModule({
      imports: [ConfigurationModule.with(database.config), DatabaseModule, RoomModule],
    }).compile();
    await app.init();
  }, 60_000);
  afterAll(async () => {
    await app.close();
    process.off('warning', onWarning);
  }, 60_000);

  it('gives rooms their repositories over a schema that is up to date', async () => {
    const rows = await app.get(Room).applied.find({ order: { id: 'ASC' } });
    expect(rows.map(({ name }) => name)).toEqual(MIGRATIONS.map(({ name }) => name));
  });

  it('gives rooms the listener, which hears what the data source commits', async () => {
    const heard: string[] = [];
    app.get(ChangeListener).listen('og_test', (payload) => heard.push(payload));
    for (let i = 0; i < 100 && heard.length === 0; i += 1) {
      await app.get(DataSource).query(`SELECT pg_notify('og_test', 'hello')`);
      await sleep(20);
    }
    expect(heard[0]).toBe('hello');
  });

  it('works, has not failed and warns of nothing', () => {
    expect(app.get(DatabaseHome).failedBecause()).toBeNull();
    expect(warnings).toEqual([]);
  });

  it('serves on when the connections it had are gone', async () => {
    const source = app.get(DataSource);
    await Promise.all(Array.from({ length: 5 }, () => source.query('SELECT pg_sleep(0.01)')));
    if (database.kind === 'postgres') {
      const killer = await database.connect();
      await killer.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                          WHERE datname = current_database() AND pid <> pg_backend_pid()`);
      await sleep(100);
    }
    expect(await source.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

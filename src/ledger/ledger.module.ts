import { Logger, Module } from '@nestjs/common';
import { join } from 'node:path';
import { Config } from '../config/config.js';
import { CallRecordRepository } from './call-record.repository.js';
import { InstanceDirectory } from './instance-directory.js';
import { Journal } from './journal.js';
import { LedgerWriter } from './ledger-writer.js';
import { LedgerFiguresModule } from './ledger-figures.module.js';
import { LedgerLifecycle } from './ledger.lifecycle.js';
import { StoredPrices } from './price-statement.js';
import { RetentionRepository } from './retention.repository.js';
import { Retention } from './retention.service.js';

const journalRoot = (config: Config): string => join(config.data.dir, 'journal');

/** The journal on disk, the records in the database, and what moves the ones into the other. */
@Module({
  imports: [LedgerFiguresModule],
  providers: [
    CallRecordRepository,
    Retention,
    RetentionRepository,
    StoredPrices,
    {
      provide: InstanceDirectory,
      inject: [Config],
      useFactory: (config: Config) => InstanceDirectory.create(journalRoot(config), Date.now()),
    },
    {
      provide: Journal,
      inject: [Config, InstanceDirectory, StoredPrices],
      useFactory: (config: Config, home: InstanceDirectory, storedPrices: StoredPrices) =>
        new Journal({
          directory: home.path,
          maxBytes: config.data.journalMaxBytes,
          log: new Logger(Journal.name),
          storedPrices,
        }),
    },
    {
      provide: LedgerWriter,
      inject: [Config, InstanceDirectory, Journal, CallRecordRepository],
      useFactory: (config: Config, home: InstanceDirectory, journal: Journal, sink: CallRecordRepository) =>
        new LedgerWriter({ journal, home, root: journalRoot(config), sink, log: new Logger(LedgerWriter.name) }),
    },
    LedgerLifecycle,
  ],
  exports: [Journal, LedgerWriter, CallRecordRepository, LedgerFiguresModule],
})
export class LedgerModule {}

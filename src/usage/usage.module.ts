import { Module } from '@nestjs/common';
import { LedgerFiguresModule } from '../ledger/ledger-figures.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { ReRating } from './re-rating.service.js';
import { UsageReports } from './usage-report.service.js';

/** What happened, in figures; and what it should have cost. */
@Module({
  imports: [LedgerFiguresModule, RegistryModule],
  providers: [ReRating, UsageReports],
  exports: [ReRating, UsageReports],
})
export class UsageModule {}

import { Module } from '@nestjs/common';
import { Adjustments } from './adjustment.repository.js';
import { UsageRollups } from './rollup.repository.js';
import { SpendTotals } from './spend-totals.repository.js';

/** What was spent, and its correction. Needs the database alone: nothing is started. */
@Module({
  providers: [Adjustments, SpendTotals, UsageRollups],
  exports: [Adjustments, SpendTotals, UsageRollups],
})
export class LedgerFiguresModule {}

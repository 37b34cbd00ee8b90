import { Module } from '@nestjs/common';
import { Adjustments } from './adjustment.repository.js';
import { UsageRollups } from './rollup.repository.js';
import { SpendShifts } from './spend-shift.repository.js';
import { SpendTotals } from './spend-totals.repository.js';

/** What was spent, and its correction. Needs the database alone: nothing is started. */
@Module({
  providers: [Adjustments, SpendShifts, SpendTotals, UsageRollups],
  exports: [Adjustments, SpendShifts, SpendTotals, UsageRollups],
})
export class LedgerFiguresModule {}

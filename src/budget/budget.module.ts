import { Module } from '@nestjs/common';
import { CountersModule } from '../counters/counters.module.js';
import { Transactions } from '../infra/database/transactions.js';
import { RegistryModule } from '../registry/registry.module.js';
import { TenancyModule } from '../tenancy/tenancy.module.js';
import { AbandonedSpend } from './abandoned-spend.service.js';
import { BudgetAlerts } from './budget-alerts.service.js';
import { BudgetEventRepository } from './budget-event.repository.js';
import { BudgetWebhooks } from './budget-webhooks.service.js';
import { BudgetGuard } from './budget.guard.js';
import { LostCounters } from './lost-counters.repository.js';
import { SpendCorrection } from './spend-correction.service.js';
import { SpendHydration } from './spend-hydration.service.js';

/** What may be spent, what was spent, and who is told. The ledger comes with the exchange. */
@Module({
  imports: [CountersModule, RegistryModule, TenancyModule],
  providers: [
    Transactions,
    BudgetGuard,
    SpendHydration,
    AbandonedSpend,
    BudgetEventRepository,
    BudgetWebhooks,
    BudgetAlerts,
    SpendCorrection,
    LostCounters,
  ],
  exports: [BudgetGuard, BudgetAlerts],
})
export class BudgetModule {}

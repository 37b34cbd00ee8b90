import { Module } from '@nestjs/common';
import { RegistryModule } from '../registry/registry.module.js';
import { BudgetGuard } from './budget.guard.js';

@Module({ imports: [RegistryModule], providers: [BudgetGuard], exports: [BudgetGuard] })
export class BudgetModule {}

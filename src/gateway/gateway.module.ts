import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { BudgetModule } from '../budget/budget.module.js';
import { CountersModule } from '../counters/counters.module.js';
import { RateLimitModule } from '../rate-limit/rate-limit.module.js';
import { AuthModule } from '../auth/auth.module.js';
import { InputHash } from '../infra/crypto/input-hash.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { RoutingModule } from '../routing/routing.module.js';
import { AdmissionGuard } from './admission.guard.js';
import { DecodeGuard } from './decode.guard.js';
import { Dispatcher } from './dispatcher.service.js';
import { ErrorFilter } from './error.filter.js';
import { GatewayController } from './gateway.controller.js';
import { HoldKeeper } from './hold-keeper.service.js';
import { ProbePlans } from './probe-plans.service.js';
import { ModelResolver } from './model-resolver.service.js';
import { UsageModule } from '../usage/usage.module.js';
import { MeController } from './me.controller.js';
import { ProjectMetricsController } from './metrics.controller.js';
import { TokenCountsController } from './token-counts.controller.js';
import { ModelsController, OllamaModelsController } from './models.controller.js';

/** The front desk: the client API. */
@Module({
  imports: [
    AuthModule,
    BudgetModule,
    CountersModule,
    RateLimitModule,
    RegistryModule,
    RoutingModule,
    ProvidersModule,
    UsageModule,
  ],
  controllers: [
    GatewayController,
    TokenCountsController,
    ModelsController,
    OllamaModelsController,
    ProjectMetricsController,
    MeController,
  ],
  providers: [
    AdmissionGuard,
    DecodeGuard,
    Dispatcher,
    HoldKeeper,
    InputHash,
    ModelResolver,
    ProbePlans,
    { provide: APP_FILTER, useClass: ErrorFilter },
  ],
})
export class GatewayModule {}

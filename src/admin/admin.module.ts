import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Transactions } from '../infra/database/transactions.js';
import { RegistryModule } from '../registry/registry.module.js';
import { TenancyModule } from '../tenancy/tenancy.module.js';
import { AdminsController } from './admins/admins.controller.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditEntry } from './audit/audit-entry.entity.js';
import { AuditLog } from './audit/audit-log.service.js';
import { AuditRepository } from './audit/audit.repository.js';
import { BackendHealthController } from './backends/backend-health.controller.js';
import { BackendsController } from './backends/backends.controller.js';
import { KeysController } from './keys/keys.controller.js';
import { ModelsController } from './models/models.controller.js';
import { OrgsController } from './orgs/orgs.controller.js';
import { PricesController } from './prices/prices.controller.js';
import { ProjectsController } from './projects/projects.controller.js';
import { CredentialsController } from './providers/credentials.controller.js';
import { ProviderTestController } from './providers/provider-test.controller.js';
import { ProvidersController } from './providers/providers.controller.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { CatalogueChanges } from './snapshot/catalogue-changes.service.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { ReRatingController } from './usage/re-rating.controller.js';
import {
  OrgMetricsController,
  ProjectMetricsController,
  UsageSummaryController,
} from './usage/usage-metrics.controller.js';
import { UsageExportController } from './usage/usage-export.controller.js';
import { UsageExports } from './usage/usage-exports.service.js';
import { UsageRecords } from './usage/usage-records.service.js';
import { UsageController } from './usage/usage.controller.js';
import { TranscodeController } from './transcode/transcode.controller.js';
import { ProjectProvidersController } from './self-service/project-providers.controller.js';
import { AuthModule } from '../auth/auth.module.js';
import { SnapshotController } from './snapshot/snapshot.controller.js';

/** The admin API. A new resource adds its controller here and the module of its room to the imports. */
@Module({
  imports: [
    TypeOrmModule.forFeature([AuditEntry]),
    AuthModule,
    TenancyModule,
    RegistryModule,
    ProvidersModule,
    LedgerModule,
    UsageModule,
  ],
  controllers: [
    OrgsController,
    ProjectsController,
    KeysController,
    AdminsController,
    AuditController,
    ModelsController,
    BackendsController,
    BackendHealthController,
    ProvidersController,
    ProviderTestController,
    CredentialsController,
    PricesController,
    SnapshotController,
    TranscodeController,
    UsageController,
    UsageExportController,
    OrgMetricsController,
    ProjectMetricsController,
    UsageSummaryController,
    ReRatingController,
    ProjectProvidersController,
  ],
  providers: [Transactions, AuditRepository, AuditLog, CatalogueChanges, UsageRecords, UsageExports],
})
export class AdminModule {}

import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Transactions } from '../infra/database/transactions.js';
import { TenancyModule } from '../tenancy/tenancy.module.js';
import { AdminsController } from './admins/admins.controller.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditEntry } from './audit/audit-entry.entity.js';
import { AuditLog } from './audit/audit-log.service.js';
import { AuditRepository } from './audit/audit.repository.js';
import { KeysController } from './keys/keys.controller.js';
import { OrgsController } from './orgs/orgs.controller.js';
import { ProjectsController } from './projects/projects.controller.js';

/** The admin API. A new resource adds its controller here and the module of its room to the imports. */
@Module({
  imports: [TypeOrmModule.forFeature([AuditEntry]), TenancyModule],
  controllers: [OrgsController, ProjectsController, KeysController, AdminsController, AuditController],
  providers: [Transactions, AuditRepository, AuditLog],
})
export class AdminModule {}

import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Transactions } from '../infra/database/transactions.js';
import { AdminKeyEntity } from './admin-key.entity.js';
import { AdminKeyRepository } from './admin-key.repository.js';
import { AdminKeys } from './admin-keys.service.js';
import { ApiKeyEntity } from './api-key.entity.js';
import { ApiKeyRepository } from './api-key.repository.js';
import { ApiKeys } from './api-keys.service.js';
import { CallerRepository } from './caller.repository.js';
import { KeyDirectory } from './key-directory.service.js';
import { LastUsedRepository } from './last-used.repository.js';
import { LastUsed } from './last-used.service.js';
import { OrganisationEntity } from './organisation.entity.js';
import { OrganisationRepository } from './organisation.repository.js';
import { Organisations } from './organisations.service.js';
import { ProjectEntity } from './project.entity.js';
import { ProjectRepository } from './project.repository.js';
import { Projects } from './projects.service.js';

/** Organisations, projects, keys and administrators, and who a secret belongs to. */
@Module({
  imports: [TypeOrmModule.forFeature([OrganisationEntity, ProjectEntity, ApiKeyEntity, AdminKeyEntity])],
  providers: [
    Transactions,
    OrganisationRepository,
    Organisations,
    ProjectRepository,
    Projects,
    ApiKeyRepository,
    ApiKeys,
    LastUsedRepository,
    LastUsed,
    CallerRepository,
    KeyDirectory,
    AdminKeyRepository,
    AdminKeys,
  ],
  exports: [Organisations, Projects, ApiKeys, KeyDirectory, LastUsed, AdminKeys],
})
export class TenancyModule {}

import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Transactions } from '../infra/database/transactions.js';
import { AdminKeyEntity } from './admin-key.entity.js';
import { AdminKeyRepository } from './admin-key.repository.js';
import { AdminKeys } from './admin-keys.service.js';
import { ApiKeyEntity } from './api-key.entity.js';
import { OrganisationEntity } from './organisation.entity.js';
import { OrganisationRepository } from './organisation.repository.js';
import { Organisations } from './organisations.service.js';
import { ProjectEntity } from './project.entity.js';

/** Organisations, projects, keys and administrators. */
@Module({
  imports: [TypeOrmModule.forFeature([OrganisationEntity, ProjectEntity, ApiKeyEntity, AdminKeyEntity])],
  providers: [Transactions, AdminKeyRepository, AdminKeys, OrganisationRepository, Organisations],
  exports: [AdminKeys, Organisations],
})
export class TenancyModule {}

import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CryptoModule } from '../infra/crypto/crypto.module.js';
import { Transactions } from '../infra/database/transactions.js';
import { BackendHealthRepository } from './backend-health.repository.js';
import { BackendEntity } from './backend.entity.js';
import { BackendRepository } from './backend.repository.js';
import { Backends } from './backends.service.js';
import { CatalogueRepository } from './catalogue.repository.js';
import { CredentialEntity } from './credential.entity.js';
import { CredentialRepository } from './credential.repository.js';
import { Credentials } from './credentials.service.js';
import { EnvironmentProviders } from './environment-providers.service.js';
import { MasterKeyRotation } from './master-key-rotation.service.js';
import { ModelEntity } from './model.entity.js';
import { ModelRepository } from './model.repository.js';
import { Models } from './models.service.js';
import { PriceEntity } from './price.entity.js';
import { PublishedPrices } from './price-list.service.js';
import { PriceRows } from './price-rows.service.js';
import { PriceRepository } from './price.repository.js';
import { Prices } from './prices.service.js';
import { ProjectProviderEntity } from './project-provider.entity.js';
import { ProjectProviderRepository } from './project-provider.repository.js';
import { ProjectProviders } from './project-providers.service.js';
import { ProviderEntity } from './provider.entity.js';
import { ProviderRepository } from './provider.repository.js';
import { Providers } from './providers.service.js';
import { Registry } from './registry.service.js';

const OPEN = [
  Registry,
  Models,
  Backends,
  Providers,
  Credentials,
  ProjectProviders,
  Prices,
  PriceRows,
  MasterKeyRotation,
  BackendHealthRepository,
];

/** The catalogue: models, backends, providers, credentials and prices. Needs the configuration and the database. */
@Module({
  imports: [
    CryptoModule,
    TypeOrmModule.forFeature([
      ModelEntity,
      BackendEntity,
      ProviderEntity,
      CredentialEntity,
      ProjectProviderEntity,
      PriceEntity,
    ]),
  ],
  providers: [
    ...OPEN,
    Transactions,
    EnvironmentProviders,
    CatalogueRepository,
    ModelRepository,
    BackendRepository,
    ProviderRepository,
    CredentialRepository,
    ProjectProviderRepository,
    PriceRepository,
    PublishedPrices,
  ],
  exports: OPEN,
})
export class RegistryModule {}

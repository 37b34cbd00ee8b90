import { Module, type DynamicModule } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { ConfigurationModule } from '../config/configuration.module.js';
import { DatabaseModule } from '../infra/database/database.module.js';
import { RegistryModule } from '../registry/registry.module.js';

/** As much of the house as re-encrypting credentials needs. */
@Module({})
export class RotationModule {
  static with(config: Config): DynamicModule {
    return { module: RotationModule, imports: [ConfigurationModule.with(config), DatabaseModule, RegistryModule] };
  }
}

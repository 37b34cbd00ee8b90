import { Module, type DynamicModule } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { ConfigurationModule } from '../config/configuration.module.js';
import { DatabaseModule } from '../infra/database/database.module.js';
import { UsageModule } from '../usage/usage.module.js';

/** As much of the house as charging calls anew needs. */
@Module({})
export class ReRatingModule {
  static with(config: Config): DynamicModule {
    return { module: ReRatingModule, imports: [ConfigurationModule.with(config), DatabaseModule, UsageModule] };
  }
}

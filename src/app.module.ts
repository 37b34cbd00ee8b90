import { Module, type DynamicModule } from '@nestjs/common';
import { AdminModule } from './admin/admin.module.js';
import type { Config } from './config/config.js';
import { ConfigurationModule } from './config/configuration.module.js';
import { ExchangeModule } from './exchange/exchange.module.js';
import { GatewayModule } from './gateway/gateway.module.js';
import { HealthModule } from './health/health.module.js';
import { DatabaseModule } from './infra/database/database.module.js';
import { HttpModule } from './infra/http/http.module.js';
import { LoggingModule } from './infra/logging/logging.module.js';
import { TelemetryModule } from './infra/telemetry/telemetry.module.js';

/** The whole house on one page. */
@Module({})
export class AppModule {
  static with(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigurationModule.with(config),
        LoggingModule,
        TelemetryModule,
        DatabaseModule,
        HttpModule,
        ExchangeModule,
        GatewayModule,
        AdminModule,
        HealthModule.with(config),
      ],
    };
  }
}

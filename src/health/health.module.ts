import { Module, type DynamicModule } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import type { Config } from '../config/config.js';
import { CountersModule } from '../counters/counters.module.js';
import { LedgerModule } from '../ledger/ledger.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { HealthController } from './health.controller.js';
import { LedgerWatch } from './ledger-watch.service.js';
import { MetricsController } from './metrics.controller.js';
import { MetricsServer } from './metrics-server.service.js';
import { Readiness } from './readiness.service.js';

/** Probes, version and metrics. Metrics move to a port of their own where one is configured. */
@Module({})
export class HealthModule {
  static with({ server }: Config): DynamicModule {
    const onMainPort = server.metricsPort === null;
    return {
      module: HealthModule,
      imports: [
        CountersModule,
        RegistryModule,
        LedgerModule,
        TerminusModule.forRoot({ logger: false }),
        ...(onMainPort ? [PrometheusModule.register({ path: '/metrics', controller: MetricsController })] : []),
      ],
      controllers: [HealthController],
      providers: [Readiness, LedgerWatch, ...(onMainPort ? [] : [MetricsServer])],
    };
  }
}

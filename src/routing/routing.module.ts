import { Module } from '@nestjs/common';
import { RegistryModule } from '../registry/registry.module.js';
import { BackendHealth } from './backend-health.service.js';
import { BackendProbe } from './backend-probe.service.js';
import { HealthProber } from './health-prober.service.js';
import { Router } from './router.service.js';

@Module({
  imports: [RegistryModule],
  providers: [BackendHealth, BackendProbe, HealthProber, Router],
  exports: [Router, BackendHealth, BackendProbe],
})
export class RoutingModule {}

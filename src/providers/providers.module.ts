import { Module } from '@nestjs/common';
import { HttpModule } from '../infra/http/http.module.js';
import { ProviderAdapters } from './provider-adapters.js';
import { ProviderTest } from './provider-test.service.js';

@Module({
  imports: [HttpModule],
  providers: [ProviderAdapters, ProviderTest],
  exports: [ProviderAdapters, ProviderTest],
})
export class ProvidersModule {}

import { Module } from '@nestjs/common';
import { ProviderAdapters } from './provider-adapters.js';

@Module({ providers: [ProviderAdapters], exports: [ProviderAdapters] })
export class ProvidersModule {}

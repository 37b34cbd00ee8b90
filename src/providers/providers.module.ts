import { Module } from '@nestjs/common';
import { OpenAiCompatibleAdapter } from './openai-compatible/openai-compatible.adapter.js';
import { ProviderAdapters } from './provider-adapters.js';

@Module({ providers: [OpenAiCompatibleAdapter, ProviderAdapters], exports: [ProviderAdapters] })
export class ProvidersModule {}

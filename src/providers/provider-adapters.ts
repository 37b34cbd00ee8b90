import { Injectable } from '@nestjs/common';
import type { BackendEntry } from '../registry/snapshot.js';
import { OpenAiCompatibleAdapter } from './openai-compatible/openai-compatible.adapter.js';
import type { ProviderAdapter } from './provider-adapter.js';

/** Finds the adapter of a backend: its provider's, or the OpenAI-compatible one for bare URLs. */
@Injectable()
export class ProviderAdapters {
  private readonly byKind: ReadonlyMap<string, ProviderAdapter>;

  constructor(private readonly openAiCompatible: OpenAiCompatibleAdapter) {
    this.byKind = new Map([[openAiCompatible.kind, openAiCompatible]]);
  }

  for({ provider }: BackendEntry): ProviderAdapter {
    return (provider && this.byKind.get(provider.kind)) ?? this.openAiCompatible;
  }
}

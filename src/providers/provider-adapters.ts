import { Injectable } from '@nestjs/common';
import type { BackendEntry } from '../registry/snapshot.js';
import { AzureAdapter } from './azure/azure.adapter.js';
import { BedrockAdapter } from './bedrock/bedrock.adapter.js';
import { OPENAI_COMPATIBLE } from './openai-compatible/openai-compatible.profile.js';
import { ProfileAdapter } from './profile.adapter.js';
import { PROFILES } from './profiles.js';
import type { ProviderAdapter } from './provider-adapter.js';
import { VertexAdapter } from './vertex/vertex.adapter.js';

/** Finds the adapter of a backend: its provider's, or the OpenAI-compatible one for bare URLs. */
@Injectable()
export class ProviderAdapters {
  private readonly openAiCompatible = new ProfileAdapter(OPENAI_COMPATIBLE);
  private readonly byKind: ReadonlyMap<string, ProviderAdapter>;

  constructor() {
    const own = [new AzureAdapter(), new VertexAdapter(), new BedrockAdapter(), this.openAiCompatible];
    const byKind = new Map<string, ProviderAdapter>(own.map((adapter) => [adapter.profile.kind, adapter]));
    for (const profile of PROFILES) {
      if (!byKind.has(profile.kind)) byKind.set(profile.kind, new ProfileAdapter(profile));
    }
    this.byKind = byKind;
  }

  for({ provider }: BackendEntry): ProviderAdapter {
    return (provider && this.byKind.get(provider.kind)) ?? this.openAiCompatible;
  }
}

import { Injectable } from '@nestjs/common';
import type { BackendEntry, CredentialEntry, ModelEntry, ProviderEntry } from '../registry/snapshot.js';
import { Registry } from '../registry/registry.service.js';
import { Balancer } from './balancer.js';
import { BackendHealth } from './backend-health.service.js';

/** Decides where a call goes next. Never calls anything itself. */
@Injectable()
export class Router {
  private readonly balancer = new Balancer();
  private readonly nextCredential = new Map<string, number>();

  constructor(
    registry: Registry,
    private readonly health: BackendHealth,
  ) {
    health.onChange((backendId, healthy) => {
      if (!healthy) this.balancer.forget(backendId);
    });
    registry.onSwap((snapshot) => {
      const ids = new Set<string>();
      for (const model of snapshot.models.values()) for (const backend of model.backends) ids.add(backend.id);
      this.balancer.keepOnly(ids);
      for (const id of this.nextCredential.keys())
        if (!hasProvider(snapshot.providers, id)) this.nextCredential.delete(id);
    });
  }

  /**
   * The next backend for a model: weighted round robin over the healthy, untried backends of the lowest priority tier that
   * has any. `null`: none is left.
   */
  next(model: ModelEntry, tried: readonly BackendEntry[], pinnedProvider: string | null): BackendEntry | null {
    const { backends } = model;
    if (backends.length === 1) {
      const only = backends[0] as BackendEntry;
      return this.usable(only, tried, pinnedProvider) ? only : null;
    }
    const tier: BackendEntry[] = [];
    for (const backend of backends) {
      if (tier.length > 0 && backend.priority !== (tier[0] as BackendEntry).priority) break;
      if (this.usable(backend, tried, pinnedProvider)) tier.push(backend);
    }
    return this.balancer.pick(tier);
  }

  /** The provider's credentials in turn; `null` for a backend without a provider or a provider without credentials. */
  credential({ provider }: BackendEntry): CredentialEntry | null {
    if (provider === null || provider.credentials.length === 0) return null;
    const index = this.nextCredential.get(provider.id) ?? 0;
    if (provider.credentials.length > 1)
      this.nextCredential.set(provider.id, (index + 1) % provider.credentials.length);
    return provider.credentials[index % provider.credentials.length] ?? null;
  }

  private usable(backend: BackendEntry, tried: readonly BackendEntry[], pinnedProvider: string | null): boolean {
    if (tried.includes(backend)) return false;
    if (pinnedProvider !== null && backend.provider?.name !== pinnedProvider) return false;
    return this.health.isHealthy(backend.id);
  }
}

function hasProvider(providers: ReadonlyMap<string, ProviderEntry>, id: string): boolean {
  for (const provider of providers.values()) if (provider.id === id) return true;
  return false;
}

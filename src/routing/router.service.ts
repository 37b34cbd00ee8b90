import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import type { BackendEntry, ModelEntry } from '../registry/snapshot.js';
import { Registry } from '../registry/registry.service.js';
import { Balancer } from './balancer.js';
import { BackendHealth } from './backend-health.service.js';
import { CredentialPool } from './credential-pool.js';

/** Decides where a call goes next. Never calls anything itself. */
@Injectable()
export class Router {
  private readonly balancer = new Balancer();
  /** Which of a provider's credentials a call uses. */
  readonly credentials: CredentialPool;

  constructor(
    config: Config,
    registry: Registry,
    private readonly health: BackendHealth,
  ) {
    this.credentials = new CredentialPool(config.routing);
    health.onChange((backendId, healthy) => {
      if (!healthy) this.balancer.forget(backendId);
    });
    registry.onSwap((snapshot) => {
      const ids = new Set<string>();
      for (const model of snapshot.models.values()) for (const backend of model.backends) ids.add(backend.id);
      this.balancer.keepOnly(ids);
      this.credentials.keepOnly(snapshot.providers.values());
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

  private usable(backend: BackendEntry, tried: readonly BackendEntry[], pinnedProvider: string | null): boolean {
    if (tried.includes(backend)) return false;
    if (pinnedProvider !== null && backend.provider?.name !== pinnedProvider) return false;
    return this.health.isHealthy(backend.id);
  }
}

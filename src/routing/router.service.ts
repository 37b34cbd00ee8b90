import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { backendAddress } from '../registry/backend-address.js';
import type {
  BackendEntry,
  CredentialEntry,
  ModelEntry,
  ProjectProviderEntry,
  ProviderEntry,
  RegistrySnapshot,
} from '../registry/snapshot.js';
import { Registry } from '../registry/registry.service.js';
import { Balancer } from './balancer.js';
import { BackendHealth } from './backend-health.service.js';
import { CredentialPool } from './credential-pool.js';

/** Decides where a call goes next. Never calls anything itself. */
@Injectable()
export class Router {
  private readonly balancer = new Balancer();
  /** Backends as projects with accounts of their own reach them, by account and backend. Gone with the snapshot they are of. */
  private readonly owned = new WeakMap<ProjectProviderEntry, Map<string, BackendEntry>>();
  /** Which of a provider's credentials a call uses. */
  readonly credentials: CredentialPool;

  constructor(
    config: Config,
    private readonly registry: Registry,
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
      this.credentials.keepOnly(accountsOf(snapshot));
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

  /** The backend as this project reaches it: with its own account where it has one of the provider's name. */
  forProject(backend: BackendEntry, projectId: string): BackendEntry {
    const { projectProviders } = this.registry.current();
    if (projectProviders.size === 0 || backend.provider === null) return backend;
    const account = projectProviders.get(projectId)?.get(backend.provider.name);
    if (account === undefined || account === backend.provider) return backend;
    let byBackend = this.owned.get(account);
    if (byBackend === undefined) this.owned.set(account, (byBackend = new Map<string, BackendEntry>()));
    let owned = byBackend.get(backend.id);
    if (owned === undefined) byBackend.set(backend.id, (owned = ownedBackend(backend, account)));
    return owned;
  }

  private usable(backend: BackendEntry, tried: readonly BackendEntry[], pinnedProvider: string | null): boolean {
    if (tried.includes(backend)) return false;
    if (pinnedProvider !== null && backend.provider?.name !== pinnedProvider) return false;
    return this.health.isHealthy(backend.id);
  }
}

/** Whether a place of the project's own is well says nothing of the gateway's, and the other way round. */
function ownedBackend(backend: BackendEntry, provider: ProjectProviderEntry): BackendEntry {
  if (!provider.hasOwnAddress) return { ...backend, provider };
  const { id } = provider.credentials[0] as CredentialEntry;
  const address = backendAddress(provider.baseUrl, 'provider');
  return { ...backend, ...address, id, url: provider.baseUrl, provider, urlFrom: 'project' };
}

function* accountsOf({ providers, projectProviders }: RegistrySnapshot): Generator<ProviderEntry> {
  yield* providers.values();
  for (const accounts of projectProviders.values()) yield* accounts.values();
}

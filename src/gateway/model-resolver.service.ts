import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { GatewayError } from '../../libs/protocol/index.js';
import { Config } from '../config/config.js';
import { Registry } from '../registry/registry.service.js';
import type { ModelEntry, ProjectProviderEntry, ProviderEntry, RegistrySnapshot } from '../registry/snapshot.js';
import { profileOf } from '../providers/profiles.js';
import { backendAddress } from '../registry/backend-address.js';

/** Models made from `provider/model` names are kept, so that the same name is the same object for the balancer. */
const MAX_DERIVED_MODELS = 10_000;

const WELL_KNOWN_PREFIXES: readonly (readonly [RegExp, string])[] = [
  [/^(gpt-|o1|o3|o4|chatgpt)/i, 'openai'],
  [/^claude/i, 'anthropic'],
  [/^gemini/i, 'gemini'],
];

export interface ModelQuestion {
  readonly name: string;
  /** Whose own provider accounts come before the gateway's. */
  readonly projectId: string;
  readonly route: string | null;
  /** `omni_provider`. */
  readonly provider: string | null;
  /** `?provider=`. */
  readonly queryProvider: string | null;
}

/** Which model is meant. The order is part of the client contract. */
@Injectable()
export class ModelResolver {
  private readonly derived = new LRUCache<string, ModelEntry>({ max: MAX_DERIVED_MODELS });
  private derivedFrom: RegistrySnapshot | null = null;

  constructor(
    private readonly registry: Registry,
    private readonly config: Config,
  ) {}

  /** @throws GatewayError `route_not_found`, `provider_not_found` or `model_not_found`. */
  resolve(question: ModelQuestion): ModelEntry {
    const snapshot = this.registry.current();
    if (question.route !== null) {
      throw new GatewayError('route_not_found', `There is no route "${question.route}".`, { param: 'omni_route' });
    }
    if (question.provider !== null) {
      return this.onProvider(providersOf(snapshot, question.projectId), question.provider, question.name);
    }
    const registered = snapshot.models.get(question.name);
    if (registered !== undefined) return registered;
    const derived = this.byProvider(providersOf(snapshot, question.projectId), question);
    if (derived !== null) return derived;
    throw new GatewayError('model_not_found', `There is no model "${question.name}".`, { param: 'model' });
  }

  private onProvider(providers: ProvidersInReach, name: string, model: string): ModelEntry {
    const provider = providers.get(name);
    if (provider === undefined) {
      throw new GatewayError('provider_not_found', `There is no provider "${name}".`, { param: 'omni_provider' });
    }
    const registered = providers.snapshot.models.get(model);
    if (registered?.backends.some((backend) => backend.provider?.name === name)) return registered;
    return this.derive(providers.snapshot, provider, withoutPrefix(model, name), model);
  }

  private byProvider(providers: ProvidersInReach, { name, queryProvider }: ModelQuestion): ModelEntry | null {
    if (queryProvider !== null) {
      const provider = providers.get(queryProvider.toLowerCase());
      if (provider !== undefined)
        return this.derive(providers.snapshot, provider, withoutPrefix(name, provider.name), name);
      throw new GatewayError('provider_not_found', `There is no provider "${queryProvider}".`, { param: 'provider' });
    }
    const slash = name.indexOf('/');
    const named = slash > 0 ? providers.get(name.slice(0, slash).toLowerCase()) : undefined;
    if (named !== undefined) return this.derive(providers.snapshot, named, name.slice(slash + 1), name);
    const provider = this.guessed(providers, name);
    if (provider !== undefined) return this.derive(providers.snapshot, provider, name, name);
    // Whoever names a vendor means it: that it is not there says more than that the model is not.
    const vendor = slash > 0 ? name.slice(0, slash).toLowerCase() : '';
    if (profileOf(vendor) === undefined) return null;
    throw new GatewayError('provider_not_found', `There is no provider "${vendor}".`, { param: 'model' });
  }

  /** The provider a bare model name points to: by its well-known prefix, else the configured default. */
  private guessed(providers: ProvidersInReach, model: string): ProviderEntry | undefined {
    const prefix = WELL_KNOWN_PREFIXES.find(([pattern]) => pattern.test(model))?.[1];
    const known = prefix === undefined ? undefined : providers.get(prefix);
    const fallback = this.config.routing.defaultProvider?.toLowerCase();
    return known ?? (fallback === undefined ? undefined : providers.get(fallback));
  }

  /** A model nobody registered, served by a provider's own base URL. */
  private derive(snapshot: RegistrySnapshot, provider: ProviderEntry, upstream: string, name: string): ModelEntry {
    if (upstream === '') throw new GatewayError('model_not_found', `There is no model "${name}".`, { param: 'model' });
    if (this.derivedFrom !== snapshot) {
      this.derived.clear();
      this.derivedFrom = snapshot;
    }
    const key = `${isOfProject(provider) ? provider.projectId : ''} ${provider.id} ${name}`;
    let model = this.derived.get(key);
    if (model === undefined) {
      model = derivedModel(provider, upstream, name);
      this.derived.set(key, model);
    }
    return model;
  }
}

/** Providers by name as one project sees them: its own accounts first. */
interface ProvidersInReach {
  readonly snapshot: RegistrySnapshot;
  get(name: string): ProviderEntry | undefined;
}

function providersOf(snapshot: RegistrySnapshot, projectId: string): ProvidersInReach {
  const { providers, projectProviders } = snapshot;
  const own = projectProviders.size === 0 ? undefined : projectProviders.get(projectId);
  return { snapshot, get: (name) => own?.get(name) ?? providers.get(name) };
}

function isOfProject(provider: ProviderEntry): provider is ProjectProviderEntry {
  return 'projectId' in provider;
}

function withoutPrefix(model: string, provider: string): string {
  return model.toLowerCase().startsWith(`${provider}/`) ? model.slice(provider.length + 1) : model;
}

function derivedModel(provider: ProviderEntry, upstreamModel: string, name: string): ModelEntry {
  const address = backendAddress(provider.baseUrl, 'provider');
  return {
    id: provider.id,
    name,
    upstreamModel,
    defaultParams: {},
    enableThinking: null,
    systemPrefix: null,
    rewriteModelName: true,
    rpmLimit: null,
    tpmLimit: null,
    concurrencyLimit: null,
    maxOutputTokens: null,
    contextWindow: null,
    timeouts: {},
    createdAtSeconds: 0,
    backends: [
      {
        id: provider.id,
        modelId: provider.id,
        url: provider.baseUrl,
        ...address,
        weight: 1,
        priority: 0,
        provider,
        timeouts: {},
        urlFrom: isOfProject(provider) && provider.hasOwnAddress ? 'project' : 'administrator',
      },
    ],
  };
}

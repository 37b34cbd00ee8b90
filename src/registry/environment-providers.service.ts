import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../libs/protocol/index.js';
import { Config } from '../config/config.js';
import type { EnvironmentProvider } from '../config/provider-environment.js';
import type { Provider } from './catalogue.js';
import type { CredentialFacts } from './credentials.service.js';
import { environmentId } from './environment-provider.js';
import { ProviderRepository } from './provider.repository.js';
import { secretTail } from './secret-tail.js';

/** What the environment registers, as the admin API shows it: it can be read there and not changed. */
@Injectable()
export class EnvironmentProviders {
  private readonly startedAt = new Date();

  constructor(
    private readonly config: Config,
    private readonly rows: ProviderRepository,
  ) {}

  /** By name, those excepted whose name a registered provider has. */
  async list(): Promise<Provider[]> {
    const { providers } = this.config;
    const taken = await this.rows.among(
      'name',
      providers.map(({ name }) => name),
    );
    const hidden = new Set(taken.map(({ name }) => name));
    return providers
      .filter(({ name }) => !hidden.has(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((provider) => this.row(provider));
  }

  /** `null`: the environment registers no such provider, or a registered one hides it. */
  async find(id: string): Promise<Provider | null> {
    if (!this.has(id)) return null;
    return (await this.list()).find((provider) => provider.id === id) ?? null;
  }

  has(id: string): boolean {
    return this.config.providers.some(({ name }) => environmentId('provider', name) === id);
  }

  /** @throws GatewayError conflict for what the environment registers */
  refuseChange(id: string): void {
    if (!this.has(id)) return;
    throw new GatewayError('conflict', 'This provider comes from the environment and cannot be changed here.');
  }

  credentialsOf(providerId: string): CredentialFacts[] {
    const provider = this.config.providers.find(({ name }) => environmentId('provider', name) === providerId);
    if (provider === undefined || provider.apiKey === null) return [];
    return [
      {
        id: environmentId('credential', provider.name),
        ...this.stamps(),
        providerId,
        label: provider.apiKeyName ?? 'environment',
        keyId: 'environment',
        secretTail: secretTail(provider.apiKey),
        active: true,
        rpmLimit: null,
        tpmLimit: null,
        decryptable: true,
      },
    ];
  }

  private row({ name, kind, baseUrl, options }: EnvironmentProvider): Provider {
    return { id: environmentId('provider', name), ...this.stamps(), name, kind, baseUrl, options, active: true };
  }

  private stamps(): { createdAt: Date; updatedAt: Date; version: number } {
    return { createdAt: this.startedAt, updatedAt: this.startedAt, version: 1 };
  }
}

import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../libs/protocol/index.js';
import { SecretBox } from '../infra/crypto/secret-box.js';
import type { Page, PageRequest } from '../infra/database/keyset-page.js';
import type { ExpectedVersions } from '../infra/database/row-version.js';
import type { Transaction } from '../infra/database/transactions.js';
import type { Changed, Credential, CredentialPatch } from './catalogue.js';
import { CredentialRepository, type SealedCredential } from './credential.repository.js';
import { noMasterKey } from './master-key-rotation.service.js';
import { ProviderRepository } from './provider.repository.js';
import { EnvironmentProviders } from './environment-providers.service.js';
import { secretTail } from './secret-tail.js';
import { expectRow, newStamps, nextStamps } from './stamps.js';

/** A pool of upstream keys; views of a provider carry all of them. */
const MAX_CREDENTIALS = 100;

export interface CredentialFacts extends Credential {
  /** Whether a master key at hand opens the secret; if not, calls go without this credential. */
  readonly decryptable: boolean;
}

/** The upstream credentials of providers. Secrets go in and come out only into the registry's snapshot. */
@Injectable()
export class Credentials {
  constructor(
    private readonly rows: CredentialRepository,
    private readonly providers: ProviderRepository,
    private readonly box: SecretBox,
    private readonly environment: EnvironmentProviders,
  ) {}

  /** @throws GatewayError not_found when there is no such provider */
  async list(providerId: string, page: PageRequest): Promise<Page<CredentialFacts>> {
    if (await this.environment.find(providerId)) {
      return { items: this.environment.credentialsOf(providerId), nextCursor: null };
    }
    expectRow(await this.providers.find(providerId), null, 'provider');
    const { items, nextCursor } = await this.rows.list(page, { providerId });
    return { items: items.map((row) => this.facts(row)), nextCursor };
  }

  /** The credentials of several providers, at most 100 of each. */
  async ofProviders(providerIds: readonly string[], tx: Transaction | null = null): Promise<CredentialFacts[]> {
    const rows = await this.rows.among('providerId', providerIds, tx);
    return [...rows.map((row) => this.facts(row)), ...providerIds.flatMap((id) => this.environment.credentialsOf(id))];
  }

  /** @throws GatewayError not_found; a credential of another provider does not count */
  async get(providerId: string, id: string): Promise<CredentialFacts> {
    const fromEnvironment = this.environment.credentialsOf(providerId).find((credential) => credential.id === id);
    if (fromEnvironment !== undefined) return fromEnvironment;
    return this.facts(this.own(providerId, await this.rows.find(id), null));
  }

  /** @throws GatewayError not_found (provider), conflict (label taken, no master key), invalid_request (too many) */
  async create(
    tx: Transaction,
    providerId: string,
    draft: CredentialPatch & { secret: string },
  ): Promise<CredentialFacts> {
    this.environment.refuseChange(providerId);
    expectRow(await this.providers.lock(tx, providerId), null, 'provider');
    if ((await this.rows.count(tx, { providerId })) >= MAX_CREDENTIALS) {
      throw new GatewayError('invalid_request', `A provider may have at most ${MAX_CREDENTIALS} credentials.`);
    }
    const { secret, ...settings } = draft;
    const stamps = newStamps(new Date());
    const row: SealedCredential = {
      label: 'default',
      active: true,
      rpmLimit: null,
      tpmLimit: null,
      ...settings,
      ...stamps,
      ...this.seal(secret, stamps.id),
      providerId,
    };
    await this.checkLabel(tx, row);
    await this.rows.insert(tx, row);
    return this.facts(row);
  }

  /** @throws GatewayError not_found, precondition_failed, conflict (label taken, no master key) */
  async change(
    tx: Transaction,
    { providerId, id }: { providerId: string; id: string },
    patch: CredentialPatch,
    expected: ExpectedVersions,
  ): Promise<Changed<CredentialFacts>> {
    this.environment.refuseChange(providerId);
    const before = this.own(providerId, await this.rows.lock(tx, id), expected);
    const { secret, ...settings } = patch;
    const sealed = secret === undefined ? {} : this.seal(secret, id);
    const after: SealedCredential = { ...before, ...settings, ...sealed, ...nextStamps(before, new Date()) };
    await this.checkLabel(tx, after);
    await this.rows.update(tx, id, after);
    return { before: this.facts(before), after: this.facts(after) };
  }

  /** @throws GatewayError not_found, precondition_failed */
  async remove(
    tx: Transaction,
    { providerId, id }: { providerId: string; id: string },
    expected: ExpectedVersions,
  ): Promise<CredentialFacts> {
    this.environment.refuseChange(providerId);
    const before = this.own(providerId, await this.rows.lock(tx, id), expected);
    await this.rows.remove(tx, id);
    return this.facts(before);
  }

  private own(providerId: string, row: SealedCredential | null, expected: ExpectedVersions): SealedCredential {
    return expectRow(row?.providerId === providerId ? row : null, expected, 'credential');
  }

  private async checkLabel(tx: Transaction, row: SealedCredential): Promise<void> {
    if (!(await this.rows.hasTwin(tx, row))) return;
    throw new GatewayError('conflict', 'The provider has a credential with this label already.', { param: 'label' });
  }

  private seal(secret: string, id: string): Pick<SealedCredential, 'ciphertext' | 'keyId' | 'secretTail'> {
    if (this.box.currentKeyId === null) throw noMasterKey();
    return { ...this.box.seal(secret, id), secretTail: secretTail(secret) };
  }

  private facts({ ciphertext, ...row }: SealedCredential): CredentialFacts {
    return { ...row, decryptable: this.box.open({ ciphertext, keyId: row.keyId }, row.id) !== null };
  }
}

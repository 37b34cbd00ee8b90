import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import type { Page, PageRequest } from '../infra/database/keyset-page.js';
import type { ExpectedVersions } from '../infra/database/row-version.js';
import type { Transaction } from '../infra/database/transactions.js';
import { checkUrl } from '../infra/http/address-policy.js';
import { withoutTrailingSlashes } from './backend-address.js';
import type { Changed, Provider, ProviderPatch } from './catalogue.js';
import { ProviderRepository } from './provider.repository.js';
import { expectRow, newStamps, nextStamps } from './stamps.js';

/** The vendor accounts of the catalogue. */
@Injectable()
export class Providers {
  constructor(
    private readonly config: Config,
    private readonly rows: ProviderRepository,
  ) {}

  async list(page: PageRequest): Promise<Page<Provider>> {
    return this.rows.list(page);
  }

  /** @throws GatewayError not_found */
  async get(id: string): Promise<Provider> {
    return expectRow(await this.rows.find(id), null, 'provider');
  }

  /** @throws GatewayError invalid_request (URL), conflict when the name is taken */
  async create(tx: Transaction, draft: ProviderPatch & { name: string; baseUrl: string }): Promise<Provider> {
    const row = this.check({
      kind: 'openai-compatible',
      options: {},
      active: true,
      ...draft,
      ...newStamps(new Date()),
    });
    await this.rows.insert(tx, row);
    return row;
  }

  /** @throws GatewayError not_found, precondition_failed, invalid_request (URL), conflict when the name is taken */
  async change(
    tx: Transaction,
    id: string,
    patch: ProviderPatch,
    expected: ExpectedVersions,
  ): Promise<Changed<Provider>> {
    const before = expectRow(await this.rows.lock(tx, id), expected, 'provider');
    const after = this.check({ ...before, ...patch, ...nextStamps(before, new Date()) });
    await this.rows.update(tx, id, after);
    return { before, after };
  }

  /**
   * Its credentials and the backends that need it go with it.
   * @throws GatewayError not_found, precondition_failed
   */
  async remove(tx: Transaction, id: string, expected: ExpectedVersions): Promise<Provider> {
    const before = expectRow(await this.rows.lock(tx, id), expected, 'provider');
    await this.rows.remove(tx, id);
    return before;
  }

  private check(row: Provider): Provider {
    const baseUrl = withoutTrailingSlashes(row.baseUrl);
    checkUrl(baseUrl, 'administrator', this.config.security.allowedPrivateUrls, 'base_url');
    return { ...row, baseUrl };
  }
}

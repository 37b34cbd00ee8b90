import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import type { Page, PageRequest } from '../infra/database/keyset-page.js';
import type { ExpectedVersions } from '../infra/database/row-version.js';
import type { Transaction } from '../infra/database/transactions.js';
import { checkUrl } from '../infra/http/address-policy.js';
import { withoutTrailingSlashes } from './backend-address.js';
import type { Changed, Provider, ProviderFacts, ProviderPatch } from './catalogue.js';
import { EnvironmentProviders } from './environment-providers.service.js';
import { ProviderRepository } from './provider.repository.js';
import { expectRow, newStamps, nextStamps } from './stamps.js';

/** Begins the cursors of the part of the list that is not in the database; followed by the last name shown. */
const ENVIRONMENT_CURSOR = 'environment.';

/** The vendor accounts of the catalogue. */
@Injectable()
export class Providers {
  constructor(
    private readonly config: Config,
    private readonly rows: ProviderRepository,
    private readonly environment: EnvironmentProviders,
  ) {}

  /** Those of the database in the order asked for, then those of the environment by name. */
  async list(page: PageRequest): Promise<Page<ProviderFacts>> {
    if (page.cursor?.startsWith(ENVIRONMENT_CURSOR)) {
      return this.fromEnvironment(page, page.cursor.slice(ENVIRONMENT_CURSOR.length));
    }
    const rows = await this.rows.list(page);
    const items = rows.items.map((row): ProviderFacts => ({ ...row, source: 'database' }));
    if (rows.nextCursor !== null) return { items, nextCursor: rows.nextCursor };
    const rest = await this.fromEnvironment({ ...page, limit: page.limit - items.length }, '');
    return { items: [...items, ...rest.items], nextCursor: rest.nextCursor };
  }

  /** @param after the last name that was shown */
  private async fromEnvironment({ search, limit }: PageRequest, after: string): Promise<Page<ProviderFacts>> {
    const wanted = search?.toLowerCase() ?? '';
    const left = (await this.environment.list()).filter(
      ({ name, baseUrl }) => name > after && `${name} ${baseUrl.toLowerCase()}`.includes(wanted),
    );
    const items = left.slice(0, limit).map((row): ProviderFacts => ({ ...row, source: 'environment' }));
    const more = items.length < left.length;
    return { items, nextCursor: more ? `${ENVIRONMENT_CURSOR}${items.at(-1)?.name ?? after}` : null };
  }

  /** @throws GatewayError not_found */
  async get(id: string): Promise<ProviderFacts> {
    const fromEnvironment = await this.environment.find(id);
    if (fromEnvironment !== null) return { ...fromEnvironment, source: 'environment' };
    return { ...expectRow(await this.rows.find(id), null, 'provider'), source: 'database' };
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
    this.environment.refuseChange(id);
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
    this.environment.refuseChange(id);
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

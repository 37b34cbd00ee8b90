import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../libs/protocol/index.js';
import { Config } from '../config/config.js';
import { uuidv7 } from '../infra/crypto/uuid-v7.js';
import type { Page, PageRequest } from '../infra/database/keyset-page.js';
import { expectVersion, type ExpectedVersions } from '../infra/database/row-version.js';
import type { Transaction } from '../infra/database/transactions.js';
import { checkWebhookUrl } from '../infra/http/address-policy.js';
import type { Changed } from './change.js';
import { OrganisationRepository } from './organisation.repository.js';
import { DEFAULT_ORG_ID, NO_LIMITS, type Organisation, type OrganisationPatch } from './tenants.js';

/**
 * Organisations: who the money and the keys belong to. `only` is the one organisation the administrator may see (`null`:
 * all); the others do not exist for them.
 */
@Injectable()
export class Organisations {
  constructor(
    private readonly rows: OrganisationRepository,
    private readonly config: Config,
  ) {}

  async list(page: PageRequest, only: string | null): Promise<Page<Organisation>> {
    return this.rows.list(page, only);
  }

  /** @throws GatewayError `not_found` */
  async get(id: string, only: string | null): Promise<Organisation> {
    return found(only === null || only === id ? await this.rows.find(id) : null);
  }

  /** @throws GatewayError `conflict` when the name is taken, `invalid_request` for a forbidden webhook URL */
  async create(tx: Transaction, draft: OrganisationPatch & { name: string }): Promise<Organisation> {
    this.check(draft);
    const now = new Date();
    const row: Organisation = {
      ...NO_LIMITS,
      timeZone: 'UTC',
      budgetWebhookUrl: null,
      ...draft,
      id: uuidv7(now.getTime()),
      createdAt: now,
      updatedAt: now,
      version: 1,
    };
    await this.rows.insert(tx, row);
    return row;
  }

  /** @throws GatewayError `not_found`, `precondition_failed`, `conflict` when the name is taken, `invalid_request` for a forbidden webhook URL */
  async change(
    tx: Transaction,
    id: string,
    patch: OrganisationPatch,
    expected: ExpectedVersions,
  ): Promise<Changed<Organisation>> {
    this.check(patch);
    const before = found(await this.rows.lock(tx, id));
    expectVersion(before, expected);
    const stamped = { ...patch, version: before.version + 1, updatedAt: new Date() };
    await this.rows.update(tx, id, stamped);
    return { before, after: { ...before, ...stamped } };
  }

  /** @throws GatewayError `not_found`, `precondition_failed`, `conflict` when something belongs to it or it is the default */
  async remove(tx: Transaction, id: string, expected: ExpectedVersions): Promise<Organisation> {
    const before = found(await this.rows.lock(tx, id));
    expectVersion(before, expected);
    if (id === DEFAULT_ORG_ID) throw new GatewayError('conflict', 'The default organisation cannot be deleted.');
    if (await this.rows.inUse(tx, id)) {
      throw new GatewayError('conflict', 'Projects or administrators belong to the organisation: delete them first.');
    }
    await this.rows.remove(tx, id);
    return before;
  }

  private check({ budgetWebhookUrl }: OrganisationPatch): void {
    const url = budgetWebhookUrl ?? null;
    if (url !== null) checkWebhookUrl(url, this.config.security.allowedPrivateUrls, 'budget_webhook_url');
  }
}

function found(row: Organisation | null): Organisation {
  if (row === null) throw new GatewayError('not_found', 'There is no such organisation.');
  return row;
}

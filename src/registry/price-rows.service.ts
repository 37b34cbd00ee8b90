import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../libs/protocol/index.js';
import type { Page, PageRequest } from '../infra/database/keyset-page.js';
import type { ExpectedVersions } from '../infra/database/row-version.js';
import type { Transaction } from '../infra/database/transactions.js';
import type { Changed } from './catalogue.js';
import type { Price, PriceDraft, PricePatch } from './price.js';
import { PriceRepository } from './price.repository.js';
import { ProviderRepository } from './provider.repository.js';
import { expectRow, newStamps, nextStamps } from './stamps.js';

const NOTHING_NAMED = {
  providerId: null,
  cachedInput: null,
  cacheWrite5m: null,
  cacheWrite1h: null,
  audioInput: null,
  cachedAudioInput: null,
  imageInput: null,
  cachedImageInput: null,
  reasoning: null,
  audioOutput: null,
  imageOutput: null,
  perRequest: null,
  perWebSearch: null,
  perAudioHour: null,
  tiers: [],
  effectiveFrom: null,
  effectiveTo: null,
} as const;

/** The administrator's own prices. They win over the published ones. */
@Injectable()
export class PriceRows {
  constructor(
    private readonly rows: PriceRepository,
    private readonly providers: ProviderRepository,
  ) {}

  async list(page: PageRequest): Promise<Page<Price>> {
    return this.rows.list(page);
  }

  /** @throws GatewayError not_found */
  async get(id: string): Promise<Price> {
    return expectRow(await this.rows.find(id), null, 'price');
  }

  /** @throws GatewayError invalid_request (provider, dates), conflict when another price holds at the same time */
  async create(tx: Transaction, draft: PriceDraft): Promise<Price> {
    const row: Price = { ...NOTHING_NAMED, ...draft, ...newStamps(new Date()) };
    await this.check(tx, row);
    await this.rows.insert(tx, row);
    await this.expectAlone(tx, row);
    return row;
  }

  /** @throws GatewayError not_found, precondition_failed, invalid_request, conflict */
  async change(tx: Transaction, id: string, patch: PricePatch, expected: ExpectedVersions): Promise<Changed<Price>> {
    const before = expectRow(await this.rows.lock(tx, id), expected, 'price');
    const after = { ...before, ...patch, ...nextStamps(before, new Date()) };
    await this.check(tx, after);
    await this.rows.update(tx, id, after);
    await this.expectAlone(tx, after);
    return { before, after };
  }

  /** @throws GatewayError not_found, precondition_failed */
  async remove(tx: Transaction, id: string, expected: ExpectedVersions): Promise<Price> {
    const before = expectRow(await this.rows.lock(tx, id), expected, 'price');
    await this.rows.remove(tx, id);
    return before;
  }

  private async check(tx: Transaction, { providerId, effectiveFrom, effectiveTo }: Price): Promise<void> {
    if (providerId !== null && (await this.providers.lock(tx, providerId)) === null) {
      throw new GatewayError('invalid_request', 'provider_id names no provider.', { param: 'provider_id' });
    }
    if (effectiveFrom !== null && effectiveTo !== null && effectiveFrom >= effectiveTo) {
      throw new GatewayError('invalid_request', 'effective_to must be later than effective_from.', {
        param: 'effective_to',
      });
    }
  }

  private async expectAlone(tx: Transaction, row: Price): Promise<void> {
    const other = await this.rows.overlapping(tx, row);
    if (other === null) return;
    const from = other.effectiveFrom?.toISOString() ?? 'the beginning';
    const to = other.effectiveTo?.toISOString() ?? 'further notice';
    throw new GatewayError(
      'conflict',
      `The price ${other.id} of this provider and model holds from ${from} until ${to}: end it first.`,
      { param: 'effective_from' },
    );
  }
}

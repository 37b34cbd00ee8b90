import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../libs/protocol/index.js';
import { Config } from '../config/config.js';
import type { Page, PageRequest } from '../infra/database/keyset-page.js';
import type { ExpectedVersions } from '../infra/database/row-version.js';
import type { Transaction } from '../infra/database/transactions.js';
import { checkUrl } from '../infra/http/address-policy.js';
import { withoutTrailingSlashes } from './backend-address.js';
import { BackendHealthRepository, type BackendHealthRow } from './backend-health.repository.js';
import { BackendRepository } from './backend.repository.js';
import type { Backend, BackendPatch, Changed } from './catalogue.js';
import { ModelRepository } from './model.repository.js';
import { ProviderRepository } from './provider.repository.js';
import { expectRow, mergedTimeouts, newStamps, nextStamps } from './stamps.js';

/** Views of a model carry all of its backends. */
const MAX_BACKENDS = 100;

/** The backends of models: where they run. */
@Injectable()
export class Backends {
  constructor(
    private readonly config: Config,
    private readonly rows: BackendRepository,
    private readonly models: ModelRepository,
    private readonly providers: ProviderRepository,
    private readonly verdicts: BackendHealthRepository,
  ) {}

  /** @throws GatewayError not_found when there is no such model */
  async list(modelId: string, page: PageRequest): Promise<Page<Backend>> {
    expectRow(await this.models.find(modelId), null, 'model');
    return this.rows.list(page, { modelId });
  }

  /** The backends of several models, at most 100 of each. */
  async ofModels(modelIds: readonly string[], tx: Transaction | null = null): Promise<Backend[]> {
    return this.rows.among('modelId', modelIds, tx);
  }

  /** @throws GatewayError not_found; a backend of another model does not count */
  async get(modelId: string, id: string): Promise<Backend> {
    return this.own(modelId, await this.rows.find(id), null);
  }

  /** What probes last said of each backend, by its id. */
  async health(ids: readonly string[]): Promise<Map<string, BackendHealthRow>> {
    const rows = await this.verdicts.of(ids);
    return new Map(rows.map((row) => [row.backendId, row]));
  }

  /** @throws GatewayError not_found when there is no such backend, of any model */
  async healthOf(id: string): Promise<BackendHealthRow> {
    const row = (await this.health([id])).get(id);
    if (row === undefined) throw new GatewayError('not_found', 'There is no such backend.');
    return row;
  }

  /**
   * @param path where the draft stands in the body, for messages, e.g. `backends[1].`
   * @throws GatewayError not_found (model), invalid_request (URL, provider, too many), conflict (same URL and provider)
   */
  async create(tx: Transaction, modelId: string, draft: BackendPatch, path = ''): Promise<Backend> {
    // The lock makes the count below right.
    expectRow(await this.models.lock(tx, modelId), null, 'model');
    if ((await this.rows.count(tx, { modelId })) >= MAX_BACKENDS) {
      throw new GatewayError('invalid_request', `A model may have at most ${MAX_BACKENDS} backends.`);
    }
    const row: Backend = {
      providerId: null,
      url: null,
      weight: 1,
      priority: 0,
      active: true,
      ...draft,
      timeouts: mergedTimeouts({}, draft.timeouts),
      modelId,
      ...newStamps(new Date()),
    };
    const checked = await this.check(tx, row, path);
    await this.rows.insert(tx, checked);
    return checked;
  }

  /** @throws GatewayError not_found, precondition_failed, invalid_request, conflict */
  async change(
    tx: Transaction,
    { modelId, id }: { modelId: string; id: string },
    patch: BackendPatch,
    expected: ExpectedVersions,
  ): Promise<Changed<Backend>> {
    const before = this.own(modelId, await this.rows.lock(tx, id), expected);
    const timeouts = mergedTimeouts(before.timeouts, patch.timeouts);
    const after = await this.check(tx, { ...before, ...patch, timeouts, ...nextStamps(before, new Date()) }, '');
    await this.rows.update(tx, id, after);
    return { before, after };
  }

  /** @throws GatewayError not_found, precondition_failed */
  async remove(
    tx: Transaction,
    { modelId, id }: { modelId: string; id: string },
    expected: ExpectedVersions,
  ): Promise<Backend> {
    const before = this.own(modelId, await this.rows.lock(tx, id), expected);
    await this.rows.remove(tx, id);
    return before;
  }

  private own(modelId: string, row: Backend | null, expected: ExpectedVersions): Backend {
    return expectRow(row?.modelId === modelId ? row : null, expected, 'backend');
  }

  private async check(tx: Transaction, row: Backend, path: string): Promise<Backend> {
    const refuse = (field: string, why: string): never => {
      throw new GatewayError('invalid_request', `${path}${field} ${why}`, { param: `${path}${field}` });
    };
    if (row.url === null && row.providerId === null) refuse('url', 'is needed where no provider_id is given.');
    if (row.providerId !== null && (await this.providers.lock(tx, row.providerId)) === null) {
      refuse('provider_id', 'names no provider.');
    }
    const url = row.url === null ? null : withoutTrailingSlashes(row.url);
    if (url !== null) checkUrl(url, 'administrator', this.config.security.allowedPrivateUrls, `${path}url`);
    const checked = { ...row, url };
    if (await this.rows.hasTwin(tx, checked)) {
      throw new GatewayError('conflict', 'The model has a backend with this url and provider already.', {
        param: `${path}url`,
      });
    }
    return checked;
  }
}

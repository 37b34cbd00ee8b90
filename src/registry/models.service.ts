import { Injectable } from '@nestjs/common';
import type { Page, PageRequest } from '../infra/database/keyset-page.js';
import type { ExpectedVersions } from '../infra/database/row-version.js';
import type { Transaction } from '../infra/database/transactions.js';
import type { Changed, Model, ModelPatch } from './catalogue.js';
import { ModelRepository } from './model.repository.js';
import { expectRow, mergedTimeouts, newStamps, nextStamps } from './stamps.js';

/** The models of the catalogue: what callers may name. Changes are in force once the registry has followed. */
@Injectable()
export class Models {
  constructor(private readonly rows: ModelRepository) {}

  async list(page: PageRequest): Promise<Page<Model>> {
    return this.rows.list(page);
  }

  /** @throws GatewayError not_found */
  async get(id: string): Promise<Model> {
    return expectRow(await this.rows.find(id), null, 'model');
  }

  /**
   * Without `modelId` the upstream is asked for the model by the name callers use.
   * @throws GatewayError conflict when the name is taken
   */
  async create(tx: Transaction, draft: ModelPatch & { name: string }): Promise<Model> {
    const row: Model = {
      modelId: draft.name,
      active: true,
      defaultParams: {},
      enableThinking: null,
      systemPromptPrefix: null,
      rewriteModelName: true,
      rpmLimit: null,
      tpmLimit: null,
      concurrencyLimit: null,
      maxOutputTokens: null,
      contextWindow: null,
      ...draft,
      timeouts: mergedTimeouts({}, draft.timeouts),
      ...newStamps(new Date()),
    };
    await this.rows.insert(tx, row);
    return row;
  }

  /** @throws GatewayError not_found, precondition_failed, conflict when the name is taken */
  async change(tx: Transaction, id: string, patch: ModelPatch, expected: ExpectedVersions): Promise<Changed<Model>> {
    const before = expectRow(await this.rows.lock(tx, id), expected, 'model');
    const timeouts = mergedTimeouts(before.timeouts, patch.timeouts);
    const values = { ...patch, timeouts, ...nextStamps(before, new Date()) };
    await this.rows.update(tx, id, values);
    return { before, after: { ...before, ...values } };
  }

  /**
   * Its backends go with it.
   * @throws GatewayError not_found, precondition_failed
   */
  async remove(tx: Transaction, id: string, expected: ExpectedVersions): Promise<Model> {
    const before = expectRow(await this.rows.lock(tx, id), expected, 'model');
    await this.rows.remove(tx, id);
    return before;
  }
}

import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../libs/protocol/index.js';
import { Config } from '../config/config.js';
import { SecretBox } from '../infra/crypto/secret-box.js';
import type { Transaction } from '../infra/database/transactions.js';
import { checkUrl } from '../infra/http/address-policy.js';
import { withoutTrailingSlashes } from './backend-address.js';
import type { ProjectProvider } from './catalogue.js';
import { noMasterKey } from './master-key-rotation.service.js';
import { ProjectProviderRepository, type SealedProjectProvider } from './project-provider.repository.js';
import { secretTail } from './secret-tail.js';
import { expectRow, newStamps, nextStamps } from './stamps.js';

/** Accounts of one project. */
const MAX_OF_A_PROJECT = 100;

export interface ProjectProviderFacts extends ProjectProvider {
  /** Whether a master key at hand opens the secret; if not, calls that need it fail. */
  readonly decryptable: boolean;
}

/** What a project says of its account. `kind` and `baseUrl` are both set or both `null`. */
export type ProjectProviderDraft = Pick<ProjectProvider, 'projectId' | 'name' | 'kind' | 'baseUrl' | 'options'> & {
  readonly secret: string;
};

/** The vendor accounts of projects. Secrets go in and come out only into the registry's snapshot. */
@Injectable()
export class ProjectProviders {
  constructor(
    private readonly config: Config,
    private readonly rows: ProjectProviderRepository,
    private readonly box: SecretBox,
  ) {}

  /** By name; at most 100. */
  async list(projectId: string): Promise<ProjectProviderFacts[]> {
    const rows = await this.rows.among('projectId', [projectId]);
    return rows.sort((a, b) => (a.name < b.name ? -1 : 1)).map((row) => this.facts(row));
  }

  /** @throws GatewayError not_found */
  async get(projectId: string, name: string): Promise<ProjectProviderFacts> {
    const found = (await this.list(projectId)).find((row) => row.name === name);
    return expectRow(found ?? null, null, 'provider of the project');
  }

  /**
   * Takes the place of what the project had under that name.
   * @throws GatewayError invalid_request (URL, too many), conflict (no master key, two at once)
   */
  async put(
    tx: Transaction,
    { secret, ...draft }: ProjectProviderDraft,
  ): Promise<{ before: ProjectProviderFacts | null; after: ProjectProviderFacts }> {
    const settings = this.check(draft);
    const before = await this.rows.lockNamed(tx, draft.projectId, draft.name);
    const now = new Date();
    const stamps = before === null ? newStamps(now) : { ...before, ...nextStamps(before, now) };
    if (this.box.currentKeyId === null) throw noMasterKey();
    const row: SealedProjectProvider = {
      ...stamps,
      ...settings,
      ...this.box.seal(secret, stamps.id),
      secretTail: secretTail(secret),
    };
    if (before === null) await this.insert(tx, row);
    else await this.rows.update(tx, row.id, row);
    return { before: before === null ? null : this.facts(before), after: this.facts(row) };
  }

  /** @throws GatewayError not_found */
  async remove(tx: Transaction, projectId: string, name: string): Promise<ProjectProviderFacts> {
    const before = expectRow(await this.rows.lockNamed(tx, projectId, name), null, 'provider of the project');
    await this.rows.remove(tx, before.id);
    return this.facts(before);
  }

  private async insert(tx: Transaction, row: SealedProjectProvider): Promise<void> {
    if ((await this.rows.count(tx, { projectId: row.projectId })) >= MAX_OF_A_PROJECT) {
      throw new GatewayError('invalid_request', `A project may have at most ${MAX_OF_A_PROJECT} providers of its own.`);
    }
    await this.rows.insert(tx, row);
  }

  /** A project may name public hosts only: what it gives is called from inside the company's network. */
  private check(draft: Omit<ProjectProviderDraft, 'secret'>): Omit<ProjectProviderDraft, 'secret'> {
    if (draft.baseUrl === null) return draft;
    const baseUrl = withoutTrailingSlashes(draft.baseUrl);
    checkUrl(baseUrl, 'project', this.config.security.allowedPrivateUrls, 'base_url');
    return { ...draft, baseUrl };
  }

  private facts({ ciphertext, ...row }: SealedProjectProvider): ProjectProviderFacts {
    return { ...row, decryptable: this.box.open({ ciphertext, keyId: row.keyId }, row.id) !== null };
  }
}

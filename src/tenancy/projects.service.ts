import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../libs/protocol/index.js';
import { uuidv7 } from '../infra/crypto/uuid-v7.js';
import type { Page, PageRequest } from '../infra/database/keyset-page.js';
import { expectVersion } from '../infra/database/row-version.js';
import type { Transaction } from '../infra/database/transactions.js';
import type { Changed, Reach } from './change.js';
import { OrganisationRepository } from './organisation.repository.js';
import { ProjectRepository } from './project.repository.js';
import { DEFAULT_ORG_ID, DEFAULT_PROJECT_ID, NO_LIMITS, type Project, type ProjectPatch } from './tenants.js';

/** Projects: what keys belong to. `only` is the one organisation the administrator may see; `null`: all. */
@Injectable()
export class Projects {
  constructor(
    private readonly rows: ProjectRepository,
    private readonly orgs: OrganisationRepository,
  ) {}

  /** @param orgId projects of this organisation only; `null`: all */
  async list(page: PageRequest, orgId: string | null): Promise<Page<Project>> {
    return this.rows.list(page, orgId);
  }

  /** @throws GatewayError `not_found` */
  async get(id: string, only: string | null): Promise<Project> {
    return visible(await this.rows.find(id), only);
  }

  /**
   * @param orgId `null`: the administrator's own, else the default organisation
   * @throws GatewayError `not_found` for the organisation, `conflict` when it has a project of this name
   */
  async create(
    tx: Transaction,
    draft: ProjectPatch & { name: string },
    orgId: string | null,
    only: string | null,
  ): Promise<Project> {
    const owner = orgId ?? only ?? DEFAULT_ORG_ID;
    if ((only !== null && only !== owner) || !(await this.orgs.existsIn(tx, owner))) {
      throw new GatewayError('not_found', 'There is no such organisation.', { param: 'org_id' });
    }
    const now = new Date();
    const row: Project = {
      ...NO_LIMITS,
      ...draft,
      id: uuidv7(now.getTime()),
      orgId: owner,
      createdAt: now,
      updatedAt: now,
      version: 1,
    };
    await this.rows.insert(tx, row);
    return row;
  }

  /** @throws GatewayError `not_found`, `precondition_failed`, `conflict` when the name is taken */
  async change(tx: Transaction, id: string, patch: ProjectPatch, reach: Reach): Promise<Changed<Project>> {
    const before = visible(await this.rows.lock(tx, id), reach.only);
    expectVersion(before, reach.expected);
    const stamped = { ...patch, version: before.version + 1, updatedAt: new Date() };
    await this.rows.update(tx, id, stamped);
    return { before, after: { ...before, ...stamped } };
  }

  /** @throws GatewayError `not_found`, `precondition_failed`, `conflict` when it has keys or is the default */
  async remove(tx: Transaction, id: string, reach: Reach): Promise<Project> {
    const before = visible(await this.rows.lock(tx, id), reach.only);
    expectVersion(before, reach.expected);
    if (id === DEFAULT_PROJECT_ID) throw new GatewayError('conflict', 'The default project cannot be deleted.');
    if (await this.rows.inUse(tx, id)) {
      throw new GatewayError('conflict', 'Keys belong to the project: delete them first.');
    }
    await this.rows.remove(tx, id);
    return before;
  }
}

function visible(row: Project | null, only: string | null): Project {
  if (row === null || (only !== null && row.orgId !== only))
    throw new GatewayError('not_found', 'There is no such project.');
  return row;
}

import { Injectable } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import { GatewayError } from '../../libs/protocol/index.js';
import { Config } from '../config/config.js';
import { uuidv7 } from '../infra/crypto/uuid-v7.js';
import type { Page, PageRequest } from '../infra/database/keyset-page.js';
import { expectVersion } from '../infra/database/row-version.js';
import type { Transaction } from '../infra/database/transactions.js';
import { AdminKeyRepository } from './admin-key.repository.js';
import type { Administrator, AdminKey, AdminKeyPatch, AdminRole } from './administrator.js';
import type { Changed, Reach } from './change.js';
import { OrganisationRepository } from './organisation.repository.js';
import { newSecret, secretHash } from './secret.js';

const START = 'oga-';
/** What we give out; a secret of any other form is refused without asking the database. */
const FORM = /^oga-[A-Za-z0-9_-]{43}$/;
const BOOTSTRAP: Administrator = { id: null, name: 'bootstrap', role: 'owner', orgId: null };

/** The keys of administrators: the bootstrap key of the configuration (or of the first embedded start) and those made with it. */
@Injectable()
export class AdminKeys {
  private readonly configuredHash: string | null;
  /** Hash of the key made at the first embedded start; null until it was read. */
  private generatedHash: string | null = null;

  constructor(
    private readonly config: Config,
    private readonly rows: AdminKeyRepository,
    private readonly orgs: OrganisationRepository,
  ) {
    const configured = config.security.adminKey;
    this.configuredHash = configured === null ? null : secretHash(configured);
  }

  /**
   * To be called once after the migrations. On the embedded store without a configured key it makes one at the very first
   * start and returns it, to be shown once; on every other start `generatedKey` is null.
   */
  async bootstrap(): Promise<{ generatedKey: string | null }> {
    if (!this.usesGeneratedKey()) return { generatedKey: null };
    const made = newSecret(START);
    const stored = await this.rows.storeBootstrapHash(made.hash);
    return { generatedKey: stored ? made.secret : null };
  }

  /** Who presents this secret; null when nobody. @throws GatewayError `service_unavailable` when the database is needed and away */
  async verify(secret: string): Promise<Administrator | null> {
    const presented = secretHash(secret);
    if (this.configuredHash !== null && sameHash(presented, this.configuredHash)) return BOOTSTRAP;
    if (!FORM.test(secret)) return null;
    if (this.usesGeneratedKey() && (await this.isGenerated(presented))) return BOOTSTRAP;
    const row = await this.rows.findByHash(presented);
    if (row === null || !isInForce(row, Date.now())) return null;
    return { id: row.id, name: row.name, role: row.role, orgId: row.orgId };
  }

  private async isGenerated(presented: string): Promise<boolean> {
    this.generatedHash ??= await this.rows.bootstrapHash();
    return this.generatedHash !== null && sameHash(presented, this.generatedHash);
  }

  /** `only` is the one organisation whose administrators may be seen; `null`: all. */
  async list(page: PageRequest, only: string | null): Promise<Page<AdminKey>> {
    return this.rows.list(page, only);
  }

  /** @throws GatewayError `not_found` */
  async get(id: string, only: string | null): Promise<AdminKey> {
    return visible(await this.rows.find(id), only);
  }

  /**
   * @param orgId the one organisation the new administrator sees; `null`: all
   * @param only the one organisation whose administrators may be made; `null`: all
   * @throws GatewayError `not_found` for the organisation, `conflict` when the name is taken
   */
  async create(
    tx: Transaction,
    draft: AdminKeyPatch & { name: string; role: AdminRole },
    orgId: string | null,
    only: string | null,
  ): Promise<{ row: AdminKey; secret: string }> {
    if ((only !== null && orgId !== only) || (orgId !== null && !(await this.orgs.existsIn(tx, orgId)))) {
      throw new GatewayError('not_found', 'There is no such organisation.', { param: 'org_id' });
    }
    const now = new Date();
    const made = newSecret(START);
    const row: AdminKey = {
      expiresAt: null,
      active: true,
      ...draft,
      id: uuidv7(now.getTime()),
      orgId,
      keyPrefix: made.prefix,
      createdAt: now,
      updatedAt: now,
      version: 1,
    };
    await this.rows.insert(tx, row, made.hash);
    return { row, secret: made.secret };
  }

  /** @throws GatewayError `not_found`, `precondition_failed`, `conflict` when the name is taken */
  async change(tx: Transaction, id: string, patch: AdminKeyPatch, reach: Reach): Promise<Changed<AdminKey>> {
    const before = visible(await this.rows.lock(tx, id), reach.only);
    expectVersion(before, reach.expected);
    const stamped = { ...patch, version: before.version + 1, updatedAt: new Date() };
    await this.rows.update(tx, id, stamped);
    return { before, after: { ...before, ...stamped } };
  }

  /** @throws GatewayError `not_found`, `precondition_failed` */
  async remove(tx: Transaction, id: string, reach: Reach): Promise<AdminKey> {
    const before = visible(await this.rows.lock(tx, id), reach.only);
    expectVersion(before, reach.expected);
    await this.rows.remove(tx, id);
    return before;
  }

  private usesGeneratedKey(): boolean {
    return this.configuredHash === null && this.config.database.url === null;
  }
}

function visible(row: AdminKey | null, only: string | null): AdminKey {
  if (row === null || (only !== null && row.orgId !== only)) {
    throw new GatewayError('not_found', 'There is no such administrator.');
  }
  return row;
}

function isInForce(row: AdminKey, nowMs: number): boolean {
  return row.active && (row.expiresAt === null || row.expiresAt.getTime() > nowMs);
}

function sameHash(left: string, right: string): boolean {
  return timingSafeEqual(Buffer.from(left), Buffer.from(right));
}

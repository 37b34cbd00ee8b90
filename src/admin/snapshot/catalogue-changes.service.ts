import { Injectable } from '@nestjs/common';
import type { Transaction } from '../../infra/database/transactions.js';
import { Registry } from '../../registry/registry.service.js';
import type { Actor } from '../actor.decorator.js';
import { AuditLog, type Viewed } from '../audit/audit-log.service.js';

interface CatalogueChange {
  readonly before: Viewed | null;
  readonly after: Viewed | null;
}

/** Changes of the catalogue: audited, belonging to no organisation, and in force on this replica at once. */
@Injectable()
export class CatalogueChanges {
  constructor(
    private readonly audit: AuditLog,
    private readonly registry: Registry,
  ) {}

  /** @param change may run more than once; see `AuditLog.record` */
  async record<C extends CatalogueChange>(
    actor: Actor,
    action: string,
    change: (tx: Transaction) => Promise<C>,
  ): Promise<C> {
    const done = await this.audit.record(actor, action, async (tx) => ({ ...(await change(tx)), orgId: null }));
    await this.registry.catchUp();
    return done;
  }
}

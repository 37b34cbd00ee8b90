import { Injectable } from '@nestjs/common';
import { Transactions, type Transaction } from '../../infra/database/transactions.js';
import type { Actor } from '../actor.decorator.js';
import { AuditRepository } from './audit.repository.js';

/** What a change did, as the audit log keeps it. `before` and `after` are views: nothing secret is in them. */
export interface Change {
  /** The resource's view before; `null`: it was created. */
  readonly before: Viewed | null;
  /** The resource's view after; `null`: it was removed. */
  readonly after: Viewed | null;
  /** The organisation it belongs to; `null`: to none, as models and providers do. */
  readonly orgId: string | null;
}

/** Any view of a resource. */
export interface Viewed {
  readonly id: string;
}

/** Makes every change of the admin API leave its entry in the audit log, or not happen. */
@Injectable()
export class AuditLog {
  constructor(
    private readonly transactions: Transactions,
    private readonly entries: AuditRepository,
  ) {}

  /**
   * Runs `change` and writes its entry in the same transaction. `change` may run more than once (see Transactions.run).
   * @param action `<resource>.<verb>`, e.g. `key.rotate`
   * @returns what `change` returned, with whatever it carries besides
   */
  async record<C extends Change>(actor: Actor, action: string, change: (tx: Transaction) => Promise<C>): Promise<C> {
    return this.transactions.run(async (tx) => {
      const done = await change(tx);
      await this.entries.append(tx, {
        atMs: Date.now(),
        actor: actor.administrator.name,
        actorId: actor.administrator.id,
        role: actor.administrator.role,
        ip: actor.ip,
        requestId: actor.requestId.slice(0, 200),
        action,
        resource: action.split('.')[0] ?? action,
        resourceId: (done.after ?? done.before)?.id ?? null,
        orgId: done.orgId,
        before: done.before,
        after: done.after,
      });
      return done;
    });
  }
}

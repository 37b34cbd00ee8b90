import { Injectable } from '@nestjs/common';
import type { Page, PageRequest } from '../../infra/database/keyset-page.js';
import { Transactions, type Transaction } from '../../infra/database/transactions.js';
import type { AdminRole } from '../../tenancy/administrator.js';
import { CHAIN_START, chainHash } from './audit-chain.js';
import type { AuditEntry } from './audit-entry.entity.js';
import { AuditRepository, type AuditFilter } from './audit.repository.js';

/** What a change did, as the audit log keeps it. `before` and `after` are views: nothing secret is in them. */
export interface Change {
  /** The resource's view before; `null`: it was created. */
  readonly before: Viewed | null;
  /** The resource's view after; `null`: it was removed. */
  readonly after: Viewed | null;
  /** The organisation it belongs to; `null`: to none, as models and providers do. */
  readonly orgId: string | null;
}

/** Who made a change: an administrator, or a key of a project on the project's own behalf. */
export interface Author {
  readonly administrator: { readonly id: string | null; readonly name: string; readonly role: AdminRole | 'key' };
  readonly ip: string;
  readonly requestId: string;
}

/** Any view of a resource. */
export interface Viewed {
  readonly id: string;
}

/** What a walk along the chain found. */
export interface ChainVerdict {
  /** Entries that fit. */
  readonly entries: number;
  /** The first seq that is missing or does not fit; null: all fit. */
  readonly brokenAt: number | null;
}

const BATCH = 1000;

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
  async record<C extends Change>(actor: Author, action: string, change: (tx: Transaction) => Promise<C>): Promise<C> {
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

  async list(page: PageRequest, filter: AuditFilter): Promise<Page<AuditEntry>> {
    return this.entries.list(page, filter);
  }

  /** Walks the whole chain up to where it ended when the walk began, a thousand entries at a time. */
  async verify(): Promise<ChainVerdict> {
    const head = await this.entries.head();
    let seq = 0;
    let hash = CHAIN_START;
    while (seq < head.seq) {
      const batch = await this.entries.after(seq, Math.min(BATCH, head.seq - seq));
      if (batch.length === 0) return { entries: seq, brokenAt: seq + 1 };
      for (const entry of batch) {
        const fits = entry.seq === seq + 1 && entry.prevHash === hash && chainHash(entry) === entry.hash;
        if (!fits) return { entries: seq, brokenAt: seq + 1 };
        ({ seq, hash } = entry);
      }
    }
    return { entries: seq, brokenAt: hash === head.hash ? null : seq };
  }
}

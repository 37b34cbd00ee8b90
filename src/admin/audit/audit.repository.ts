import { Injectable } from '@nestjs/common';
import { fetchPage, type Page, type PageRequest, type PageShape } from '../../infra/database/keyset-page.js';
import { Transactions, type Transaction } from '../../infra/database/transactions.js';
import { uuidv7 } from '../../infra/crypto/uuid-v7.js';
import { CHAIN_START, chainHash } from './audit-chain.js';
import { AuditEntry } from './audit-entry.entity.js';

/** What is known of an entry before it has its place in the chain. */
export interface NewAuditEntry {
  readonly atMs: number;
  readonly actor: string;
  readonly actorId: string | null;
  readonly role: string;
  readonly ip: string;
  readonly requestId: string;
  readonly action: string;
  readonly resource: string;
  readonly resourceId: string | null;
  readonly orgId: string | null;
  readonly before: object | null;
  readonly after: object | null;
}

export interface AuditFilter {
  /** Entries of this organisation only; `null`: all. */
  readonly orgId: string | null;
  readonly resource: string | null;
  readonly resourceId: string | null;
  readonly action: string | null;
}

interface ChainHead {
  seq: string;
  hash: string;
}

const SHAPE: PageShape<AuditEntry> = {
  sortable: {
    seq: { property: 'seq', type: 'bigint', read: (row) => String(row.seq) },
    created_at: { property: 'at', type: 'timestamptz', read: (row) => row.at.toISOString() },
    at: { property: 'at', type: 'timestamptz', read: (row) => row.at.toISOString() },
  },
  searchable: ['actor', 'action'],
};

/** The table `audit_log`, and its head: the one row that says where the chain ends, so that cutting its end off shows. */
@Injectable()
export class AuditRepository {
  constructor(private readonly transactions: Transactions) {}

  /** Adds an entry at the end of the chain. The head stays locked until the transaction ends, so call this last. */
  async append(tx: Transaction, entry: NewAuditEntry): Promise<void> {
    const heads: ChainHead[] = await tx.query('SELECT seq, hash FROM audit_heads WHERE name = $1 FOR UPDATE', [
      'audit',
    ]);
    const head = heads[0] ?? { seq: '0', hash: CHAIN_START };
    const { atMs, before, after, ...known } = entry;
    const chained = {
      ...known,
      id: uuidv7(atMs),
      seq: Number(head.seq) + 1,
      at: new Date(atMs),
      before: before === null ? null : JSON.stringify(before),
      after: after === null ? null : JSON.stringify(after),
      prevHash: head.hash,
    };
    const hash = chainHash(chained);
    await tx.insert(AuditEntry, { ...chained, hash });
    await tx.query('UPDATE audit_heads SET seq = $1, hash = $2 WHERE name = $3', [chained.seq, hash, 'audit']);
  }

  async list(page: PageRequest, filter: AuditFilter): Promise<Page<AuditEntry>> {
    return this.transactions.read((connection) => {
      const query = connection.createQueryBuilder(AuditEntry, 'entry');
      for (const field of ['orgId', 'resource', 'resourceId', 'action'] as const) {
        if (filter[field] !== null) query.andWhere(`entry.${field} = :${field}`, { [field]: filter[field] });
      }
      return fetchPage(query, { ...page, sort: page.sort ?? '-seq' }, SHAPE);
    });
  }

  /** Entries after `seq`, in order. */
  async after(seq: number, limit: number): Promise<AuditEntry[]> {
    return this.transactions.read((connection) =>
      connection
        .createQueryBuilder(AuditEntry, 'entry')
        .where('entry.seq > :seq', { seq })
        .orderBy('entry.seq', 'ASC')
        .limit(limit)
        .getMany(),
    );
  }

  /** Where the chain says it ends. */
  async head(): Promise<{ seq: number; hash: string }> {
    return this.transactions.read(async (connection) => {
      const heads: ChainHead[] = await connection.query('SELECT seq, hash FROM audit_heads WHERE name = $1', ['audit']);
      const head = heads[0];
      return head === undefined ? { seq: 0, hash: CHAIN_START } : { seq: Number(head.seq), hash: head.hash };
    });
  }
}

import { Injectable } from '@nestjs/common';
import { Not } from 'typeorm';
import { Transactions, type Transaction } from '../infra/database/transactions.js';
import type { Credential } from './catalogue.js';
import { CredentialEntity } from './credential.entity.js';
import { BY_STAMPS, StampedRepository } from './stamped.repository.js';

/** With its sealed secret; it never leaves this room. */
export interface SealedCredential extends Credential {
  readonly ciphertext: string;
}

@Injectable()
export class CredentialRepository extends StampedRepository<SealedCredential, CredentialEntity> {
  constructor(transactions: Transactions) {
    super(transactions, CredentialEntity, {
      sortable: { label: { property: 'label', type: 'text', read: (row) => row.label }, ...BY_STAMPS },
      searchable: ['label'],
    });
  }

  /** Whether the provider has another credential with the same label. */
  async hasTwin(tx: Transaction, { id, providerId, label }: SealedCredential): Promise<boolean> {
    return (await this.count(tx, { id: Not(id), providerId, label })) > 0;
  }

  /** Every credential, locked until the transaction ends, so that none is written under an old key meanwhile. */
  async lockAll(tx: Transaction): Promise<SealedCredential[]> {
    return tx.find(CredentialEntity, { order: { id: 'ASC' }, lock: { mode: 'pessimistic_write' } });
  }
}

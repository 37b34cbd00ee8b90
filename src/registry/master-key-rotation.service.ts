import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../libs/protocol/index.js';
import { SecretBox } from '../infra/crypto/secret-box.js';
import { Transactions } from '../infra/database/transactions.js';
import { CredentialRepository } from './credential.repository.js';
import { nextStamps } from './stamps.js';

export interface Rotation {
  readonly total: number;
  /** Now sealed under the current key. */
  readonly rotated: number;
  /** Were so before. */
  readonly current: number;
  /** Left as they were: no key at hand opens them. */
  readonly undecryptable: number;
}

/** Brings stored credentials under a new master key. */
@Injectable()
export class MasterKeyRotation {
  constructor(
    private readonly rows: CredentialRepository,
    private readonly transactions: Transactions,
    private readonly box: SecretBox,
  ) {}

  /**
   * Seals every secret under the current master key, all or none. Afterwards previous master keys may be forgotten, unless some
   * were undecryptable.
   * @throws GatewayError conflict when no master key is set
   */
  async rotate(): Promise<Rotation> {
    const currentKeyId = this.box.currentKeyId;
    if (currentKeyId === null) throw noMasterKey();
    return this.transactions.run(async (tx) => {
      const rows = await this.rows.lockAll(tx);
      const outdated = rows.filter((row) => row.keyId !== currentKeyId);
      let rotated = 0;
      for (const row of outdated) {
        const secret = this.box.open(row, row.id);
        if (secret === null) continue;
        await this.rows.update(tx, row.id, { ...this.box.seal(secret, row.id), ...nextStamps(row, new Date()) });
        rotated += 1;
      }
      const current = rows.length - outdated.length;
      return { total: rows.length, rotated, current, undecryptable: outdated.length - rotated };
    });
  }
}

/** Why nothing can be sealed. */
export function noMasterKey(): GatewayError {
  const message = 'No master key is set: start OmniGate with OMNI_MASTER_KEY to store credentials.';
  return new GatewayError('conflict', message, { code: 'master_key_missing' });
}

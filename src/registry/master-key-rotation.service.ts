import { Injectable } from '@nestjs/common';
import { GatewayError } from '../../libs/protocol/index.js';
import { SecretBox, type SealedSecret } from '../infra/crypto/secret-box.js';
import { Transactions } from '../infra/database/transactions.js';
import type { Stamped } from './catalogue.js';
import { CredentialRepository } from './credential.repository.js';
import { ProjectProviderRepository } from './project-provider.repository.js';
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

/** Brings stored credentials, projects' own among them, under a new master key. */
@Injectable()
export class MasterKeyRotation {
  constructor(
    private readonly credentials: CredentialRepository,
    private readonly projectProviders: ProjectProviderRepository,
    private readonly transactions: Transactions,
    private readonly box: SecretBox,
  ) {}

  /**
   * Seals every secret under the current master key, all or none. Afterwards previous master keys may be forgotten, unless some
   * were undecryptable.
   * @throws GatewayError conflict when no master key is set
   */
  async rotate(): Promise<Rotation> {
    if (this.box.currentKeyId === null) throw noMasterKey();
    return this.transactions.run(async (tx) => {
      const parts = [
        await this.reseal(await this.credentials.lockAll(tx), (id, values) => this.credentials.update(tx, id, values)),
        await this.reseal(await this.projectProviders.lockAll(tx), (id, values) =>
          this.projectProviders.update(tx, id, values),
        ),
      ];
      return parts.reduce(sum);
    });
  }

  private async reseal(
    rows: readonly Sealed[],
    update: (id: string, values: Partial<Sealed>) => Promise<void>,
  ): Promise<Rotation> {
    const outdated = rows.filter((row) => row.keyId !== this.box.currentKeyId);
    let rotated = 0;
    for (const row of outdated) {
      const secret = this.box.open(row, row.id);
      if (secret === null) continue;
      await update(row.id, { ...this.box.seal(secret, row.id), ...nextStamps(row, new Date()) });
      rotated += 1;
    }
    const current = rows.length - outdated.length;
    return { total: rows.length, rotated, current, undecryptable: outdated.length - rotated };
  }
}

/** A row with a secret in it. */
type Sealed = Stamped & SealedSecret;

function sum(a: Rotation, b: Rotation): Rotation {
  return {
    total: a.total + b.total,
    rotated: a.rotated + b.rotated,
    current: a.current + b.current,
    undecryptable: a.undecryptable + b.undecryptable,
  };
}

/** Why nothing can be sealed. */
export function noMasterKey(): GatewayError {
  const message = 'No master key is set: start OmniGate with OMNI_MASTER_KEY to store credentials.';
  return new GatewayError('conflict', message, { code: 'master_key_missing' });
}

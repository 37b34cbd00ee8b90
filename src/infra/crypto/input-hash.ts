import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';

/**
 * A keyed fingerprint of a prompt: equal prompts can be found in logs and records, none can be guessed from its hash. Without
 * a master key the hashing key lives as long as the process.
 */
@Injectable()
export class InputHash {
  private readonly key: Buffer;

  constructor({ security }: Config) {
    this.key =
      security.masterKey === null
        ? randomBytes(32)
        : Buffer.from(hkdfSync('sha256', security.masterKey, '', 'omnigate input hash', 32));
  }

  /** HMAC-SHA-256 as hex. */
  of(bytes: Buffer): string {
    return createHmac('sha256', this.key).update(bytes).digest('hex');
  }
}

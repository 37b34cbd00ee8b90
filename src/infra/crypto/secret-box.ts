import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { MasterKey } from './master-key.js';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORMAT = 'v1.';

/** A secret as it is stored. */
export interface SealedSecret {
  /** `v1.` and the base64url of nonce, authentication tag and ciphertext. */
  readonly ciphertext: string;
  /** Which master key sealed it. */
  readonly keyId: string;
}

/**
 * Seals secrets with AES-256-GCM under the current master key and opens what the current or a previous one sealed.
 * Every secret is bound to an owner (the id of its row): moved to another row, it does not open.
 */
export class SecretBox {
  private readonly keys: ReadonlyMap<string, MasterKey>;

  /** @param current `null`: no master key is set; nothing can be sealed */
  constructor(
    private readonly current: MasterKey | null,
    previous: readonly MasterKey[] = [],
  ) {
    this.keys = new Map([...previous, ...(current === null ? [] : [current])].map((key) => [key.id, key]));
  }

  /** The key that seals; `null` when none is set. */
  get currentKeyId(): string | null {
    return this.current?.id ?? null;
  }

  /** @throws Error when no master key is set */
  seal(secret: string, ownerId: string): SealedSecret {
    if (this.current === null) throw new Error('no master key is set');
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.current.bytes, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(ownerId));
    const body = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    const ciphertext = FORMAT + Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
    return { ciphertext, keyId: this.current.id };
  }

  /** The secret, or `null` when its key is not known or the stored bytes are not what was sealed for this owner. */
  open({ ciphertext, keyId }: SealedSecret, ownerId: string): string | null {
    const key = this.keys.get(keyId);
    if (key === undefined || !ciphertext.startsWith(FORMAT)) return null;
    const bytes = Buffer.from(ciphertext.slice(FORMAT.length), 'base64url');
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', key.bytes, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(ownerId));
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    try {
      return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch {
      return null;
    }
  }
}

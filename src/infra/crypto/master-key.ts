import { createHash, scryptSync } from 'node:crypto';

const KEY_BYTES = 32;
const MIN_PASSPHRASE_CHARACTERS = 16;
/**
 * One salt for every installation: replicas and the command line derive the same key from the passphrase alone, with no
 * database at hand. What a salt of one's own would add, the length asked of a passphrase must give.
 */
const SALT = 'omnigate/master-key/v1';
/** About 0.1 s and 32 MiB, once at start. */
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

/** A key that encrypts stored secrets, with the name under which rows remember it. */
export interface MasterKey {
  /** First 8 hex digits of the SHA-256 of the key. */
  readonly id: string;
  readonly bytes: Buffer;
}

/**
 * Reads a master key: 64 hex digits, the base64 (or base64url) of exactly 32 bytes, or a passphrase of 16 characters or more,
 * which goes through scrypt.
 * @throws Error saying what was expected; never the value
 */
export function masterKeyFrom(text: string): MasterKey {
  if (/^[0-9a-f]{64}$/i.test(text)) return named(Buffer.from(text, 'hex'));
  if (/^[\w+/-]{43}=?$/.test(text)) {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length === KEY_BYTES) return named(bytes);
  }
  if (text.length < MIN_PASSPHRASE_CHARACTERS) {
    throw new Error(
      `must be 64 hex digits, the base64 of ${KEY_BYTES} bytes, or a passphrase of at least ${MIN_PASSPHRASE_CHARACTERS} characters`,
    );
  }
  return named(scryptSync(text.normalize('NFC'), SALT, KEY_BYTES, SCRYPT));
}

function named(bytes: Buffer): MasterKey {
  return { id: createHash('sha256').update(bytes).digest('hex').slice(0, 8), bytes };
}

import { hash, randomBytes } from 'node:crypto';

const PREFIX_CHARS = 8;

/** A new secret: shown once, stored as its hash. */
export interface NewSecret {
  readonly secret: string;
  readonly hash: string;
  /** The part that may be shown. */
  readonly prefix: string;
}

/** SHA-256 as hex. Enough for a secret of 256 random bits: there is nothing to guess from. */
export function secretHash(secret: string): string {
  return hash('sha256', secret);
}

/** 256 random bits in base64url behind `start`, e.g. `og-`. */
export function newSecret(start: string): NewSecret {
  const secret = start + randomBytes(32).toString('base64url');
  return { secret, hash: secretHash(secret), prefix: secret.slice(0, start.length + PREFIX_CHARS) };
}

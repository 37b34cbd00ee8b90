import { isIP, isIPv4 } from 'node:net';
import type { SettingForm } from './setting.js';

/** What whoever gives up a passphrase for a key must at least give; see `masterKeyFrom`. */
const MIN_MASTER_KEY_CHARACTERS = 16;
/** What Fastify's `trustProxy` knows by name. */
const NAMED_NETWORKS: ReadonlySet<string> = new Set(['loopback', 'linklocal', 'uniquelocal']);

export const POSTGRES_URL: SettingForm = {
  accepts: (text) => /^postgres(ql)?:\/\/./i.test(text),
  expected: 'must be a PostgreSQL URL, as in postgres://user:password@host:5432/database',
};

export const REDIS_URL: SettingForm = {
  accepts: (text) => /^rediss?(\+(sentinel|cluster))?:\/\/./i.test(text.trim()),
  expected: 'must be a Redis URL (redis://, rediss://, redis+sentinel://, redis+cluster://)',
};

export const MASTER_KEY: SettingForm = {
  accepts: (text) => text.length >= MIN_MASTER_KEY_CHARACTERS,
  expected: `must be 64 hex digits, the base64 of 32 bytes, or a passphrase of at least ${MIN_MASTER_KEY_CHARACTERS} characters`,
};

export const MASTER_KEYS: SettingForm = {
  accepts: (text) => text.split(',').every((key) => key.trim() === '' || MASTER_KEY.accepts(key.trim())),
  expected: 'must be keys as OMNI_MASTER_KEY is one, comma separated',
};

export const NETWORK: SettingForm = {
  accepts: (text) => NAMED_NETWORKS.has(text) || isBlock(text),
  expected: 'must be addresses or CIDR blocks, as in 10.0.0.0/8,127.0.0.1',
};

function isBlock(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (prefix === undefined || (version === 4 && isIPv4(prefix))) return true;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128);
}

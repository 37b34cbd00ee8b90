import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../../config/config.js';
import { ConfigError } from '../../config/load-config.js';
import { masterKeyFrom, type MasterKey } from './master-key.js';
import { SecretBox } from './secret-box.js';

const KEY_FILE = 'master.key';

/**
 * The installation's secret box. With no `OMNI_MASTER_KEY`, the embedded store keeps a key of its own in `master.key` (mode 0600)
 * in the data directory, made at first use; a PostgreSQL installation has a box that opens and seals nothing. Once a master key
 * is set, the file's key may still open what it sealed.
 * @throws ConfigError naming every key that cannot be used
 */
export function openSecretBox({ security, database, data }: Config): SecretBox {
  const faults: string[] = [];
  const read = (name: string, text: string): MasterKey[] => {
    try {
      return [masterKeyFrom(text)];
    } catch (error) {
      faults.push(`${name} ${(error as Error).message}`);
      return [];
    }
  };
  const previous = (security.previousMasterKeys ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .flatMap((text) => read('OMNI_PREVIOUS_MASTER_KEYS: each', text));
  const path = join(data.dir, KEY_FILE);
  if (database.url === null && security.masterKey === null) makeKeyFile(path);
  const own = database.url === null && existsSync(path) ? read(path, readFileSync(path, 'utf8').trim()) : [];
  const current = security.masterKey === null ? own : read('OMNI_MASTER_KEY', security.masterKey);
  if (faults.length > 0) throw new ConfigError(faults);
  return new SecretBox(current[0] ?? null, [...previous, ...own]);
}

/** Writes a new key where there is none: whole and on the disk, or not at all, whatever happens in between. */
function makeKeyFile(path: string): void {
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.draft`;
  rmSync(draft, { force: true });
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, `${randomBytes(32).toString('hex')}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    // Unlike a rename, a link never replaces a key that another process made meanwhile.
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

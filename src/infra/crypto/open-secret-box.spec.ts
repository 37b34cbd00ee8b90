import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig } from '../../config/load-config.js';
import { openSecretBox } from './open-secret-box.js';

describe('openSecretBox', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'og-box-'))));
  afterEach(() => rmSync(dir, { recursive: true }));
  const open = (env: Record<string, string> = {}) =>
    openSecretBox(loadConfig({ OMNI_DATA_DIR: join(dir, 'data'), ...env }));
  const hex = () => randomBytes(32).toString('hex');

  it('makes a key of its own on the embedded store, for its owner alone, and finds it again', () => {
    const sealed = open().seal('secret', 'row');
    const path = join(dir, 'data', 'master.key');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(dir, 'data'))).toEqual(['master.key']);
    expect(open().open(sealed, 'row')).toBe('secret');
  });

  it('makes no key on PostgreSQL', () => {
    expect(open({ DATABASE_URL: 'postgres://localhost/og' }).currentKeyId).toBeNull();
    expect(existsSync(join(dir, 'data'))).toBe(false);
  });

  it('prefers the configured key and still opens what the key file sealed', () => {
    const sealed = open().seal('secret', 'row');
    const box = open({ OMNI_MASTER_KEY: hex() });
    expect(box.currentKeyId).not.toBe(sealed.keyId);
    expect(box.open(sealed, 'row')).toBe('secret');
  });

  it('opens what previous master keys sealed', () => {
    const [old, older, current] = [hex(), hex(), hex()];
    const sealed = open({ OMNI_MASTER_KEY: older }).seal('secret', 'row');
    const box = open({ OMNI_MASTER_KEY: current, OMNI_PREVIOUS_MASTER_KEYS: `${old}, ${older}` });
    expect(box.open(sealed, 'row')).toBe('secret');
  });

  it('reports every unusable key at once and repeats none', () => {
    let thrown: unknown;
    try {
      open({ OMNI_MASTER_KEY: 'hunter2', OMNI_PREVIOUS_MASTER_KEYS: 'hunter3' });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ConfigError);
    expect((thrown as ConfigError).faults).toHaveLength(2);
    expect((thrown as ConfigError).message).not.toContain('hunter');
  });

  it('refuses to start on a damaged key file instead of replacing it', () => {
    open();
    writeFileSync(join(dir, 'data', 'master.key'), '');
    expect(() => open()).toThrow(ConfigError);
  });
});

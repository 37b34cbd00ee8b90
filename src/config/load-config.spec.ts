import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { effectiveSettings } from './effective-settings.js';
import { ConfigError, loadConfig } from './load-config.js';

describe('loadConfig', () => {
  let dir: string;
  beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'omni-config-'))));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const file = (text: string): string => {
    const path = join(dir, 'omni.yaml');
    writeFileSync(path, text);
    return path;
  };
  const faultsOf = (env: Record<string, string>): readonly string[] => {
    try {
      loadConfig(env);
    } catch (error) {
      if (error instanceof ConfigError) return error.faults;
      throw error;
    }
    return [];
  };

  it('starts from the defaults', () => {
    const config = loadConfig({});
    expect(config.server.port).toBe(8080);
    expect(config.database.url).toBeNull();
    expect(config.server.trustProxy).toEqual([]);
    expect(Object.isFrozen(config.server)).toBe(true);
  });

  it('lets the environment win over the file, and the file over the defaults', () => {
    const path = file('server:\n  port: 9000\n  host: "${BIND}"\nlogging:\n  calls: false\n');
    const config = loadConfig({ OMNI_CONFIG: path, PORT: '9100', BIND: '127.0.0.1' });
    expect(config.server.port).toBe(9100);
    expect(config.server.host).toBe('127.0.0.1');
    expect(config.logging.calls).toBe(false);
  });

  it('reports every fault together, with line numbers and without values', () => {
    const path = file('server:\n  prot: 1\nnonsense: {}\nlogging:\n  level: "${MISSING}"\n');
    const faults = faultsOf({ OMNI_CONFIG: path, PORT: 'secret-value', METRICS_PORT: '70000' });
    expect(faults).toEqual([
      `${path}: line 2: unknown setting "server.prot"`,
      `${path}: line 3: unknown section "nonsense"`,
      `${path}: line 5: the environment variable MISSING is not set`,
      'PORT must be a whole number from 0 to 65535',
      'METRICS_PORT must be a whole number from 0 to 65535',
      expect.stringContaining('line 5, logging.level must be one of'),
    ]);
    expect(faults.join()).not.toContain('secret-value');
  });

  it('tells what can never work before anything is opened', () => {
    const faults = faultsOf({
      DATABASE_URL: 'mysql://me:hush@db/omnigate',
      REDIS_URL: 'localhost:6379',
      OMNI_MASTER_KEY: 'hush',
      OMNI_TRUST_PROXY: '10.0.0.0/8,proxy.example',
      PORT: '9090',
      METRICS_PORT: '9090',
    });
    expect(faults.map((fault) => fault.split(' ')[0])).toEqual([
      'OMNI_TRUST_PROXY',
      'DATABASE_URL',
      'REDIS_URL',
      'OMNI_MASTER_KEY',
      'METRICS_PORT',
    ]);
    expect(faults.join()).not.toContain('hush');
  });

  it.each([
    ['DATABASE_URL', 'postgresql://db/omnigate'],
    ['DATABASE_URL', 'postgres:///omnigate?host=/run/postgresql'],
    ['REDIS_URL', 'rediss://:pass@redis:6380/1'],
    ['REDIS_URL', 'redis+sentinel://a:26379,b:26379/main'],
    ['OMNI_TRUST_PROXY', '10.0.0.0/8, 192.0.2.1,fd00::/8,10.1.0.0/255.255.0.0,loopback'],
  ])('takes %s=%s', (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual([]);
  });

  it.each(['10.0.0.0/33', 'fd00::/129', '10.0.0', '10.0.0.0/8/8', 'all'])('refuses the proxy %s', (value) => {
    expect(faultsOf({ OMNI_TRUST_PROXY: value })).toHaveLength(1);
  });

  it('notices variables that begin as its own and are none', () => {
    const vendor = {
      kind: 'v',
      title: 'V',
      apiKey: ['OMNI_V_KEY'],
      baseUrl: [],
      options: [],
      ownBaseUrl: () => 'https://v',
    };
    const env = { OMNI_PROT: '1', OMNI_PORT: '1', OMNI_V_KEY: 'k', PROT: '1' };
    expect(loadConfig(env, [vendor]).notices).toEqual(['OMNI_PROT is set, but there is no such setting']);
  });

  it('masks secrets in the effective configuration', () => {
    const rows = effectiveSettings(loadConfig({ ADMIN_API_KEY: 'very-secret', PORT: '1234' }));
    expect(rows.find((row) => row.path === 'security.adminKey')?.value).toBe('********');
    expect(rows.find((row) => row.path === 'server.port')?.value).toBe('1234');
    expect(JSON.stringify(rows)).not.toContain('very-secret');
  });
});

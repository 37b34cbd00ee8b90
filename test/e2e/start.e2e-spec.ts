import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { omnigate } from '../support/command.js';
import { describeEachHome } from '../support/gateway-home.js';
import { eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { ScriptedUpstream } from '../support/scripted-upstream.js';

const OLD_MASTER_KEY = '11'.repeat(32);
const NEW_MASTER_KEY = '22'.repeat(32);

describe('start', () => {
  let dir: string;
  beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'omni-start-'))));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it.each(['serve', 'config-check'])(
    '%s reports every fault of the configuration together, with exit code 2',
    async (command) => {
      const file = join(dir, 'faulty.yaml');
      writeFileSync(file, 'server:\n  prot: 1\nlogging:\n  level: loud\n');
      const env = { OMNI_CONFIG: file, PORT: 'eighty', OMNI_DRAIN_TIMEOUT_MS: '-1', ADMIN_API_KEY: 'hush-hush' };
      const { code, stdout, stderr } = await omnigate([command], { ...env, OMNI_DATA_DIR: dir });
      expect(code).toBe(2);
      expect(stdout).toBe('');
      for (const fault of ['PORT', 'OMNI_DRAIN_TIMEOUT_MS', 'line 2', 'server.prot', 'logging.level'])
        expect(stderr).toContain(fault);
      expect(stderr).not.toMatch(/eighty|hush-hush|\n\s+at /);
    },
  );

  it('config-check prints what is in force, secrets masked', async () => {
    const secrets = {
      ADMIN_API_KEY: 'secret-admin',
      OMNI_MASTER_KEY: 'secret-master-key-of-some-length-123',
      OMNI_AUTH_TOKENS: 'secret-token',
      DATABASE_URL: 'postgres://me:secret-word@db.example/omnigate',
      REDIS_URL: 'redis://:secret-word@redis.example',
    };
    const { code, stdout, stderr } = await omnigate(['config-check'], { ...secrets, PORT: '1234', OMNI_DATA_DIR: dir });
    expect(code).toBe(0);
    expect(stdout).toContain('server.port: 1234\n');
    expect(stdout).toContain('security.adminKey: ********\n');
    expect(stdout + stderr).not.toContain('secret-');
  });

  it('demo shows both answers and ends with exit code 0', async () => {
    const { code, stdout, stderr } = await omnigate(['demo'], {});
    expect(stderr).toBe('');
    expect(stdout.match(/Hello from a scripted upstream: no provider was called\./g)).toHaveLength(2);
    expect(code).toBe(0);
  });

  it('writes nothing but JSON lines to standard output and no warning to standard error', async () => {
    const gateway = await GatewayProcess.start({ env: { LOG_FORMAT: 'json', LOG_LEVEL: 'debug' } });
    await gateway.model('m', ['http://127.0.0.1:9']);
    const { key } = await gateway.key();
    await (await gateway.chat(key, QUESTION)).text();
    gateway.kill('SIGTERM');
    expect(await gateway.exit()).toBe(0);
    await gateway.stop();
    const lines = gateway.stdout.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines)
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), time: expect.any(String) });
    expect(gateway.stderr).not.toMatch(/warning|deprecat|experimental/i);
    expect(gateway.stderr.trim().split('\n')).toHaveLength(2);
    expect(gateway.stdout + gateway.stderr).not.toContain(key);
  });

  it('says little at a normal start, as text, and has the metrics on a port of their own, where that is asked for', async () => {
    const metricsPort = await freePort();
    // Something is always asked of the database: also in the moment in which the process leaves it.
    const busy = { OMNI_HEALTH_INTERVAL_MS: '100', OMNI_REGISTRY_POLL_MS: '100' };
    const gateway = await GatewayProcess.start({
      env: { LOG_FORMAT: 'text', METRICS_PORT: String(metricsPort), ...busy },
    });
    await eventually(() => gateway.stdout.includes('successfully started'));
    expect(new URL(gateway.url).port).not.toBe('0');
    expect((await fetch(`${gateway.url}/metrics`)).status).toBe(404);
    const own = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
    expect(own.status).toBe(200);
    expect(await own.text()).toContain('gateway_');
    expect((await fetch(`http://127.0.0.1:${metricsPort}/v1/models`)).status).toBe(404);
    await gateway.stop();
    expect(gateway.stdout).toMatch(/INFO/);
    expect(gateway.stdout).not.toContain('{"level"');
    const lines = gateway.stdout.trim().split('\n');
    expect(lines.filter((line) => /WARN|ERROR/.test(line))).toEqual([]);
    expect(lines.length < 20 ? '' : gateway.stdout).toBe('');
  });

  it('says in one line that a port is taken, and shows the admin key at the first start that listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const port = String((server.address() as AddressInfo).port);
    const taken = await omnigate(['serve'], { PORT: port, HOST: '127.0.0.1', OMNI_DATA_DIR: join(dir, 'taken') });
    server.close();
    expect(taken.code).toBe(1);
    expect(taken.stderr).toBe(`127.0.0.1:${port} is in use by another process. PORT and HOST say where to listen.\n`);
    const second = await GatewayProcess.start({ dataDir: join(dir, 'taken'), adminKey: null });
    expect((await second.admin('GET', '/models')).status).toBe(200);
    await second.stop();
  });

  it('says in one line that the data directory cannot be used', async () => {
    const file = join(dir, 'a-file');
    writeFileSync(file, '');
    const { code, stderr } = await omnigate(['serve'], { PORT: '0', OMNI_DATA_DIR: file });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^The data directory \S+a-file cannot be used \(.+\)\. OMNI_DATA_DIR names another one\.\n$/,
    );
  });

  it('shows three commands that can be copied as they are', async () => {
    const upstream = await ScriptedUpstream.start();
    const gateway = await GatewayProcess.start({ adminKey: null });
    const commands = gateway.stderr.replace(/^.*three commands[^\n]*\n/s, '').replace(/\n[^\n]*npm run demo.*$/s, '');
    const script = commands.replace('http://localhost:8000', upstream.url);
    const shown = await promisify(execFile)('sh', ['-c', script], {
      env: { ...process.env, ADMIN_API_KEY: gateway.adminKey },
    });
    expect(shown.stdout).toMatch(/"name":"my-model".*og-[\w-]{43}\n.*"choices":\[/s);
    expect(upstream.calls).toHaveLength(1);
    await gateway.stop();
    await upstream.close();
  });
});

describe('a start without any secret', () => {
  describeEachHome((home) => {
    it('says what is missing, and warns of nothing else', async () => {
      const gateway = await GatewayProcess.start({ env: home.env, dataDir: home.dataDir, adminKey: null });
      await gateway.stop();
      expect(gateway.stderr).not.toMatch(/warning|deprecat/i);
      expect(gateway.stdout).not.toContain('"level":"warn"');
      for (const secret of ['ADMIN_API_KEY is not set', 'OMNI_MASTER_KEY is not set'])
        expect(gateway.stderr.includes(secret)).toBe(home.kind === 'servers');
    });
  });
});

describe('the other commands', () => {
  describeEachHome((home) => {
    const env = (): Record<string, string> => ({ ...home.env, OMNI_DATA_DIR: home.dataDir });

    it('migrate brings the schema up, takes steps back and up again', async () => {
      const up = await omnigate(['migrate', 'up'], env());
      expect(up.code).toBe(0);
      const applied = [...up.stdout.matchAll(/^applied (\S+)$/gm)].map((match) => match[1]);
      expect(applied.length).toBeGreaterThanOrEqual(5);
      expect((await omnigate(['migrate', 'up'], env())).stdout).toBe('nothing to do\n');
      const down = await omnigate(['migrate', 'down', '2'], env());
      expect(down.stdout).toBe(`reverted ${applied.at(-1)}\nreverted ${applied.at(-2)}\n`);
      expect((await omnigate(['migrate', 'up'], env())).stdout).toBe(
        `applied ${applied.at(-2)}\napplied ${applied.at(-1)}\n`,
      );
      const wrong = await omnigate(['migrate', 'down', 'all'], env());
      expect(wrong.code).toBe(1);
    }, 60_000);

    it('rotate-master-key encrypts the stored credentials anew', async () => {
      const upstream = await ScriptedUpstream.start();
      const start = async (masterKey: string, more: Record<string, string> = {}): Promise<GatewayProcess> =>
        GatewayProcess.start({ dataDir: home.dataDir, env: { ...home.env, OMNI_MASTER_KEY: masterKey, ...more } });
      const first = await start(OLD_MASTER_KEY);
      const provider = await first.manage('POST', '/providers', { name: 'acme', base_url: upstream.url });
      await first.manage('POST', `/providers/${provider.id}/credentials`, { secret: 'sk-upstream' });
      await first.model('m', [], { backends: [{ url: upstream.url, provider_id: provider.id }] });
      const { key } = await first.key();
      const { key: own } = await first.key({
        name: 'own',
        scopes: ['inference', 'keys'],
        project_id: (await first.manage('POST', '/projects', { name: 'own' })).id,
      });
      await fetch(`${first.url}/v1/keys/providers/acme`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${own}`, 'content-type': 'application/json' },
        body: '{"api_key":"sk-of-the-project"}',
      });
      await first.stop();

      const keys = { OMNI_MASTER_KEY: NEW_MASTER_KEY, OMNI_PREVIOUS_MASTER_KEYS: OLD_MASTER_KEY };
      const rotated = await omnigate(['rotate-master-key'], { ...env(), ...keys });
      expect({ code: rotated.code, stderr: rotated.stderr }).toEqual({ code: 0, stderr: '' });
      expect(JSON.parse(rotated.stdout)).toMatchObject({ rotated: 2 });

      const second = await start(NEW_MASTER_KEY);
      expect((await second.chat(key, QUESTION)).status).toBe(200);
      expect(upstream.calls.at(-1)?.headers.authorization).toBe('Bearer sk-upstream');
      expect((await second.chat(own, QUESTION)).status).toBe(200);
      expect(upstream.calls.at(-1)?.headers.authorization).toBe('Bearer sk-of-the-project');
      await second.stop();
      await upstream.close();
    }, 60_000);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

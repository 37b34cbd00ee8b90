import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeEachHome } from '../support/gateway-home.js';
import { ADMIN_KEY, eventually, GatewayProcess, QUESTION } from '../support/gateway-process.js';
import { KeptConnection, read } from '../support/kept-connection.js';
import { ANSWER, answerJson, chunk, DONE, ScriptedUpstream, streamTo } from '../support/scripted-upstream.js';

const CALL = '/v1/chat/completions';
const SLOW_MS = 1000;
const words = (count: number): string[] => [
  ...Array.from({ length: count }, (_unused, index) => chunk({ content: `w${index} ` })),
  chunk({}, {}, 'stop'),
  DONE,
];

describe('drain', () => {
  describeEachHome((home) => {
    let upstream: ScriptedUpstream;
    let gateway: GatewayProcess;
    let key: string;
    const connections: KeptConnection[] = [];
    const start = async (env: Record<string, string>): Promise<GatewayProcess> =>
      GatewayProcess.start({ dataDir: home.dataDir, env: { ...home.env, OMNI_HEALTH_CHECKS: 'false', ...env } });
    const connection = (): KeptConnection => {
      const made = new KeptConnection(gateway.url, { authorization: `Bearer ${key}` });
      connections.push(made);
      return made;
    };
    const recordOf = async (requestId: unknown): Promise<Record<string, unknown>> =>
      eventually(async () => (await gateway.manage('GET', `/usage?request_id=${String(requestId)}`)).data[0]);

    beforeAll(async () => {
      upstream = await ScriptedUpstream.start();
      // `max_tokens` says how many words; 100 ms lie between two of them.
      upstream.will(async ({ body }, response) => {
        if (body['stream'] === true) return streamTo(response, words(Number(body['max_tokens'])), { delayMs: 100 });
        if (body['max_tokens'] !== 1) await sleep(SLOW_MS);
        return answerJson(response, 200, ANSWER);
      });
      gateway = await start({ OMNI_DRAIN_DELAY_MS: '400', OMNI_DRAIN_TIMEOUT_MS: '8000' });
      await gateway.model('m', [upstream.url]);
      key = (await gateway.key()).key;
    });
    afterEach(() => {
      for (const each of connections.splice(0)) each.close();
    });
    afterAll(async () => {
      await gateway?.stop();
      await upstream?.close();
    });

    it('finishes what runs, refuses what comes, and tells the load balancer first', async () => {
      const [ready, live, first, second, third] = Array.from({ length: 5 }, connection) as KeptConnection[];
      const quick = { ...QUESTION, max_tokens: 1 };
      expect((await ready!.ask('GET', '/health/ready')).status).toBe(200);
      expect((await live!.ask('GET', '/health/live')).status).toBe(200);
      expect((await first!.ask('POST', CALL, quick)).status).toBe(200);
      const short = await second!.begin('POST', CALL, { ...QUESTION, stream: true, max_tokens: 8 });
      const long = await third!.begin('POST', CALL, { ...QUESTION, stream: true, max_tokens: 16 });
      const whole = connection().ask('POST', CALL, { ...QUESTION, max_tokens: 99 });
      await upstream.received(4);

      gateway.kill('SIGTERM');
      await sleep(100);
      const notReady = await ready!.ask('GET', '/health/ready');
      expect(notReady.status).toBe(503);
      expect(JSON.parse(notReady.text)).toMatchObject({
        status: 'not_ready',
        checks: { traffic: { reason: 'draining' } },
      });
      expect((await live!.ask('GET', '/health/live')).status).toBe(200);
      const refused = await first!.ask('POST', CALL, quick);
      expect(refused.status).toBe(503);
      expect(refused.headers).toMatchObject({ connection: 'close' });
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect(JSON.parse(refused.text)).toMatchObject({ error: { type: 'api_error', code: 'service_unavailable' } });

      await sleep(500);
      await expect(fetch(`${gateway.url}/health/live`)).rejects.toThrow();
      const ended = await read(short);
      expect(ended.text.endsWith(DONE)).toBe(true);
      // The connection of a stream that has just ended is still there, but takes no new calls either.
      const late = await second!.ask('POST', CALL, quick).catch(() => null);
      if (late !== null) expect(late).toMatchObject({ status: 503, headers: { connection: 'close' } });
      expect((await whole).status).toBe(200);
      const complete = await read(long);
      expect(complete.text).toContain('w15 ');
      expect(complete.text.endsWith(DONE)).toBe(true);
      expect(await gateway.exit(3000)).toBe(0);

      gateway = await start({ OMNI_DRAIN_TIMEOUT_MS: '600' });
      for (const { headers } of [short, long, await whole])
        expect(await recordOf(headers['x-request-id'])).toMatchObject({ outcome: 'ok', status: 200 });
      expect(await recordOf(refused.headers['x-request-id'])).toMatchObject({ outcome: 'refused', status: 503 });
    }, 30_000);

    it('cuts what runs longer than it may, aborts the upstream and records it', async () => {
      const before = upstream.calls.length;
      const endless = await connection().begin('POST', CALL, { ...QUESTION, stream: true, max_tokens: 400 });
      const cut = read(endless);
      const waiting = connection().ask('POST', CALL, { ...QUESTION, max_tokens: 99 });
      const [call] = (await upstream.received(before + 2)).slice(before);
      const began = performance.now();
      gateway.kill('SIGTERM');
      await call?.abandoned;
      expect(performance.now() - began).toBeLessThan(4000);
      const { text } = await cut;
      expect(text).toContain('"code":"service_unavailable"');
      expect(text).not.toContain('[DONE]');
      expect(await waiting).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      expect(await gateway.exit(3000)).toBe(0);
      gateway = await start({});
      const record = await recordOf(endless.headers['x-request-id']);
      expect(record).toMatchObject({ attempts: 1, stream: true, outcome: 'broken', error_kind: 'service_unavailable' });
      expect(Number(record['completion_tokens'])).toBeGreaterThan(0);
    });

    it('takes a signal repeated at once for the same one, and ends at a second one', async () => {
      const endless = await connection().begin('POST', CALL, { ...QUESTION, stream: true, max_tokens: 400 });
      const cut = read(endless).catch(() => 'reset');
      gateway.kill('SIGINT');
      gateway.kill('SIGTERM');
      await sleep(700);
      expect(gateway.exitCode).toBeNull();
      gateway.kill('SIGTERM');
      expect(await gateway.exit(1000)).toBe(1);
      expect(await cut).toBe('reset');
      gateway = await start({});
      expect(await recordOf(endless.headers['x-request-id'])).toMatchObject({ outcome: 'died' });
    });
  });

  describe('started by a Node that is too old and hands over', () => {
    const oldNode = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => existsSync(path) && isTooOld(path));
    const itWithOldNode = oldNode === undefined ? it.skip : it;
    let dataDir: string;
    beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'omni-old-'))));
    afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

    const startWithOldNode = async () => {
      const script = join(import.meta.dirname, '..', '..', 'bin', 'omnigate.mjs');
      const child = spawn(oldNode ?? '', [script], {
        env: { PORT: '0', HOST: '127.0.0.1', OMNI_DATA_DIR: dataDir, ADMIN_API_KEY: ADMIN_KEY },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let told = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
      const url = await eventually(() => /listens on (http:\S+)/.exec(told)?.[1], 20_000);
      return { child, url };
    };

    itWithOldNode('passes SIGTERM on and ends with its exit code', async () => {
      const { child, url } = await startWithOldNode();
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
      await expect(fetch(`${url}/health/live`)).rejects.toThrow();
    });

    itWithOldNode('leaves nobody behind when it is killed', async () => {
      const { child, url } = await startWithOldNode();
      child.kill('SIGKILL');
      await once(child, 'exit');
      await eventually(
        () =>
          fetch(`${url}/health/live`).then(
            () => false,
            () => true,
          ),
        2000,
      );
      const again = await GatewayProcess.start({ dataDir });
      await again.stop();
    });
  });
});

function isTooOld(node: string): boolean {
  const [major = 0, minor = 0] = execFileSync(node, ['--version'], { encoding: 'utf8' })
    .slice(1)
    .split('.')
    .map(Number);
  return !((major === 22 && minor >= 19) || (major === 24 && minor >= 11) || major > 24);
}

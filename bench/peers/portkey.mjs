/** Portkey's open-source gateway: a well-known LLM gateway on Node. Installed on demand from bench/package-lock.json. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MODELS } from '../load/answers.mjs';
import { isOk } from '../load/http.mjs';
import { Child, freePort, untilReady } from '../measure/child.mjs';

const BENCH = dirname(dirname(fileURLToPath(import.meta.url)));
const ENTRY = join(BENCH, 'node_modules/@portkey-ai/gateway/build/start-server.js');

export const portkey = {
  name: 'portkey',
  label: 'Portkey',
  absent: () => (existsSync(ENTRY) ? null : install()),

  async start({ directory, cores, upstreamPort }) {
    mkdirSync(directory, { recursive: true });
    const port = await freePort();
    const sinceMs = performance.now();
    const child = Child.start(process.execPath, [ENTRY, '--headless', `--port=${port}`], {
      core: cores.peer,
      cwd: dirname(dirname(ENTRY)),
      env: { NODE_ENV: 'production' },
      logFile: join(directory, 'portkey.log'),
    });
    const url = `http://127.0.0.1:${port}`;
    const readyMs = await untilReady(child, () => isOk(`${url}/`), { sinceMs, what: 'Portkey' });
    return {
      port,
      readyMs,
      accounts: { gateway: [child.pid] },
      target: (kind) => ({
        port,
        path: '/v1/chat/completions',
        headers: {
          'x-portkey-provider': 'openai',
          'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
        },
        calls: [{ key: 'sk-bench', model: MODELS[kind].alias, expectedModel: MODELS[kind].upstream }],
      }),
      stop: () => child.stop(),
    };
  },
};

/** `npm ci` inside bench/, by the npm of this run if there is one. Answers why the peer is absent, or null. */
function install() {
  process.stderr.write('Installing what only the bench needs (npm ci --prefix bench) …\n');
  const args = ['ci', '--prefix', BENCH, '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund'];
  const script = process.env['npm_execpath'];
  const ours = script !== undefined && existsSync(script);
  const line = ours ? [process.execPath, [realpathSync(script), ...args]] : ['npm', args];
  const result = spawnSync(line[0], line[1], { cwd: BENCH, encoding: 'utf8', timeout: 180_000 });
  if (result.status === 0 && existsSync(ENTRY)) return null;
  return `it could not be installed: ${(result.error?.message ?? result.stderr ?? '').trim().split('\n').slice(-3).join(' ')}`;
}

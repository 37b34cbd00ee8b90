/** The floor as a peer: see floor.mjs. Taken with `--peers=…,floor`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MODELS } from '../load/answers.mjs';
import { isOk } from '../load/http.mjs';
import { Child, freePort, untilReady } from '../measure/child.mjs';

const SCRIPT = fileURLToPath(new URL('floor.mjs', import.meta.url));

export const floor = {
  name: 'floor',
  label: 'bare Node',
  absent: () => null,

  async start({ directory, cores, upstreamPort, nodeFlags = [] }) {
    mkdirSync(directory, { recursive: true });
    const port = await freePort();
    const sinceMs = performance.now();
    const args = [...nodeFlags, SCRIPT, String(port), `http://127.0.0.1:${upstreamPort}`];
    const child = Child.start(process.execPath, args, { core: cores.peer, logFile: join(directory, 'floor.log') });
    const readyMs = await untilReady(child, () => isOk(`http://127.0.0.1:${port}/health`), { sinceMs, what: 'floor' });
    return {
      port,
      readyMs,
      accounts: { gateway: [child.pid] },
      target: (kind) => ({
        port,
        path: '/v1/chat/completions',
        headers: {},
        calls: [{ key: 'sk-bench', model: MODELS[kind].alias, expectedModel: MODELS[kind].upstream }],
      }),
      stop: () => child.stop(),
    };
  },
};

#!/usr/bin/env node
// Plain ES2020: it must run on whatever Node starts it, find that one too old, and hand over to the one that came with the
// project.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HANDED_OVER = 'OMNIGATE_HANDED_OVER';
const NPM_WATCH_MS = 250;

const [major, minor] = process.versions.node.split('.').map(Number);
const fits = (major === 22 && minor >= 19) || (major === 24 && minor >= 11) || major > 24;
const here = fileURLToPath(import.meta.url);

if (process.env.npm_lifecycle_event !== undefined) endWithNpm();
if (fits) {
  if (process.env[HANDED_OVER] !== undefined) endWithParent();
  const { main } = await import(new URL('../dist/src/cli/omnigate.js', import.meta.url).href);
  await main(process.argv);
} else {
  handOver();
}

function handOver() {
  const bundled = bundledNode();
  if (bundled === null) {
    console.error(`omnigate needs Node 22.19 or newer, or 24.11 or newer; this is ${process.versions.node}.`);
    process.exit(2);
  }
  const child = spawn(bundled, [here, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [HANDED_OVER]: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));
}

/** Who kills the process that was started means this one: left behind, it would keep the port and the data directory. */
function endWithParent() {
  delete process.env[HANDED_OVER];
  if (!process.connected) return;
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel.unref();
}

/** npm passes signals on, but not the one that cannot be caught. */
function endWithNpm() {
  const npm = process.ppid;
  const look = () => {
    if (process.ppid !== npm) process.kill(process.pid, 'SIGKILL');
  };
  setInterval(look, NPM_WATCH_MS).unref();
}

function bundledNode() {
  try {
    const manifest = createRequire(here).resolve(`node-linux-${process.arch}/package.json`);
    return join(dirname(manifest), 'bin', 'node');
  } catch {
    return null;
  }
}

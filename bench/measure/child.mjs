/** Processes of the bench: started on chosen cores, watched, and always ended by their own id. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const STOP_LIMIT_MS = 8000;
const living = new Set();
let closing = false;

const works = (command, args) => spawnSync(command, args, { stdio: 'ignore', timeout: 5000 }).status === 0;
const canPin = works('taskset', ['-c', '0', 'true']);
const canFollow = works('setpriv', ['--pdeathsig', 'TERM', 'true']);

/** Cores of this process; where there are few, upstream and load share one, and the peer has its own. */
export function planCores() {
  const all = coresAllowed();
  if (!canPin || all.length < 2) return { pinned: false, peer: null, load: null, upstream: null, stores: null };
  const at = (index) => String(all[Math.min(index, all.length - 1)]);
  return { pinned: true, peer: at(0), load: at(1), upstream: at(2), stores: at(3) };
}

function coresAllowed() {
  try {
    const list = /^Cpus_allowed_list:\s+(\S+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '';
    return list.split(',').flatMap((part) => {
      const [from, to = from] = part.split('-').map(Number);
      return Array.from({ length: to - from + 1 }, (_none, index) => from + index);
    });
  } catch {
    return [];
  }
}

/** A process that is killed with this one, on the given core (`null`: any), its output in a file. */
export class Child {
  constructor(process_, logFile) {
    this.process = process_;
    this.pid = process_.pid;
    this.logFile = logFile;
    this.ended = new Promise((resolve) => {
      process_.once('error', (error) => resolve({ error }));
      process_.once('exit', (code, signal) => resolve({ code, signal }));
    }).then((how) => {
      living.delete(this);
      this.how = how;
      return how;
    });
    living.add(this);
  }

  static start(command, args, { core = null, env = {}, cwd, logFile, pipe = false } = {}) {
    if (closing) throw new Error('the bench is being stopped');
    let line = [command, ...args];
    if (core !== null && canPin) line = ['taskset', '-c', core, ...line];
    if (canFollow) line = ['setpriv', '--pdeathsig', 'TERM', ...line];
    const log = logFile === undefined ? null : openSync(logFile, 'a');
    const stdio = pipe ? ['pipe', 'pipe', 'inherit'] : ['ignore', log ?? 'ignore', log ?? 'ignore'];
    // A session of its own: Ctrl-C reaches the bench alone, which then stops its processes in order.
    const started = spawn(line[0], line.slice(1), { cwd, env: { ...process.env, ...env }, stdio, detached: true });
    if (log !== null) closeSync(log);
    return new Child(started, logFile);
  }

  /** The end of what it wrote, for error messages. */
  lastWords() {
    try {
      return readFileSync(this.logFile, 'utf8').trim().split('\n').slice(-12).join('\n').slice(-3000);
    } catch {
      return '';
    }
  }

  async stop() {
    if (this.how !== undefined) return;
    this.process.kill('SIGTERM');
    const late = await Promise.race([this.ended.then(() => false), delay(STOP_LIMIT_MS, true, { ref: false })]);
    if (late) this.process.kill('SIGKILL');
    await this.ended;
  }
}

/** Stops every process that was started; none is started after it. */
export async function stopAll() {
  closing = true;
  await Promise.all([...living].map((child) => child.stop()));
}

export function killAll() {
  for (const child of living) child.process.kill('SIGKILL');
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Polls until `check` answers true; answers the time from `sinceMs` in ms. Throws when the process ends or time is up. */
export async function untilReady(child, check, { sinceMs, limitMs = 30_000, everyMs = 5, what }) {
  while (performance.now() - sinceMs < limitMs) {
    if (child.how !== undefined) throw new Error(`${what} ended at its start\n${child.lastWords()}`);
    if (await check()) return performance.now() - sinceMs;
    await delay(everyMs);
  }
  throw new Error(`${what} was not ready after ${limitMs} ms\n${child.lastWords()}`);
}

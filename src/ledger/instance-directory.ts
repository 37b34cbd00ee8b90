import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';

const ALIVE = 'alive';
const ADOPTED = 'adopted';
const NEWBORN = '.new-';
/** A newborn directory is finished within milliseconds; an older one was left by a process that died in between. */
const NEWBORN_MS = 60_000;
/** Longest path a socket address holds. */
const MAX_SOCKET_PATH_BYTES = 103;

/**
 * The directory of one process under `<dataDir>/journal/`. The process listens on a socket in it for as long as it lives:
 * the kernel ends that with the process, however it dies, and unlike a pid file it cannot be fooled by reused pids, and
 * unlike an abstract socket it works between containers that share the volume. A directory nobody answers for is adopted
 * by renaming it into the adopter's own, which only one process can do. Not for directories shared by several hosts.
 */
export class InstanceDirectory {
  private constructor(
    private readonly root: string,
    private readonly name: string,
    private readonly server: Server,
  ) {}

  static async create(root: string, nowMs: number): Promise<InstanceDirectory> {
    mkdirSync(join(root), { recursive: true, mode: 0o700 });
    const name = `${nowMs.toString(36)}-${randomBytes(3).toString('hex')}`;
    // Made under another name first: a directory that nobody answers for yet would look like a dead one.
    const newborn = join(root, `${NEWBORN}${name}`);
    mkdirSync(join(newborn, ADOPTED), { recursive: true, mode: 0o700 });
    const server = await listen(newborn);
    renameSync(newborn, join(root, name));
    return new InstanceDirectory(root, name, server);
  }

  get path(): string {
    return join(this.root, this.name);
  }

  /** Takes over the directories of dead processes, those they had adopted included, and returns all that are adopted now. */
  async adopt(nowMs: number): Promise<string[]> {
    for (const name of readdirSync(this.root)) {
      const path = join(this.root, name);
      if (name === this.name || !statSync(path, { throwIfNoEntry: false })?.isDirectory()) continue;
      if (await answers(path)) continue;
      if (name.startsWith(NEWBORN)) removeOld(path, nowMs);
      else this.claim(path, name);
    }
    return this.adopted();
  }

  /** The directories adopted and not yet removed; what they had adopted themselves is moved up beside them. */
  private adopted(): string[] {
    const home = join(this.path, ADOPTED);
    const found: string[] = [];
    const waiting = readdirSync(home);
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      found.push(join(home, name));
      const inherited = join(home, name, ADOPTED);
      if (!statSync(inherited, { throwIfNoEntry: false })) continue;
      for (const child of readdirSync(inherited)) {
        renameSync(join(inherited, child), join(home, child));
        waiting.push(child);
      }
    }
    return found;
  }

  /** Ends the claim to the directory. `remove`: nothing of its own is needed any more; it stays while it holds adopted ones. */
  async release(remove: boolean): Promise<void> {
    if (remove && readdirSync(join(this.path, ADOPTED)).length === 0) {
      rmSync(this.path, { recursive: true, force: true });
    }
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private claim(path: string, name: string): void {
    try {
      renameSync(path, join(this.path, ADOPTED, name));
    } catch (error) {
      // Another process was faster.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

function removeOld(path: string, nowMs: number): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat && nowMs - stat.mtimeMs > NEWBORN_MS) rmSync(path, { recursive: true, force: true });
}

async function listen(directory: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  await withSocketPath(
    directory,
    (path) =>
      new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(path, resolve);
      }),
  );
  return server.unref();
}

/** Whether a process is listening in the directory. Anything but a plain "nobody there" counts as yes. */
function answers(directory: string): Promise<boolean> {
  return withSocketPath(
    directory,
    (path) =>
      new Promise<boolean>((resolve) => {
        const socket = connect(path);
        socket.once('connect', () => {
          socket.destroy();
          resolve(true);
        });
        socket.once('error', (error: NodeJS.ErrnoException) => {
          resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
        });
      }),
  );
}

/** Socket addresses hold about a hundred bytes: on Linux a longer path goes through the descriptor of its directory. */
async function withSocketPath<T>(directory: string, use: (path: string) => Promise<T>): Promise<T> {
  const path = join(directory, ALIVE);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES || process.platform !== 'linux') return use(path);
  const fd = openSync(directory, 'r');
  try {
    return await use(`/proc/self/fd/${fd}/${ALIVE}`);
  } finally {
    closeSync(fd);
  }
}

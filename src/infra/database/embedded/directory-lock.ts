import { createHash } from 'node:crypto';
import { realpathSync, unlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Another process has this data directory open. */
class DirectoryInUseError extends Error {
  readonly code = 'EBUSY';

  constructor(directory: string) {
    super(
      `The data directory ${directory} is in use by another process. ` +
        'The embedded database serves one process only: set DATABASE_URL to share one PostgreSQL between several.',
    );
    this.name = 'DirectoryInUseError';
  }
}

/**
 * Locks an existing directory for this process; the answer unlocks it. The lock is a listening socket, which the kernel
 * takes back however the process ends: a file with a pid survives `kill -9` and is fooled by containers that reuse pids.
 * @throws DirectoryInUseError
 */
export async function lockDirectory(directory: string): Promise<() => Promise<void>> {
  const address = lockAddress(realpathSync(directory));
  let server: Server;
  try {
    server = await listen(address);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    // Only a socket that is a file can outlive its owner.
    if (isAbstract(address) || (await answers(address))) throw new DirectoryInUseError(directory);
    unlinkSync(address);
    server = await listen(address);
  }
  return () => new Promise((resolve) => server.close(() => resolve()));
}

function lockAddress(realPath: string): string {
  const name = `omnigate-${createHash('sha256').update(realPath).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return `\0${name}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.lock`);
}

const isAbstract = (address: string) => address.startsWith('\0') || address.startsWith('\\\\');

function listen(address: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(address, () => resolve(server.unref()));
  });
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { lockDirectory } from './directory-lock.js';
import { EmbeddedEngine, type EngineStoppedError } from './embedded-engine.js';
import { EmbeddedSocket, type EmbeddedEndpoint } from './embedded-socket.js';
import { EmbeddedUpkeep } from './embedded-upkeep.js';
import { SessionQueue } from './session-queue.js';
import type { Answer } from './wire-messages.js';

export interface EmbeddedDatabaseOptions {
  /** Directory of the database alone; its parents are made when absent. */
  readonly directory: string;
  /** Longest wait for the session, and longest time a transaction may lie idle. */
  readonly timeoutMs: number;
  /** Archive of a fresh database; by default the one that comes with the service. */
  readonly seedFile?: string | null;
}

/**
 * PostgreSQL inside this process, for one process: the directory is locked. `pg` talks to it through `openSocket`, as to a
 * server over the network.
 */
export class EmbeddedDatabase implements EmbeddedEndpoint {
  readonly directory: string;
  readonly queue: SessionQueue;
  readonly idleTransactionTimeoutMs: number;
  private readonly seedFile: string | null;
  private readonly sockets = new Set<EmbeddedSocket>();
  private engine: Promise<EmbeddedEngine> | null = null;
  private upkeep: EmbeddedUpkeep | null = null;
  private unlock: (() => Promise<void>) | null = null;
  private failure: EngineStoppedError | null = null;

  constructor(options: EmbeddedDatabaseOptions) {
    this.directory = resolve(options.directory);
    this.queue = new SessionQueue(options.timeoutMs);
    this.idleTransactionTimeoutMs = options.timeoutMs;
    this.seedFile = options.seedFile === undefined ? shippedSeedFile() : options.seedFile;
  }

  /** For `pg`'s `stream` option. */
  readonly openSocket = (): EmbeddedSocket => new EmbeddedSocket(this);

  /**
   * Starts the database, once; a database that has failed stays so until it is closed.
   * @throws DirectoryInUseError, EngineStoppedError
   */
  start(): Promise<EmbeddedEngine> {
    if (this.failure !== null) return Promise.reject(this.failure);
    this.engine ??= this.startEngine().catch(async (error: unknown) => {
      this.engine = null;
      await this.releaseLock();
      throw error;
    });
    return this.engine;
  }

  /** Why it no longer works, or `null` while it does. */
  get failedBecause(): Error | null {
    return this.failure;
  }

  /** Closes it cleanly. Afterwards it may be started again. */
  async close(): Promise<void> {
    const engine = await this.engine?.catch(() => null);
    await this.upkeep?.stop().catch(() => undefined);
    this.upkeep = null;
    await engine?.close();
    this.engine = null;
    this.failure = null;
    await this.releaseLock();
  }

  deliver(notifications: Answer['notifications']): void {
    for (const { channel, message } of notifications) {
      for (const socket of this.sockets) socket.notify(channel, message);
    }
  }

  joined(socket: EmbeddedSocket): void {
    this.sockets.add(socket);
  }

  left(socket: EmbeddedSocket): void {
    this.sockets.delete(socket);
  }

  private async startEngine(): Promise<EmbeddedEngine> {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    this.unlock = await lockDirectory(this.directory);
    const engine = await EmbeddedEngine.start({ directory: this.directory, seedFile: this.seedFile }, (error) => {
      this.failure = error;
      // Copied: each one leaves as it is destroyed.
      for (const socket of [...this.sockets]) socket.destroy(error);
    });
    void this.startUpkeep();
    return engine;
  }

  private async startUpkeep(): Promise<void> {
    const client = new pg.Client({ stream: this.openSocket });
    client.on('error', () => undefined);
    this.upkeep = new EmbeddedUpkeep(client);
    await client.connect().catch(() => undefined);
    this.upkeep.start();
  }

  private async releaseLock(): Promise<void> {
    await this.unlock?.();
    this.unlock = null;
  }
}

/** The archive beside this file, if it was made by the very release of PGlite that is installed. */
function shippedSeedFile(): string | null {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const { version } = JSON.parse(readFileSync(resolve(entry, '../../package.json'), 'utf8')) as { version: string };
  const file = fileURLToPath(new URL(`./seed/pglite-${version}.tar.br`, import.meta.url));
  return existsSync(file) ? file : null;
}

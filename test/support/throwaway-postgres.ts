import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const START_TIMEOUT_MS = 30_000;
/** Debian keeps the server's programs out of the path, by version. */
const DEBIAN = '/usr/lib/postgresql';
/**
 * What a commit has acknowledged must survive the death of every process. It need not survive the machine: nothing is synced.
 */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  synchronous_commit: 'on',
  log_min_messages: 'fatal',
};

/** Where the server's programs are; `null` where it is not installed. */
function programs(): string | null {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const places = [
    ...versions.map((version) => join(DEBIAN, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(':'),
  ];
  return places.find((place) => existsSync(join(place, 'postgres')) && existsSync(join(place, 'initdb'))) ?? null;
}

/** Whether tests may start a PostgreSQL of their own. */
export const HAS_POSTGRES_PROGRAM = programs() !== null;

/** A PostgreSQL server of this test alone, which may be frozen, stopped and killed. Its data stay until `end`. */
export class ThrowawayPostgres {
  private child: ChildProcess | null = null;
  private readonly dir = mkdtempSync(join(tmpdir(), 'omnigate-postgres-'));
  private readonly user = process.getuid?.() === 0 ? serverUser() : null;

  private constructor(
    private readonly port: number,
    private readonly env: Record<string, string>,
  ) {}

  /** `env`: added to the server's environment. */
  static async start(env: Record<string, string> = {}): Promise<ThrowawayPostgres> {
    const postgres = new ThrowawayPostgres(await freePort(), env);
    try {
      postgres.initialise();
      await postgres.start();
    } catch (error) {
      await postgres.end();
      throw error;
    }
    return postgres;
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  /** Starts it again on the same port and data. After a kill its orphans may hold the data for a moment: it is tried again. */
  async start(): Promise<void> {
    const until = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      const flags = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      const child = this.run('postgres', ['-D', join(this.dir, 'data'), '-p', String(this.port), ...flags]);
      this.child = child;
      while (child.exitCode === null && child.signalCode === null && Date.now() < until) {
        if (await this.answers()) return;
        await sleep(25);
      }
      if (Date.now() >= until) throw new Error('PostgreSQL did not start');
      await sleep(100);
    }
  }

  /** Ends all sessions and closes down, as an operator's restart does. */
  async stop(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null) return;
    const exited = once(child, 'exit');
    child.kill('SIGINT');
    await exited;
  }

  /** Kills the server and everything it has started, at once and without a word. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null) return;
    const exited = once(child, 'exit');
    // First the parent: seeing a child die, it would close down the others in order.
    const others = this.children(child);
    child.kill('SIGKILL');
    for (const pid of others) signal(pid, 'SIGKILL');
    await exited;
  }

  /** Stops it where it stands: connections stay open and nothing answers any more. */
  freeze(): void {
    if (this.child === null) return;
    this.child.kill('SIGSTOP');
    for (const pid of this.children(this.child)) signal(pid, 'SIGSTOP');
  }

  thaw(): void {
    if (this.child === null) return;
    for (const pid of this.children(this.child)) signal(pid, 'SIGCONT');
    this.child.kill('SIGCONT');
  }

  /** Runs one statement on it. */
  async query<Row>(sql: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.url });
    // What is killed in the middle of a query is lost twice: as an answer and as a connection.
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(sql, values)).rows as Row[];
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async end(): Promise<void> {
    this.thaw();
    await this.kill();
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  private initialise(): void {
    if (this.user !== null) chownSync(this.dir, this.user.uid, this.user.gid);
    const [program, args] = this.command('initdb', [
      ...['-D', join(this.dir, 'data'), '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'],
    ]);
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', env: this.environment() });
    if (status !== 0) throw new Error(`initdb: ${stderr}`);
  }

  private run(name: string, args: readonly string[]): ChildProcess {
    const [program, all] = this.command(name, args);
    return spawn(program, all, { stdio: 'ignore', env: this.environment() });
  }

  /** As another user where this one is root, whom PostgreSQL refuses; and never outliving this process. */
  private command(name: string, args: readonly string[]): [string, string[]] {
    const program = join(programs() ?? '', name);
    const as = this.user === null ? [] : [`--reuid=${this.user.uid}`, `--regid=${this.user.gid}`, '--clear-groups'];
    return ['setpriv', [...as, '--pdeathsig=QUIT', '--', program, ...args]];
  }

  private environment(): Record<string, string> {
    return { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', TZ: 'UTC', ...this.env };
  }

  private children({ pid = -1 }: ChildProcess): number[] {
    try {
      const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
      return text.split(' ').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  }

  private async answers(): Promise<boolean> {
    try {
      await this.query('SELECT 1');
      return true;
    } catch {
      return false;
    }
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended in the meantime.
  }
}

function serverUser(): { uid: number; gid: number } {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const entry = ['postgres', 'nobody']
    .map((name) => lines.find((line) => line.startsWith(`${name}:`))?.split(':'))
    .find((fields) => fields !== undefined);
  if (entry === undefined) throw new Error('PostgreSQL does not run as root and there is no user to run it as');
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** Where gateways keep what outlives them: one place for all gateways that a test starts. */
export interface GatewayHome {
  readonly kind: 'embedded' | 'servers';
  /** The environment that leads a gateway there. Known within hooks and tests only. */
  readonly env: Record<string, string>;
  readonly dataDir: string;
}

const DATABASE = process.env['TEST_DATABASE_URL'];
const REDIS = process.env['TEST_REDIS_URL'];

/** Whether there is a PostgreSQL and a Redis to test with. */
export const HAS_SERVERS = DATABASE !== undefined && REDIS !== undefined;
/** Whether tests may start a Redis of their own. */
export const HAS_REDIS_PROGRAM = isInstalled('redis-server');

/** Runs the tests on both homes: the embedded one, and PostgreSQL with Redis (skipped, visibly, where there are none). */
export function describeEachHome(body: (home: GatewayHome) => void): void {
  describe('on the embedded home', () => withHome('embedded', body));
  const describeServers = HAS_SERVERS ? describe : describe.skip;
  describeServers('on PostgreSQL and Redis', () => withHome('servers', body));
}

function withHome(kind: GatewayHome['kind'], body: (home: GatewayHome) => void): void {
  const home = { kind, env: {} as Record<string, string>, dataDir: '' };
  let database: ServerDatabase | null = null;
  beforeAll(async () => {
    home.dataDir = mkdtempSync(join(tmpdir(), 'omni-home-'));
    if (kind === 'embedded') return;
    database = await ServerDatabase.create();
    home.env = { DATABASE_URL: database.url, REDIS_URL: REDIS ?? '' };
  });
  body(home);
  // After the body's own hooks, which stop the gateways.
  afterAll(async () => {
    await database?.drop();
    rmSync(home.dataDir, { recursive: true, force: true });
  });
}

/** A database of its own on the server that TEST_DATABASE_URL names. */
export class ServerDatabase {
  private constructor(
    readonly url: string,
    private readonly name: string,
  ) {}

  static async create(): Promise<ServerDatabase> {
    const name = `e2e_${randomBytes(6).toString('hex')}`;
    await onServer(`CREATE DATABASE ${name}`);
    const url = new URL(DATABASE ?? '');
    url.pathname = `/${name}`;
    return new ServerDatabase(url.href, name);
  }

  async drop(): Promise<void> {
    await onServer(`DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`);
  }

  /** Runs one statement on it. */
  async query<Row>(sql: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    try {
      return (await client.query(sql, values)).rows as Row[];
    } finally {
      await client.end();
    }
  }
}

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: DATABASE });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

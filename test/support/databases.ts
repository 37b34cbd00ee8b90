import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { DatabaseHome } from '../../src/infra/database/database-home.js';
import { homeOf } from '../../src/infra/database/home-of.js';
import { bringUp } from '../../src/infra/database/migrate.js';

/** Generous, for machines that are busy with other tests. */
const HOOK_TIMEOUT_MS = 60_000;

/** A fresh database for the tests of one `describe`. Everything got from it is closed after them. */
export interface TestDatabase {
  readonly kind: 'postgres' | 'embedded';
  /** Known within hooks and tests only. */
  readonly config: Config;
  readonly home: DatabaseHome;
  /** A connection apart from the pool. */
  connect(): Promise<pg.Client>;
  /** A data source with every migration applied. */
  dataSource(options?: Pick<DataSourceOptions, 'entities'>): Promise<DataSource>;
}

/**
 * Runs the tests on both homes of the data: the embedded one, and the server that TEST_DATABASE_URL names (skipped without).
 * @param env settings besides where the database is, by their environment variables.
 */
export function describeEachDatabase(body: (database: TestDatabase) => void, env: Record<string, string> = {}): void {
  describeEmbeddedDatabase(body, env);
  describeServerDatabase(body, env);
}

/** Only the server that TEST_DATABASE_URL names (skipped without). */
export function describeServerDatabase(body: (database: TestDatabase) => void, env: Record<string, string> = {}): void {
  const serverUrl = process.env['TEST_DATABASE_URL'];
  const describeServer = serverUrl === undefined ? describe.skip : describe;
  describeServer('on a PostgreSQL server', () => withDatabase('postgres', new ServerPlace(serverUrl ?? ''), env, body));
}

/** Only the embedded one. */
export function describeEmbeddedDatabase(
  body: (database: TestDatabase) => void,
  env: Record<string, string> = {},
): void {
  describe('on the embedded database', () => withDatabase('embedded', new EmbeddedPlace(), env, body));
}

/** Where a fresh database is made and removed. */
interface Place {
  make(): Promise<Record<string, string>>;
  remove(): Promise<void>;
}

class EmbeddedPlace implements Place {
  private directory = '';

  make(): Promise<Record<string, string>> {
    this.directory = mkdtempSync(join(tmpdir(), 'omnigate-test-'));
    return Promise.resolve({ OMNI_DATA_DIR: this.directory });
  }

  remove(): Promise<void> {
    rmSync(this.directory, { recursive: true, force: true });
    return Promise.resolve();
  }
}

class ServerPlace implements Place {
  private readonly name = `test_${randomBytes(6).toString('hex')}`;

  constructor(private readonly serverUrl: string) {}

  async make(): Promise<Record<string, string>> {
    await this.onServer(`CREATE DATABASE ${this.name}`);
    const url = new URL(this.serverUrl);
    url.pathname = `/${this.name}`;
    return { DATABASE_URL: url.href };
  }

  async remove(): Promise<void> {
    await this.onServer(`DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`);
  }

  private async onServer(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.serverUrl });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  }
}

function withDatabase(
  kind: TestDatabase['kind'],
  place: Place,
  env: Record<string, string>,
  body: (database: TestDatabase) => void,
): void {
  const database = new FreshDatabase(kind, place, env);
  beforeAll(() => database.make(), HOOK_TIMEOUT_MS);
  body(database);
  // After the body's own hooks, which may still need it.
  afterAll(() => database.remove(), HOOK_TIMEOUT_MS);
}

class FreshDatabase implements TestDatabase {
  private known: Config | null = null;
  private readonly closers: (() => Promise<unknown>)[] = [];

  constructor(
    readonly kind: TestDatabase['kind'],
    private readonly place: Place,
    private readonly env: Record<string, string>,
  ) {}

  get config(): Config {
    if (this.known === null) throw new Error('the test database is there within hooks and tests only');
    return this.known;
  }

  get home(): DatabaseHome {
    return homeOf(this.config);
  }

  async make(): Promise<void> {
    this.known = loadConfig({ ...this.env, ...(await this.place.make()) });
    await this.home.start();
  }

  async remove(): Promise<void> {
    for (const close of this.closers.reverse()) await close();
    if (this.known !== null) await this.home.close();
    await this.place.remove();
  }

  async connect(): Promise<pg.Client> {
    const client = new pg.Client(this.home.clientConfig());
    // A lost connection is what some tests are about; who uses it notices anyway.
    client.on('error', () => undefined);
    await client.connect();
    this.closers.push(() => client.end().catch(() => undefined));
    return client;
  }

  async dataSource(options: Pick<DataSourceOptions, 'entities'> = {}): Promise<DataSource> {
    await bringUp(this.home);
    const source = new DataSource({ ...this.home.dataSourceOptions(), ...options });
    await source.initialize();
    this.closers.push(() => (source.isInitialized ? source.destroy() : Promise.resolve()));
    return source;
  }
}

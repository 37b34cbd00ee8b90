import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import pg from 'pg';
import { EmbeddedDatabase } from '../../../src/infra/database/embedded/embedded-database.js';
import type { EmbeddedEngine } from '../../../src/infra/database/embedded/embedded-engine.js';
import { EmbeddedUpkeep } from '../../../src/infra/database/embedded/embedded-upkeep.js';
import { simpleQuery } from '../../../src/infra/database/embedded/wire-messages.js';

const CHILD = join(dirname(fileURLToPath(import.meta.url)), 'database-child.mjs');

/** Each test opens databases of its own, on machines that may be busy. */
const LONG_MS = 60_000;

let directory: string;
let opened: EmbeddedDatabase[];
let children: ChildProcess[];

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'omnigate-test-')), 'database');
  opened = [];
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(opened.map((database) => database.close()));
  rmSync(dirname(directory), { recursive: true, force: true });
});

function database(options: { timeoutMs?: number; seedFile?: string | null } = {}): EmbeddedDatabase {
  const made = new EmbeddedDatabase({ directory, timeoutMs: 5_000, ...options });
  opened.push(made);
  return made;
}

async function connected(to: EmbeddedDatabase): Promise<pg.Client> {
  const client = new pg.Client({ stream: to.openSocket });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

function child(mode: 'hold' | 'insert'): { process: ChildProcess; lines: AsyncIterator<string> } {
  const process_ = spawn(process.execPath, [CHILD, mode, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(process_);
  return { process: process_, lines: createInterface({ input: process_.stdout })[Symbol.asyncIterator]() };
}

/** As if the thread had run out of memory. */
function endThread(engine: EmbeddedEngine): void {
  void (engine as unknown as { worker: Worker }).worker.terminate();
}

const gone = (process_: ChildProcess) => new Promise((resolve) => process_.once('exit', resolve));

describe('the data directory', () => {
  it(
    'is refused to a second process, which is told what to do, and free again once the first was killed',
    async () => {
      const first = child('hold');
      expect((await first.lines.next()).value).toBe('started');

      const second = child('hold');
      const said = (await second.lines.next()).value as string;
      expect(said).toMatch(/^refused .*is in use by another process.*DATABASE_URL/);
      await expect(database().start()).rejects.toMatchObject({ name: 'DirectoryInUseError' });

      first.process.kill('SIGKILL');
      await gone(first.process);
      await database().start();
    },
    LONG_MS,
  );

  it(
    'still holds every row whose commit was confirmed when the process was killed',
    async () => {
      const confirmed: string[] = [];
      for (const rows of [40, 150]) {
        const { process: victim, lines } = child('insert');
        expect((await lines.next()).value).toBe('started');
        for (let i = 0; i < rows; i += 1) confirmed.push((await lines.next()).value as string);
        victim.kill('SIGKILL');
        for (let line = await lines.next(); line.done !== true; line = await lines.next()) confirmed.push(line.value);
      }
      const client = await connected(database());
      const { rows } = await client.query<{ id: string }>('SELECT id FROM acknowledged');
      const kept = new Set(rows.map(({ id }) => id));
      expect(confirmed.filter((id) => !kept.has(id))).toEqual([]);
      expect(confirmed.length).toBeGreaterThanOrEqual(190);
    },
    LONG_MS,
  );

  it(
    'starts with a fresh database where a first start was interrupted',
    async () => {
      mkdirSync(join(`${directory}.new`, 'base'), { recursive: true });
      mkdirSync(directory);
      const client = await connected(database());
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      expect(readdirSync(dirname(directory))).toEqual(['database']);
    },
    LONG_MS,
  );

  it(
    'opens after a process was killed as it made the lock file of PostgreSQL',
    async () => {
      const first = database();
      const client = await connected(first);
      await client.query('CREATE TABLE kept AS SELECT 7 AS n');
      await client.end();
      await first.close();
      // The second as file systems leave it that were cut off from power.
      for (const torn of ['', '\0'.repeat(40)]) {
        writeFileSync(join(directory, 'postmaster.pid'), torn);
        const next = database();
        const again = await connected(next);
        expect((await again.query('SELECT n FROM kept')).rows).toEqual([{ n: 7 }]);
        await again.end();
        await next.close();
      }
    },
    LONG_MS,
  );

  it(
    'is readable by its owner alone',
    async () => {
      await database().start();
      expect(statSync(directory).mode & 0o077).toBe(0);
      expect(statSync(join(directory, 'PG_VERSION')).mode & 0o077).toBe(0);
    },
    LONG_MS,
  );

  it(
    'can be made without the archive of a fresh database',
    async () => {
      const client = await connected(database({ seedFile: null }));
      expect((await client.query('SELECT count(*)::int AS n FROM pg_database')).rows[0].n).toBeGreaterThan(0);
    },
    LONG_MS,
  );

  it(
    'comes from an archive made by the release of PGlite that is installed',
    async () => {
      const client = await connected(database());
      // The archive has one database; one made anew has three.
      expect((await client.query('SELECT datname FROM pg_database')).rows).toEqual([{ datname: 'postgres' }]);
    },
    LONG_MS,
  );
});

describe('an embedded database that fails', () => {
  it(
    'fails every pending call, every later one and every connection, and does not hang',
    async () => {
      const db = database();
      const [busy, waiting, idle] = await Promise.all([connected(db), connected(db), connected(db)]);
      const idleEnded = new Promise((resolve) => idle.once('end', resolve));
      await busy.query('BEGIN');
      const calls = [busy.query('SELECT pg_sleep(0.2)'), waiting.query('SELECT 1')];
      const engine = await db.start();
      endThread(engine);
      const results = await Promise.allSettled(calls);
      expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      await idleEnded;
      await expect(idle.query('SELECT 1')).rejects.toThrow();
      await expect(connected(db)).rejects.toMatchObject({ code: '57P03' });
      expect(db.failedBecause?.message).toMatch(/not available: its thread ended/);
    },
    LONG_MS,
  );

  it(
    'answers no request that it had not got to when it failed',
    async () => {
      const engine = await database().start();
      endThread(engine);
      await expect(engine.execute([simpleQuery('SELECT 1')])).rejects.toMatchObject({ code: '57P03' });
      await expect(engine.execute([simpleQuery('SELECT 1')])).rejects.toMatchObject({ code: '57P03' });
    },
    LONG_MS,
  );

  it(
    'confirms nothing after it could not write its log of changes, but stops',
    async () => {
      const db = database();
      const client = await connected(db);
      await client.query('CREATE TABLE t (id int)');
      rmSync(join(directory, 'pg_wal'), { recursive: true });
      const filling = async () => {
        for (let i = 0; i < 20; i += 1) {
          await client.query('INSERT INTO t SELECT g FROM generate_series(1, 20000) g');
          await client.query('SELECT pg_switch_wal()');
        }
      };
      await expect(filling()).rejects.toThrow();
      expect(db.failedBecause?.message).toMatch(/PANIC/);
      await expect(client.query('SELECT 1')).rejects.toThrow();
    },
    LONG_MS,
  );

  it(
    'works again after it was closed and started anew',
    async () => {
      const db = database();
      const engine = await db.start();
      endThread(engine);
      await db.close();
      expect(db.failedBecause).toBeNull();
      const client = await connected(db);
      expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    },
    LONG_MS,
  );
});

describe('the queue for the session', () => {
  it(
    'leaves the event loop free while a statement runs',
    async () => {
      const client = await connected(database());
      let ticks = 0;
      const ticking = setInterval(() => (ticks += 1), 5);
      await client.query('SELECT count(*) FROM generate_series(1, 2000000)');
      clearInterval(ticking);
      expect(ticks).toBeGreaterThan(10);
    },
    LONG_MS,
  );

  it(
    'lets one who hangs up while waiting neither run nor block the others',
    async () => {
      const db = database();
      const [holder, impatient, next] = await Promise.all([connected(db), connected(db), connected(db)]);
      await holder.query('CREATE TABLE t (id int)');
      await holder.query('BEGIN');
      const given = impatient.query('INSERT INTO t VALUES (1)').catch((error: unknown) => error);
      const patient = next.query('SELECT count(*)::int AS n FROM t');
      await sleep(20);
      (impatient as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      expect(await given).toBeInstanceOf(Error);
      await holder.query('COMMIT');
      expect((await patient).rows).toEqual([{ n: 0 }]);
    },
    LONG_MS,
  );
});

describe('upkeep', () => {
  it(
    'writes a checkpoint once enough was written, so that the log of changes stays short',
    async () => {
      const db = database();
      const client = await connected(db);
      const upkeep = new EmbeddedUpkeep(await connected(db));
      expect(await upkeep.checkpointIfDue()).toBe(false);
      await client.query('CREATE TABLE t (s text)');
      for (let i = 0; i < 10; i += 1) {
        await client.query(`INSERT INTO t SELECT repeat('x', 400) FROM generate_series(1, 10000)`);
      }
      expect(await upkeep.checkpointIfDue()).toBe(true);
      expect(await upkeep.checkpointIfDue()).toBe(false);
      await upkeep.stop();
    },
    LONG_MS,
  );

  it(
    'vacuums tables whose rows were changed, as nobody else does',
    async () => {
      const db = database();
      const client = await connected(db);
      const upkeep = new EmbeddedUpkeep(await connected(db));
      await client.query('CREATE TABLE "Hot ones" (id int PRIMARY KEY, n int)');
      await client.query('INSERT INTO "Hot ones" SELECT g, 0 FROM generate_series(1, 100) g');
      for (let i = 0; i < 20; i += 1) await client.query('UPDATE "Hot ones" SET n = n + 1');
      // Statistics are written down at most once a second, by the next statement.
      await sleep(1_100);
      await client.query('SELECT 1');
      expect(await upkeep.vacuumIfDue()).toContain('public."Hot ones"');
      await sleep(1_100);
      await client.query('SELECT 1');
      expect(await upkeep.vacuumIfDue()).not.toContain('public."Hot ones"');
      await upkeep.stop();
    },
    LONG_MS,
  );
});

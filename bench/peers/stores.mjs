/** PostgreSQL and Redis for the bench: given by the environment, or started for this run. Databases are made fresh and dropped. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import pg from 'pg';

const LOCAL = new URL('../../scripts/local-servers.mjs', import.meta.url);

export async function openStores(cores) {
  const opened = await findServers();
  if (opened.absent !== undefined) return { absent: opened.absent, stop: async () => {} };
  const made = [];
  const accounts = await accountsOf(opened);
  if (opened.ours && cores.pinned) for (const pids of Object.values(accounts)) moveTo(cores.stores, pids);
  return {
    absent: null,
    redisUrl: opened.redisUrl,
    accounts,
    async newDatabase() {
      const name = `omnigate_bench_${process.pid}_${made.length}`;
      await onServer(opened.databaseUrl, `CREATE DATABASE ${name}`);
      made.push(name);
      const url = new URL(opened.databaseUrl);
      url.pathname = `/${name}`;
      return { name, url: url.href };
    },
    async stop() {
      for (const name of opened.ours ? [] : made) {
        await onServer(opened.databaseUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`).catch(() => {});
      }
      await opened.stop();
    },
  };
}

async function findServers() {
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = process.env;
  if (databaseUrl && redisUrl) return { databaseUrl, redisUrl, stop: async () => {} };
  if (!existsSync(LOCAL)) return { absent: 'DATABASE_URL and REDIS_URL are not set' };
  try {
    const { startLocalServers } = await import(LOCAL.href);
    const servers = await startLocalServers();
    if (servers.databaseUrl && servers.redisUrl) {
      return { ...servers, stop: () => servers.stop(), ours: true };
    }
    await servers.stop();
    return { absent: 'PostgreSQL or Redis is not installed, and DATABASE_URL and REDIS_URL are not set' };
  } catch (error) {
    return { absent: `PostgreSQL and Redis could not be started: ${error.message}` };
  }
}

/** One statement on a connection of its own; `use` sees its result before the connection is closed. */
async function onServer(url, sql, use = (result) => result) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  // A server that goes away in the middle fails the statement; it must not end the bench.
  client.on('error', () => {});
  await client.connect();
  try {
    return use(await client.query(sql));
  } finally {
    await client.end();
  }
}

/** Process ids of servers on this machine, for their own line in the table; none when they run elsewhere. */
async function accountsOf({ databaseUrl, redisUrl }) {
  const accounts = {};
  try {
    const postmaster = await onServer(databaseUrl, 'SELECT pg_backend_pid() AS pid', ({ rows }) =>
      parentOf(rows[0].pid),
    );
    if (postmaster !== null) accounts.postgres = [postmaster];
  } catch {
    // A server out of sight has no account.
  }
  const redis = await redisPid(redisUrl);
  if (redis !== null) accounts.redis = [redis];
  return accounts;
}

function parentOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    if (!/^Name:\s+postgres/m.test(status)) return null;
    return Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]);
  } catch {
    return null;
  }
}

async function redisPid(url) {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 5000,
    maxRetriesPerRequest: 1,
    retryStrategy: null,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    const pid = Number(/process_id:(\d+)/.exec(await client.info('server'))?.[1]);
    return /^Name:\s+redis/m.test(readFileSync(`/proc/${pid}/status`, 'latin1')) ? pid : null;
  } catch {
    return null;
  } finally {
    client.disconnect();
  }
}

/** Servers of this run stand beside the load, as if on another machine; what they fork later follows them. */
function moveTo(core, pids) {
  for (const pid of pids) spawnSync('taskset', ['-a', '-p', '-c', core, String(pid)], { stdio: 'ignore' });
}

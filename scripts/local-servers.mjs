/**
 * Throw-away PostgreSQL and Redis for tests: on free loopback ports, in temporary directories, with settings that trade
 * safety for speed, gone when the process ends. What is not installed is not started; servers named by TEST_DATABASE_URL
 * and TEST_REDIS_URL are used instead of own ones.
 *
 *     node scripts/local-servers.mjs -- <command…>
 */
import { spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 5_000;
const START_ATTEMPTS = 3;

/** Running servers and their directories, for the moment the process ends. */
const running = new Set();

/** @returns {Promise<{databaseUrl?: string, redisUrl?: string, stop(): Promise<void>}>} */
export async function startLocalServers() {
  const started = await Promise.allSettled([
    process.env.TEST_DATABASE_URL ? { url: process.env.TEST_DATABASE_URL } : startPostgres(),
    process.env.TEST_REDIS_URL ? { url: process.env.TEST_REDIS_URL } : startRedis(),
  ]);
  const stop = async () => {
    await Promise.all(started.map(({ value }) => value?.stop?.()));
  };
  const failed = started.find(({ status }) => status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const [database, redis] = started.map(({ value }) => value);
  return { ...(database && { databaseUrl: database.url }), ...(redis && { redisUrl: redis.url }), stop };
}

async function startPostgres() {
  const postgres = findProgram('postgres', postgresDirectories());
  const initdb = findProgram('initdb', postgresDirectories());
  if (!postgres || !initdb) return undefined;
  const directory = makeDirectory('postgres');
  // PostgreSQL refuses to run as root.
  const user = process.getuid?.() === 0 ? systemUser(['postgres', 'nobody']) : undefined;
  if (user) chownSync(directory, user.uid, user.gid);
  const data = join(directory, 'data');
  const server = { directory, child: undefined };
  running.add(server);
  try {
    const options = ['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
    await finished(run(initdb, options, user));
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      wal_level: 'minimal',
      max_wal_senders: '0',
      max_connections: '200',
      log_min_messages: 'fatal',
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const port = await onFreePort(async (candidate) => {
      server.child = run(postgres, ['-D', data, '-p', String(candidate), ...flags], user);
      await answers(server.child, candidate, postgresReady);
    });
    return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, stop: () => stopServer(server, 'SIGQUIT') };
  } catch (error) {
    await stopServer(server, 'SIGQUIT');
    throw error;
  }
}

async function startRedis() {
  const redis = findProgram('redis-server', []) ?? findProgram('valkey-server', []);
  if (!redis) return undefined;
  const directory = makeDirectory('redis');
  const server = { directory, child: undefined };
  running.add(server);
  try {
    const port = await onFreePort(async (candidate) => {
      const place = ['--port', String(candidate), '--bind', '127.0.0.1', '--dir', directory];
      server.child = run(redis, [...place, '--save', '', '--appendonly', 'no', '--loglevel', 'warning']);
      await answers(server.child, candidate, redisReady);
    });
    return { url: `redis://127.0.0.1:${port}`, stop: () => stopServer(server, 'SIGTERM') };
  } catch (error) {
    await stopServer(server, 'SIGTERM');
    throw error;
  }
}

/** The owner's process id is in the name: a directory may be removed by others only if that process is gone. */
function makeDirectory(server) {
  return mkdtempSync(join(tmpdir(), `omnigate-${server}-of-${process.pid}-`));
}

/** Debian keeps the server's programs out of the path. */
function postgresDirectories() {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  return [...versions.map((version) => join(debian, version, 'bin')), '/usr/local/pgsql/bin', '/opt/homebrew/bin'];
}

function findProgram(name, otherDirectories) {
  const directories = [...(process.env.PATH ?? '').split(delimiter), ...otherDirectories];
  return directories.map((directory) => join(directory, name)).find((path) => existsSync(path));
}

function systemUser(names) {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const entries = names.map((name) => lines.find((line) => line.startsWith(`${name}:`))?.split(':'));
  const entry = entries.find((fields) => fields !== undefined);
  if (!entry) throw new Error('PostgreSQL does not run as root and there is no user to run it as');
  return { name: entry[0], uid: Number(entry[2]), gid: Number(entry[3]) };
}

/** Starts a program that ends with this process even if this one is killed, where the system offers that. */
function run(program, args, user) {
  const setpriv = findProgram('setpriv', []);
  const env = { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', TZ: 'UTC' };
  const stdio = ['ignore', 'ignore', 'pipe'];
  const child = setpriv
    ? spawn(
        setpriv,
        [
          ...(user ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'] : []),
          ...['--pdeathsig=QUIT', '--', program, ...args],
        ],
        { env, stdio },
      )
    : spawn(program, args, { env, stdio, ...(user && { uid: user.uid, gid: user.gid }) });
  child.log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    child.log = (child.log + text).slice(-4000);
  });
  return child;
}

function finished(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${child.spawnfile}: ${child.log}`))));
  });
}

/** Somebody else may take a free port before the server does: then it is tried again with another. */
async function onFreePort(start) {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      await start(port);
      return port;
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function answers(child, port, isReady) {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`a server ended at once: ${child.log}`);
    if (await isReady(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  child.kill('SIGKILL');
  throw new Error(`a server did not answer within ${START_TIMEOUT_MS} ms: ${child.log}`);
}

/** Opens a session: a server that is still starting refuses it. */
function postgresReady(port) {
  const startup = Buffer.from('user\0postgres\0database\0postgres\0\0');
  const message = Buffer.concat([Buffer.alloc(8), startup]);
  message.writeInt32BE(message.length, 0);
  message.writeInt32BE(196_608, 4);
  return exchange(port, message, (reply) => reply.startsWith('R'));
}

function redisReady(port) {
  return exchange(port, 'PING\r\n', (reply) => reply.startsWith('+PONG'));
}

function exchange(port, message, isReady) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(message));
    socket.setTimeout(1000, () => socket.destroy());
    socket.once('data', (reply) => {
      resolve(isReady(reply.toString('latin1')));
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

async function stopServer(server, signal) {
  const { child } = server;
  if (child && child.exitCode === null && child.signalCode === null) {
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(impatience);
  }
  removeDirectory(server);
}

function removeDirectory(server) {
  rmSync(server.directory, { recursive: true, force: true, maxRetries: 5 });
  running.delete(server);
}

process.on('exit', () => {
  for (const server of [...running]) {
    server.child?.kill('SIGKILL');
    removeDirectory(server);
  }
});

/**
 * Runs a command to its end and answers its exit code. Signals are the command's to react to; this process waits for it.
 * @returns {Promise<number>}
 */
function runCommand(program, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env });
    const forward = (signal) => child.kill(signal);
    process.on('SIGINT', forward);
    process.on('SIGTERM', forward);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('SIGINT', forward);
      process.off('SIGTERM', forward);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

/**
 * Starts the servers, runs the command with their addresses in its environment and stops them.
 * @param {(servers: {databaseUrl?: string, redisUrl?: string}) => void} announce called before the command starts
 * @returns {Promise<number>} the command's exit code
 */
export async function runWithLocalServers(program, args, announce = () => undefined) {
  // Until there is a command to pass it on to, a signal ends this process, and that takes the servers along.
  const quit = (signal) => process.exit(128 + constants.signals[signal]);
  process.on('SIGINT', quit);
  process.on('SIGTERM', quit);
  const servers = await startLocalServers();
  process.off('SIGINT', quit);
  process.off('SIGTERM', quit);
  const env = { ...process.env };
  if (servers.databaseUrl) env.TEST_DATABASE_URL = servers.databaseUrl;
  if (servers.redisUrl) env.TEST_REDIS_URL = servers.redisUrl;
  try {
    announce(servers);
    return await runCommand(program, args, env);
  } finally {
    await servers.stop();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const separator = process.argv.indexOf('--');
  const [program, ...args] = separator < 0 ? [] : process.argv.slice(separator + 1);
  try {
    if (!program) throw new Error('usage: node scripts/local-servers.mjs -- <command…>');
    process.exitCode = await runWithLocalServers(program, args);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

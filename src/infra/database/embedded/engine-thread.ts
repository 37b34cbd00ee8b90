/**
 * The thread of the embedded database: PostgreSQL in WebAssembly (PGlite) over a directory. It imports nothing of the
 * service at run time, because tests start it from this very source, where Node resolves no `.js` to a `.ts`.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
} from 'node:fs';
import { renameSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { brotliDecompressSync } from 'node:zlib';
import { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';
import type { EngineOptions, EngineReply, EngineRequest } from './engine-messages.js';

/** Status of the exception by which PGlite unwinds the stack after an ordinary SQL error. */
const SQL_ERROR_STATUS = 100;
/** Lines of the server's own log that are kept to explain a failure. */
const MAX_LOG_LINES = 20;
const TAR_BLOCK_BYTES = 512;
const TAR_DIRECTORY = '5';

/** `--single` and `-j` as PGlite has them; its `-F` (no fsync) and `-O` (system tables may be altered) are left out. */
const START_PARAMETERS = [
  '--single',
  '-j',
  ...Object.entries({
    search_path: 'public',
    exit_on_error: 'false',
    log_checkpoints: 'false',
    max_worker_processes: '0',
    max_parallel_workers: '0',
    max_parallel_workers_per_gather: '0',
    max_parallel_maintenance_workers: '0',
    io_method: 'sync',
    shared_buffers: '16MB',
    wal_sync_method: 'fsync',
    jit: 'off',
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
];

/** The parts of the Emscripten module that are used. */
interface WasmModule {
  NODEFS: {
    stream_ops: { fsync?: (stream: OpenFile) => number };
    realPath(node: unknown): string;
  };
  _PostgresMainLoopOnce: () => void;
}
interface OpenFile {
  /** Descriptor of the real file; none for a directory. */
  readonly nfd?: number;
  readonly node: unknown;
}

/** The compiler's library for Node does not know it. */
const WEB_ASSEMBLY = (globalThis as unknown as { WebAssembly: { compile(bytes: Uint8Array): Promise<unknown> } })
  .WebAssembly;

const port = parentPort;
if (port === null) throw new Error('engine-thread is started as a worker thread only');
const reply = (message: EngineReply, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
const log: string[] = [];

/** PGlite's file system forgets fsync, so that COMMIT would not reach the disk; this one does it. */
class DurableNodeFS extends NodeFS {
  syncs = 0;

  override async init(...[database, options]: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const { emscriptenOpts } = await super.init(database, options);
    const install = (module: unknown) => {
      const { NODEFS } = module as WasmModule;
      NODEFS.stream_ops.fsync = (file) => this.sync(file.nfd ?? NODEFS.realPath(file.node));
    };
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [install, ...(emscriptenOpts.preRun ?? [])] } };
  }

  /** An error here ends the thread (see `failOnCrash`): after a failed fsync nothing can be promised any more. */
  private sync(file: number | string): number {
    this.syncs += 1;
    if (typeof file === 'number') fdatasyncSync(file);
    else syncDirectory(file);
    return 0;
  }
}

/** Results are read by `pg` on the other side: the types that PGlite would look up at the start are not needed. */
class RawPGlite extends PGlite {
  override _initArrayTypes(): Promise<void> {
    return Promise.resolve();
  }
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Puts the archived fresh database in place, whole or not at all. */
async function plantSeed(directory: string, seedFile: string): Promise<void> {
  const draft = `${directory}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  await unpackTar(brotliDecompressSync(readFileSync(seedFile)), draft);
  renameSync(draft, directory);
  syncDirectory(dirname(directory));
}

async function unpackTar(archive: Buffer, into: string): Promise<void> {
  const written: Promise<void>[] = [];
  const text = (from: number, length: number) => archive.toString('latin1', from, from + length).replace(/\0.*$/s, '');
  for (let at = 0; at < archive.length && archive[at] !== 0;) {
    const path = join(into, text(at, 100));
    const size = Number.parseInt(text(at + 124, 12), 8);
    const content = at + TAR_BLOCK_BYTES;
    if (text(at + 156, 1) === TAR_DIRECTORY) mkdirSync(path, { recursive: true, mode: 0o700 });
    else written.push(writeFile(path, archive.subarray(content, content + size), { mode: 0o600, flush: true }));
    at = content + Math.ceil(size / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
  }
  await Promise.all(written);
}

/** Says why and ends the thread at once: nothing may run on after a failure that PostgreSQL did not expect. */
function fail(error: unknown): never {
  const reason = error instanceof Error ? error.message : String(error);
  reply({ kind: 'failed', reason: [reason, ...log].join('\n  ') });
  process.exit(1);
}

/** PGlite carries on after any exception at all, a crash within a commit included. Only an SQL error may be carried on from. */
function failOnCrash(module: WasmModule): void {
  const loopOnce = module._PostgresMainLoopOnce;
  module._PostgresMainLoopOnce = () => {
    try {
      loopOnce();
    } catch (error) {
      if ((error as { status?: number }).status !== SQL_ERROR_STATUS) fail(error);
      throw error;
    }
  };
}

/**
 * A process killed between making PostgreSQL's lock file and writing it leaves one without a process id, at which PostgreSQL
 * would refuse to start for ever. The service has locked the directory itself, so that nobody is at work in it.
 */
function removeUnwrittenLock(directory: string): void {
  const file = join(directory, 'postmaster.pid');
  if (existsSync(file) && !/^-?\d/.test(readFileSync(file, 'latin1'))) rmSync(file);
}

async function open({ directory, seedFile }: EngineOptions): Promise<PGlite> {
  // Compiles on threads of its own while the files are written.
  const wasm = readFile(fileURLToPath(import.meta.resolve('@electric-sql/pglite/pglite.wasm'))).then((bytes) =>
    WEB_ASSEMBLY.compile(bytes),
  );
  const fresh = !existsSync(directory) || readdirSync(directory).length === 0;
  if (fresh && seedFile !== null && existsSync(seedFile)) {
    if (existsSync(directory)) rmSync(directory, { recursive: true });
    await plantSeed(directory, seedFile);
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  removeUnwrittenLock(directory);
  const files = new DurableNodeFS(directory);
  const database = new RawPGlite({
    fs: files,
    pgliteWasmModule: await wasm,
    startParams: START_PARAMETERS,
    initDbStartParams: ['--no-sync'],
    onStderr: (line: string) => {
      log.push(line);
      if (log.length > MAX_LOG_LINES) log.shift();
      return false;
    },
  });
  await database.waitReady;
  failOnCrash(database.Module);
  await compileParserOnce(database);
  const before = files.syncs;
  await database.exec(`SELECT pg_logical_emit_message(true, 'omnigate', 'start')`);
  if (files.syncs === before) throw new Error('a commit was not written to disk: the fsync hook does not work');
  return database;
}

/**
 * V8 compiles a function when it is first called and optimises it when it is hot. PostgreSQL's parser is one function so
 * large that optimising it takes a second and 600 MB, three times what the service needs otherwise, and gains little: it
 * alone is compiled while optimising is off. The flags are those of the process, hence the shortest possible time.
 */
async function compileParserOnce(database: PGlite): Promise<void> {
  const syntaxError = Uint8Array.from([...Buffer.from('Q\0\0\0\x06x\0', 'latin1')]);
  setFlagsFromString('--no-wasm-tier-up');
  setFlagsFromString('--no-wasm-dynamic-tiering');
  await execute(database, syntaxError);
  setFlagsFromString('--wasm-tier-up');
  setFlagsFromString('--wasm-dynamic-tiering');
  log.length = 0;
}

async function execute(database: PGlite, bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  await database.execProtocolRawStream(bytes, { syncToFs: false, onRawData: (part) => parts.push(part.slice()) });
  if (parts.length === 1 && parts[0] !== undefined) return parts[0] as Uint8Array<ArrayBuffer>;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

try {
  const database = await open(workerData as EngineOptions);
  let last: Promise<void> = Promise.resolve();
  const handle = async (request: EngineRequest) => {
    if (request.kind === 'execute') {
      const bytes = await execute(database, request.bytes);
      reply({ kind: 'answer', id: request.id, bytes }, [bytes.buffer]);
      return;
    }
    await database.close();
    reply({ kind: 'closed' });
    port.close();
  };
  port.on('message', (request: EngineRequest) => {
    last = last.then(() => handle(request)).catch(fail);
  });
  reply({ kind: 'ready' });
} catch (error) {
  fail(error);
}

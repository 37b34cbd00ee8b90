import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { EngineOptions, EngineReply, EngineRequest } from './engine-messages.js';

interface Call {
  readonly resolve: (bytes: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** The embedded database is gone: it could not start, has failed or was closed. `code` as of a server that does not take connections. */
export class EngineStoppedError extends Error {
  readonly code = '57P03';

  constructor(reason: string) {
    super(`The embedded database is not available: ${reason}`);
    this.name = 'EngineStoppedError';
  }
}

/** The thread that runs the database, so that no statement holds up the event loop of the service. */
export class EmbeddedEngine {
  /** Bounded by the callers: one request at a time, by whoever holds the session. */
  private readonly calls = new Map<number, Call>();
  private lastId = 0;
  private stopped: EngineStoppedError | null = null;
  private readonly exited: Promise<void>;

  private constructor(
    private readonly worker: Worker,
    private readonly onStop: (error: EngineStoppedError) => void,
  ) {
    this.exited = new Promise((resolve) => worker.once('exit', () => resolve()));
  }

  /**
   * Starts the thread and waits until the database takes requests.
   * @param onStop called once, when it stops for whatever reason.
   * @throws EngineStoppedError
   */
  static start(options: EngineOptions, onStop: (error: EngineStoppedError) => void): Promise<EmbeddedEngine> {
    // The same extension as this file: tests run the sources, and the thread is started by Node and not by jest.
    const file = import.meta.url.endsWith('.ts') ? './engine-thread.ts' : './engine-thread.js';
    const worker = new Worker(fileURLToPath(new URL(file, import.meta.url)), { workerData: options, execArgv: [] });
    return new Promise((resolve, reject) => {
      const engine = new EmbeddedEngine(worker, (error) => {
        reject(error);
        onStop(error);
      });
      worker.on('message', (reply: EngineReply) => {
        if (reply.kind === 'ready') resolve(engine);
        else engine.onReply(reply);
      });
      worker.once('error', (error: Error) => engine.stop(error.message));
      worker.once('exit', (code) => engine.stop(`its thread ended with code ${code}`));
    });
  }

  /**
   * Sends wire protocol messages and answers with what the database says to them.
   * @throws EngineStoppedError
   */
  execute(messages: readonly Uint8Array[]): Promise<Buffer> {
    if (this.stopped !== null) return Promise.reject(this.stopped);
    const id = (this.lastId += 1);
    const bytes = concat(messages);
    return new Promise((resolve, reject) => {
      this.calls.set(id, { resolve, reject });
      this.post({ kind: 'execute', id, bytes }, [bytes.buffer]);
    });
  }

  /** Closes the database cleanly: what waits is done first. */
  async close(): Promise<void> {
    if (this.stopped === null) this.post({ kind: 'close' });
    await this.exited;
  }

  private post(request: EngineRequest, transfer: ArrayBuffer[] = []): void {
    this.worker.postMessage(request, transfer);
  }

  private onReply(reply: Exclude<EngineReply, { kind: 'ready' }>): void {
    if (reply.kind === 'answer') {
      const call = this.calls.get(reply.id);
      this.calls.delete(reply.id);
      call?.resolve(Buffer.from(reply.bytes.buffer, reply.bytes.byteOffset, reply.bytes.byteLength));
      return;
    }
    this.stop(reply.kind === 'closed' ? 'it was closed' : reply.reason);
  }

  private stop(reason: string): void {
    if (this.stopped !== null) return;
    this.stopped = new EngineStoppedError(reason);
    for (const call of this.calls.values()) call.reject(this.stopped);
    this.calls.clear();
    this.onStop(this.stopped);
  }
}

/** One fresh buffer that may be given away: the messages of `pg` are views of buffers it uses again. */
function concat(messages: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(messages.reduce((sum, message) => sum + message.length, 0));
  let at = 0;
  for (const message of messages) {
    bytes.set(message, at);
    at += message.length;
  }
  return bytes;
}

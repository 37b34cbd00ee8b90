import { Duplex } from 'node:stream';
import type { EmbeddedEngine } from './embedded-engine.js';
import type { SessionRefusedError } from './session-queue.js';
import { type SessionQueue } from './session-queue.js';
import {
  commandComplete,
  errorResponse,
  isSessionStart,
  messageLength,
  queryText,
  readAnswer,
  readyForQuery,
  sessionStarted,
  SIMPLE_QUERY,
  simpleQuery,
  SYNC,
  TERMINATE,
  type Answer,
  type TransactionStatus,
} from './wire-messages.js';

/** What a socket needs of the database it is connected to. */
export interface EmbeddedEndpoint {
  readonly queue: SessionQueue;
  /** How long a transaction may lie idle before its connection is closed. */
  readonly idleTransactionTimeoutMs: number;
  start(): Promise<EmbeddedEngine>;
  deliver(notifications: Answer['notifications']): void;
  joined(socket: EmbeddedSocket): void;
  left(socket: EmbeddedSocket): void;
}

/** Largest request (SQL and parameters) that is taken, bytes. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;

/**
 * A connection of `pg` to the embedded database: a stream that looks like a TCP socket with a PostgreSQL server at its other
 * end. There is one session behind all of them. A connection takes it with the first message of a request and, as the server
 * itself says at the end of every answer whether a transaction is open, keeps it exactly as long as one is.
 *
 * Settings, temporary tables, advisory locks and named statements belong to the session and so are seen by all connections.
 * The data of `COPY … FROM STDIN` must be part of the request, and cursors read in portions (`Flush`) are not spoken.
 */
export class EmbeddedSocket extends Duplex {
  private inbox: Buffer = Buffer.alloc(0);
  private request: Buffer[] = [];
  private requestBytes = 0;
  private started = false;
  private engine: EmbeddedEngine | null = null;
  private status: TransactionStatus = 'I';
  private tail: Promise<void> = Promise.resolve();
  private idleTimer: NodeJS.Timeout | null = null;
  private readonly channels = new Set<string>();

  constructor(private readonly endpoint: EmbeddedEndpoint) {
    super({ allowHalfOpen: false });
  }

  /** As `net.Socket.connect`; where to is already known. */
  connect(): this {
    this.endpoint.start().then(
      (engine) => {
        if (this.destroyed) return;
        this.engine = engine;
        this.endpoint.joined(this);
        this.emit('connect');
      },
      (error: unknown) => this.destroy(error as Error),
    );
    return this;
  }

  // What `pg` calls on a TCP socket and means nothing here.
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  /** Hands on a notification if this connection listens on its channel. */
  notify(channel: string, message: Buffer): void {
    if (this.channels.has(channel) && !this.readableEnded) this.push(message);
  }

  override _read(): void {
    // Answers are pushed as they come: `pg` reads all the time and has one request under way.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    done(this.accept([chunk]));
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    done(this.accept(chunks.map(({ chunk }) => chunk)));
  }

  override _final(done: () => void): void {
    this.hangUp();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.endpoint.left(this);
    this.clearIdleTimer();
    void this.tail.then(() => this.abandonSession());
    done(error);
  }

  /** Cuts what was written into messages. */
  private accept(chunks: Buffer[]): Error | null {
    this.inbox = Buffer.concat([this.inbox, ...chunks]);
    for (;;) {
      const length = messageLength(this.inbox, !this.started);
      if (length !== null && this.requestBytes + length > MAX_REQUEST_BYTES) {
        return Object.assign(new Error(`the statement is larger than ${MAX_REQUEST_BYTES} bytes`), { code: '54000' });
      }
      if (length === null || this.inbox.length < length) return null;
      const message = this.inbox.subarray(0, length);
      this.inbox = this.inbox.subarray(length);
      this.onMessage(message);
    }
  }

  private onMessage(message: Buffer): void {
    if (!this.started) {
      this.started = isSessionStart(message);
      this.push(this.started ? sessionStarted() : Buffer.from('N'));
      return;
    }
    const type = message[0];
    if (type === TERMINATE) {
      this.hangUp();
      return;
    }
    this.request.push(message);
    this.requestBytes += message.length;
    if (type !== SYNC && type !== SIMPLE_QUERY) return;
    const request = this.request;
    this.request = [];
    this.requestBytes = 0;
    this.tail = this.tail.then(() => this.run(request));
  }

  private async run(request: Buffer[]): Promise<void> {
    if (this.isGone() || this.subscribe(request)) return;
    this.clearIdleTimer();
    try {
      await this.endpoint.queue.take(this);
    } catch (error) {
      const { code, message } = error as SessionRefusedError;
      this.push(Buffer.concat([errorResponse('ERROR', code, message), readyForQuery(this.status)]));
      return;
    }
    if (this.isGone()) {
      // It hung up while it waited.
      this.endpoint.queue.giveBack(this);
      return;
    }
    try {
      const answer = readAnswer(await this.execute(request));
      this.status = answer.status;
      if (answer.status === 'I') this.endpoint.queue.giveBack(this);
      else if (!this.isGone()) this.startIdleTimer();
      if (!this.isGone()) this.push(answer.data);
      this.endpoint.deliver(answer.notifications);
    } catch (error) {
      this.endpoint.queue.giveBack(this);
      this.destroy(error as Error);
    }
  }

  /** As a method, because it changes while something is awaited. */
  private isGone(): boolean {
    return this.destroyed;
  }

  private execute(request: Buffer[]): Promise<Buffer> {
    if (this.engine === null) return Promise.reject(new Error('the connection was used before it stood'));
    return this.engine.execute(request);
  }

  /**
   * Remembers what this connection listens to. UNLISTEN stays here, and this answers true: to the one session it would mean
   * that nobody listens any more.
   */
  private subscribe(request: Buffer[]): boolean {
    const [message] = request;
    if (message?.[0] !== SIMPLE_QUERY) return false;
    const match = /^\s*(UN)?LISTEN\s+("(?:[^"]|"")+"|\*|\w+)\s*;?\s*$/i.exec(queryText(message));
    const name = match?.[2];
    if (name === undefined) return false;
    const channel = name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
    if (match?.[1] === undefined) {
      this.channels.add(channel);
      return false;
    }
    if (channel === '*') this.channels.clear();
    else this.channels.delete(channel);
    this.push(Buffer.concat([commandComplete('UNLISTEN'), readyForQuery(this.status)]));
    return true;
  }

  private startIdleTimer(): void {
    this.idleTimer = setTimeout(() => {
      this.push(
        errorResponse(
          'FATAL',
          '25P03',
          'terminating connection due to idle-in-transaction timeout: it held up everybody',
        ),
      );
      this.hangUp();
    }, this.endpoint.idleTransactionTimeoutMs);
  }

  private clearIdleTimer(): void {
    if (this.idleTimer !== null) clearTimeout(this.idleTimer);
    this.idleTimer = null;
  }

  /** Says good-bye once every request has been answered. */
  private hangUp(): void {
    void this.tail.then(() => {
      if (!this.readableEnded && !this.destroyed) this.push(null);
    });
  }

  /** A connection that ends within a transaction rolls it back, as with a server. */
  private async abandonSession(): Promise<void> {
    if (!this.endpoint.queue.holds(this)) return;
    try {
      if (this.status !== 'I') await this.execute([simpleQuery('ROLLBACK')]);
    } catch {
      // The engine has stopped: there is nothing left to roll back.
    } finally {
      this.endpoint.queue.giveBack(this);
    }
  }
}

import type { Dispatcher } from 'undici';
import type { UrlOrigin } from './address-policy.js';
import { NoConnection } from './guarded-connector.js';
import type { TimeWatch, Watched } from './time-watch.js';

export interface UpstreamRequest {
  /** Scheme, host and port. */
  origin: string;
  /** Who gave the URL. */
  urlFrom: UrlOrigin;
  path: string;
  method: 'GET' | 'POST';
  /** Name, value, name, value… */
  headers: string[];
  body: Buffer | null;
  connectTimeoutMs: number;
  firstByteTimeoutMs: number;
  idleTimeoutMs: number;
}

/** The connections to one origin. */
export interface UpstreamLine {
  readonly dispatcher: Dispatcher;
  /** Connections made so far. */
  opened: number;
}

/** What went wrong on the way to or from an upstream. */
export type UpstreamFailure =
  /** No connection: refused, unreachable, name not found, forbidden address, connect time-out. */
  | 'unreachable'
  /** No connection became free in time. */
  | 'saturated'
  /** The connection broke. */
  | 'reset'
  /** A connection used before broke before any answer: the upstream may just have closed it for being idle. */
  | 'stale'
  /** The answer did not begin in time. */
  | 'first_byte_timeout'
  /** The answer fell silent. */
  | 'idle_timeout'
  /** What came is not HTTP, or its length is not what was announced. */
  | 'invalid';

export interface UpstreamListener {
  /** The request is being written: from here on the upstream may have it. Never told of one that was aborted before. */
  onSent(): void;
  onHead(status: number, headers: Record<string, string | string[] | undefined>): void;
  onData(chunk: Buffer): void;
  onEnd(): void;
  onFailure(failure: UpstreamFailure, error: Error): void;
  /** One of the others threw: the request is abandoned and nothing more will be heard. */
  onCrash(error: unknown): void;
}

const INVALID: ReadonlySet<string> = new Set(['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'UND_ERR_HEADERS_OVERFLOW']);
const BROKEN: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/**
 * One request under way. Back-pressure and abort go up through it; its listener hears what comes down. All its waits (for a
 * connection, for the first byte, for the next one) are bounded by the shared watch, not by timers of undici's.
 */
export class UpstreamCall implements Dispatcher.DispatchHandler, Watched {
  seat = -1;
  private controller: Dispatcher.DispatchController | null = null;
  private over = false;
  private openedBefore = 0;
  /** Sent on a connection that had been idle, which the upstream may have closed in the same moment. */
  private onUsedConnection = false;
  private answered = false;
  /** What is waited for began at this moment, on the monotonic clock. */
  private sinceMs = 0;
  /** Whether something came, or nothing could come, since the watch looked last. */
  private moved = false;
  private paused = false;

  constructor(
    private readonly request: UpstreamRequest,
    private readonly listener: UpstreamListener,
    private readonly line: UpstreamLine,
    private readonly watch: TimeWatch,
  ) {}

  start(): void {
    const { request } = this;
    this.openedBefore = this.line.opened;
    this.sinceMs = performance.now();
    this.watch.add(this);
    this.line.dispatcher.dispatch(
      {
        path: request.path,
        method: request.method,
        headers: request.headers,
        body: request.body,
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      this,
    );
  }

  check(nowMs: number): void {
    if (this.moved || this.paused) {
      this.moved = false;
      this.sinceMs = nowMs;
      return;
    }
    const waitedMs = nowMs - this.sinceMs;
    const { connectTimeoutMs, firstByteTimeoutMs, idleTimeoutMs } = this.request;
    if (this.controller === null) {
      if (waitedMs >= connectTimeoutMs + QUEUE_GRACE_MS) this.giveUp('saturated', 'no connection became free in time');
    } else if (!this.answered) {
      if (waitedMs >= firstByteTimeoutMs) this.giveUp('first_byte_timeout', 'the answer did not begin in time');
    } else if (waitedMs >= idleTimeoutMs) {
      this.giveUp('idle_timeout', 'the answer fell silent');
    }
  }

  pause(): void {
    this.paused = true;
    this.controller?.pause();
  }

  resume(): void {
    this.paused = false;
    this.moved = true;
    this.controller?.resume();
  }

  /** Ends the request at once; the listener hears nothing more. */
  abort(): void {
    if (this.over) return;
    this.settle();
    this.controller?.abort(ABORTED);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    this.onUsedConnection = this.line.opened === this.openedBefore;
    this.moved = true;
    if (this.over) controller.abort(ABORTED);
    else this.listener.onSent();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // An interim answer is no first byte: an upstream that sends them forever has not begun to answer.
    if (this.over || status < 200) return;
    this.answered = true;
    this.moved = true;
    try {
      this.listener.onHead(status, headers);
    } catch (error) {
      this.crash(error);
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.over) return;
    this.moved = true;
    try {
      this.listener.onData(chunk);
    } catch (error) {
      this.crash(error);
    }
  }

  onResponseEnd(): void {
    if (this.over) return;
    this.settle();
    try {
      this.listener.onEnd();
    } catch (error) {
      this.crash(error);
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(this.classify(error), error);
  }

  private fail(failure: UpstreamFailure, error: Error): void {
    if (this.over) return;
    this.settle();
    try {
      this.listener.onFailure(failure, error);
    } catch (crash) {
      this.crash(crash);
    }
  }

  private classify(error: Error): UpstreamFailure {
    if (error instanceof NoConnection) return 'unreachable';
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code.startsWith('HPE_') || INVALID.has(code)) return 'invalid';
    // undici fails what waits for a connection when that connection is reset; the request was not sent.
    if (this.controller === null) return BROKEN.has(code) ? 'stale' : 'unreachable';
    return this.onUsedConnection && !this.answered ? 'stale' : 'reset';
  }

  private crash(error: unknown): void {
    this.abort();
    this.listener.onCrash(error);
  }

  /** Ends the request for want of an answer. */
  private giveUp(failure: UpstreamFailure, reason: string): void {
    const { controller } = this;
    this.fail(failure, new Error(reason));
    controller?.abort(ABORTED);
  }

  private settle(): void {
    this.over = true;
    this.watch.delete(this);
  }
}

const QUEUE_GRACE_MS = 1000;
const ABORTED = new Error('aborted');

import type { Dispatcher } from 'undici';

export interface UpstreamRequest {
  /** Scheme, host and port. */
  origin: string;
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

const FAILURES: Readonly<Record<string, UpstreamFailure>> = {
  UND_ERR_HEADERS_TIMEOUT: 'first_byte_timeout',
  UND_ERR_BODY_TIMEOUT: 'idle_timeout',
  UND_ERR_CONNECT_TIMEOUT: 'unreachable',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'invalid',
  UND_ERR_HEADERS_OVERFLOW: 'invalid',
  UND_ERR_SOCKET: 'reset',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
};

/** One request under way. Back-pressure and abort go up through it; its listener hears what comes down. */
export class UpstreamCall implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | null = null;
  private queueTimer: NodeJS.Timeout | null = null;
  private over = false;
  private openedBefore = 0;
  /** Sent on a connection that had been idle, which the upstream may have closed in the same moment. */
  private onUsedConnection = false;
  private answered = false;

  constructor(
    private readonly request: UpstreamRequest,
    private readonly listener: UpstreamListener,
    private readonly line: UpstreamLine,
  ) {}

  start(): void {
    const { request } = this;
    this.openedBefore = this.line.opened;
    this.line.dispatcher.dispatch(
      {
        path: request.path,
        method: request.method,
        headers: request.headers,
        body: request.body,
        headersTimeout: request.firstByteTimeoutMs,
        bodyTimeout: request.idleTimeoutMs,
      },
      this,
    );
    // An idle connection starts the request at once; otherwise the wait for one is bounded here.
    if (this.controller === null && !this.over) {
      const wait = request.connectTimeoutMs + QUEUE_GRACE_MS;
      this.queueTimer = setTimeout(() => this.fail('saturated', new Error('no connection became free in time')), wait);
    }
  }

  pause(): void {
    this.controller?.pause();
  }

  resume(): void {
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
    this.clearQueueTimer();
    if (this.over) controller.abort(ABORTED);
    else this.listener.onSent();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.answered = true;
    if (this.over || status < 200) return;
    try {
      this.listener.onHead(status, headers);
    } catch (error) {
      this.crash(error);
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.over) return;
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
    const failure = classify(error, this.controller !== null);
    this.fail(failure === 'reset' && this.onUsedConnection && !this.answered ? 'stale' : failure, error);
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

  private crash(error: unknown): void {
    this.abort();
    this.listener.onCrash(error);
  }

  private settle(): void {
    this.over = true;
    this.clearQueueTimer();
  }

  private clearQueueTimer(): void {
    if (this.queueTimer === null) return;
    clearTimeout(this.queueTimer);
    this.queueTimer = null;
  }
}

const QUEUE_GRACE_MS = 1000;
const ABORTED = new Error('aborted');

function classify(error: Error, started: boolean): UpstreamFailure {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code.startsWith('HPE_')) return 'invalid';
  if (!started) return 'unreachable';
  return FAILURES[code] ?? 'reset';
}

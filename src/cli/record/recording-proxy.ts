import http, { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { CapturedExchange } from './captured-exchange.js';
import { ByteTape, TapeBudget } from './byte-tape.js';

/** What all exchanges under way may hold together for their recordings. */
const BUDGET_BYTES = 256 * 1024 * 1024;
const MAX_CONNECTIONS = 512;
/** Longest silence of an upstream. */
const IDLE_TIMEOUT_MS = 600_000;
/** How long a stop waits for exchanges under way. */
const STOP_TIMEOUT_MS = 5_000;
/** Between two hops only (RFC 9110, 7.6.1); and what the proxy says itself. */
const HOP_BY_HOP = /^(?:connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|expect)$/;

export interface RecordingProxyOptions {
  readonly upstream: URL;
  readonly port: number;
  /** Largest body that is recorded, bytes. */
  readonly maxBodyBytes: number;
  /** An exchange that has ended. */
  readonly onExchange: (exchange: CapturedExchange) => void;
  /** Something that will not be recorded, and why. */
  readonly onLoss: (what: string) => void;
}

/** Passes calls on to one upstream and the answers back, bodies byte for byte, and keeps a copy of what passed. Local callers only. */
export class RecordingProxy {
  readonly #server: Server;
  readonly #budget = new TapeBudget(BUDGET_BYTES);
  readonly #agent: http.Agent;
  readonly #running = new Set<Promise<void>>();

  private constructor(private readonly options: RecordingProxyOptions) {
    const agents = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
    this.#agent = options.upstream.protocol === 'https:' ? new https.Agent(agents) : new http.Agent(agents);
    this.#server = createServer((request, response) => this.#run(request, response));
    this.#server.maxConnections = MAX_CONNECTIONS;
    // A caller may think as long over a request as over a stream.
    this.#server.requestTimeout = 0;
  }

  static async start(options: RecordingProxyOptions): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(options.port, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Takes no further call, waits a moment for those under way, then cuts them off; all are recorded as far as they came. */
  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeIdleConnections();
    const late = setTimeout(() => this.#server.closeAllConnections(), STOP_TIMEOUT_MS);
    await Promise.all(this.#running);
    clearTimeout(late);
    this.#server.closeAllConnections();
    this.#agent.destroy();
  }

  #run(request: IncomingMessage, response: ServerResponse): void {
    const ended = new Promise<void>((resolve) => {
      new Relay(this.options, this.#budget, this.#agent, resolve).start(request, response);
    });
    this.#running.add(ended);
    void ended.then(() => this.#running.delete(ended));
  }
}

/** One exchange on its way. */
class Relay {
  readonly #request: ByteTape;
  readonly #response: ByteTape;
  #answered = false;
  #ended = false;

  constructor(
    private readonly options: RecordingProxyOptions,
    budget: TapeBudget,
    private readonly agent: http.Agent,
    private readonly onEnd: () => void,
  ) {
    this.#request = new ByteTape(options.maxBodyBytes, budget);
    this.#response = new ByteTape(options.maxBodyBytes, budget);
  }

  start(request: IncomingMessage, response: ServerResponse): void {
    const { upstream } = this.options;
    const path = upstream.pathname.replace(/\/+$/, '') + (request.url ?? '/');
    const send = upstream.protocol === 'https:' ? https.request : http.request;
    const onward = send({
      host: upstream.hostname.replace(/^\[|\]$/g, ''),
      ...(upstream.port !== '' && { port: upstream.port }),
      agent: this.agent,
      method: request.method,
      path,
      headers: onwardHeaders(request, upstream.host),
      setHost: false,
      timeout: IDLE_TIMEOUT_MS,
    });
    onward.on('timeout', () => onward.destroy(new Error('the upstream was silent for too long')));
    onward.on('error', (error) => this.#failed(response, error));
    onward.on('response', (answer) => this.#answer(request, response, answer, path));
    request.on('data', (chunk: Buffer) => this.#request.add(chunk));
    request.on('error', () => onward.destroy());
    request.pipe(onward);
    response.once('close', () => {
      onward.destroy();
      if (!this.#answered) this.#end(null, response.writableFinished ? null : 'the caller left before the answer');
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse, answer: IncomingMessage, path: string): void {
    const capture = (cut: string | null): void => this.#end(this.#captured(request, answer, path, cut), cut);
    this.#answered = true;
    response.sendDate = false;
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, passedOn(answer.rawHeaders));
    response.flushHeaders();
    response.once('close', () => capture('the caller left'));
    answer.on('data', (chunk: Buffer) => this.#response.add(chunk));
    answer.on('end', () => {
      if (answer.complete) response.once('finish', () => capture(null));
    });
    answer.on('close', () => {
      if (answer.complete) return;
      capture('the upstream broke off');
      // What came before still goes to the caller, and no end of the body.
      response.socket?.destroySoon();
    });
    answer.on('error', () => undefined);
    answer.pipe(response);
  }

  #captured(request: IncomingMessage, answer: IncomingMessage, path: string, cut: string | null): CapturedExchange {
    return {
      method: request.method ?? 'GET',
      host: this.options.upstream.host,
      path,
      requestHeaders: request.rawHeaders,
      requestBody: Buffer.concat(this.#request.chunks),
      status: answer.statusCode ?? 0,
      responseHeaders: answer.rawHeaders,
      responseChunks: this.#response.chunks,
      cut,
    };
  }

  #failed(response: ServerResponse, error: Error): void {
    // With an answer under way, its end tells the same.
    if (this.#ended || this.#answered) return;
    this.options.onLoss(`no answer: ${error.message}`);
    response.writeHead(502, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({ error: { message: `the upstream cannot be reached: ${error.message}`, type: 'api_error' } }),
    );
  }

  #end(captured: CapturedExchange | null, cut: string | null): void {
    if (this.#ended) return;
    this.#ended = true;
    const tooLarge = this.#request.overflowed || this.#response.overflowed;
    if (tooLarge) this.options.onLoss('a body larger than is recorded');
    else if (captured !== null) this.options.onExchange(captured);
    else if (cut !== null) this.options.onLoss(cut);
    this.#request.drop();
    this.#response.drop();
    this.onEnd();
  }
}

/** What the caller sent, for the upstream's host, and asking for bytes that are not packed. */
function onwardHeaders(request: IncomingMessage, host: string): string[] {
  const headers = ['host', host];
  const passed = passedOn(request.rawHeaders);
  for (let index = 0; index < passed.length; index += 2) {
    const [name = '', value = ''] = passed.slice(index, index + 2);
    if (!/^(?:host|accept-encoding)$/i.test(name)) headers.push(name, value);
  }
  headers.push('accept-encoding', 'identity');
  if (request.headers['transfer-encoding'] !== undefined) headers.push('transfer-encoding', 'chunked');
  return headers;
}

/** Headers but those between two hops. */
function passedOn(raw: readonly string[]): string[] {
  const named = new Set<string>();
  for (let index = 0; index < raw.length; index += 2) {
    if (/^connection$/i.test(raw[index] ?? ''))
      (raw[index + 1] ?? '').split(',').forEach((name) => named.add(name.trim().toLowerCase()));
  }
  return raw.flatMap((text, index) => {
    if (index % 2 === 1) return [];
    const name = text.toLowerCase();
    return HOP_BY_HOP.test(name) || named.has(name) ? [] : [text, raw[index + 1] ?? ''];
  });
}

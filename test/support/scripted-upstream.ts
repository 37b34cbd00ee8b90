import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A call as the upstream received it. */
export interface ReceivedCall {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
  /** The parsed body; `null` when it is not JSON. */
  body: Record<string, any>;
  /** Resolves when the gateway closed the connection before the answer was complete. */
  abandoned: Promise<void>;
}

export type Script = (call: ReceivedCall, response: ServerResponse) => void | Promise<void>;

export interface StreamOptions {
  /** Cuts the bytes into pieces of this size, regardless of events. */
  chunkBytes?: number;
  delayMs?: number;
  /** Goes silent after this many pieces. */
  stallAfter?: number;
  /** Destroys the connection after this many pieces. */
  cutAfter?: number;
  /** Ends cleanly after this many pieces. */
  endAfter?: number;
  contentType?: string;
}

export const ANSWER = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'upstream-model',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello! How can I help?' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 8, total_tokens: 18 },
};

/** One chunk of a stream, as text of its event. */
export function chunk(delta: object, rest: Record<string, unknown> = {}, finishReason: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finishReason }];
  return event({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'upstream-model',
    choices,
    ...rest,
  });
}

export const event = (data: unknown): string => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
export const DONE = 'data: [DONE]\n\n';

/** The stream that the older gateways' mock upstream sends. */
export const STREAM = [
  chunk({ role: 'assistant', content: 'Hello' }),
  chunk({ content: '!' }),
  chunk({ content: ' How' }),
  chunk({ content: ' can' }),
  chunk({ content: ' I help?' }),
  chunk({}, {}, 'stop'),
  chunk({}, { choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } }),
  DONE,
];

/** A real HTTP server that plays a vendor: every call runs the script in force, and is kept for inspection. */
export class ScriptedUpstream {
  readonly calls: ReceivedCall[] = [];
  /** Request ids of all calls whose headers came, also where the caller broke off before the rest. */
  readonly arrived = new Set<string>();
  readonly healthChecks: number[] = [];
  /** What `/health` answers. */
  healthStatus = 200;
  private script: Script = (_call, response) => answerJson(response, 200, ANSWER);
  private readonly sockets = new Set<Socket>();
  private server: Server;
  private port = 0;

  private constructor() {
    this.server = this.createServer();
  }

  static async start(port = 0): Promise<ScriptedUpstream> {
    const upstream = new ScriptedUpstream();
    await upstream.listen(port);
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  will(script: Script): this {
    this.script = script;
    return this;
  }

  willAnswer(body: unknown = ANSWER, status = 200, headers: Record<string, string> = {}): this {
    return this.will((_call, response) => answerJson(response, status, body, headers));
  }

  willStream(events: readonly string[] = STREAM, options: StreamOptions = {}): this {
    return this.will((_call, response) => streamTo(response, events, options));
  }

  /** Takes the call and never answers. */
  willHang(): this {
    return this.will(() => undefined);
  }

  /** Streams when asked to, answers whole otherwise. */
  willBehave(): this {
    return this.will((call, response) =>
      call.body['stream'] === true ? streamTo(response, STREAM, {}) : answerJson(response, 200, ANSWER),
    );
  }

  /** Stops listening and drops every connection; `listen` brings it back on the same port. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  async listen(port = this.port): Promise<void> {
    if (!this.server.listening) this.server = this.createServer();
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Waits until `count` calls have come. */
  async received(count: number, timeoutMs = 5000): Promise<ReceivedCall[]> {
    const deadline = Date.now() + timeoutMs;
    while (this.calls.length < count) {
      if (Date.now() > deadline) throw new Error(`${this.calls.length} of ${count} calls came within ${timeoutMs} ms`);
      await sleep(5);
    }
    return this.calls;
  }

  private createServer(): Server {
    const server = createServer((request, response) => {
      this.handle(request, response).catch(() => response.destroy());
    });
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    return server;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/health') {
      this.healthChecks.push(Date.now());
      response.writeHead(this.healthStatus).end();
      return;
    }
    this.arrived.add(String(request.headers['x-request-id']));
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const text = Buffer.concat(pieces).toString('utf8');
    const abandoned = new Promise<void>((resolve) => {
      response.once('close', () => {
        if (!response.writableFinished) resolve();
      });
    });
    const call = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      text,
      body: parse(text),
      abandoned,
    };
    this.calls.push(call);
    await this.script(call, response);
  }
}

function parse(text: string): Record<string, any> {
  try {
    return JSON.parse(text) as Record<string, any>;
  } catch {
    return {};
  }
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

export async function streamTo(
  response: ServerResponse,
  events: readonly string[],
  options: StreamOptions,
): Promise<void> {
  response.writeHead(200, { 'content-type': options.contentType ?? 'text/event-stream' });
  const pieces =
    options.chunkBytes === undefined ? events.map((text) => Buffer.from(text)) : cut(events, options.chunkBytes);
  for (const [index, piece] of pieces.entries()) {
    if (index === options.stallAfter) return;
    if (index === options.endAfter) break;
    if (index === options.cutAfter) {
      response.destroy();
      return;
    }
    if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve));
    if (options.delayMs !== undefined) await sleep(options.delayMs);
    else if (options.chunkBytes !== undefined || options.cutAfter !== undefined)
      await new Promise((resolve) => setImmediate(resolve));
  }
  response.end();
}

function cut(events: readonly string[], size: number): Buffer[] {
  const bytes = Buffer.from(events.join(''));
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_unused, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

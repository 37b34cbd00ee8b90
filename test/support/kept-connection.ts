import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

export interface KeptAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** One connection to a gateway on which requests follow one another, as a client with keep-alive or a prober has it. */
export class KeptConnection {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
  private socket: Socket | null = null;

  constructor(
    private readonly url: string,
    private readonly headers: Record<string, string> = {},
  ) {}

  /** Resolves with the whole answer; rejects when the connection broke before its end. */
  async ask(method: string, path: string, body?: unknown): Promise<KeptAnswer> {
    return read(await this.begin(method, path, body));
  }

  /** Resolves when the answer's head is there. */
  begin(method: string, path: string, body?: unknown): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing = request(this.url + path, {
        method,
        agent: this.agent,
        headers: { ...this.headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      });
      outgoing.once('socket', (socket) => {
        if (this.socket !== null && this.socket !== socket) outgoing.destroy(new Error('the connection was not kept'));
        this.socket = socket;
      });
      outgoing.once('response', resolve);
      outgoing.once('error', reject);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

/** Reads an answer to its end; rejects when it was cut off. */
export async function read(message: IncomingMessage): Promise<KeptAnswer> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece as Buffer);
  if (!message.complete) throw new Error('the answer was cut off');
  return { status: message.statusCode ?? 0, headers: message.headers, text: Buffer.concat(pieces).toString('utf8') };
}

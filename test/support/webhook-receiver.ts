import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A real HTTP server that takes webhooks and keeps them. */
export class WebhookReceiver {
  readonly events: { headers: Record<string, unknown>; body: any; path: string }[] = [];
  /** Statuses of the answers to come; 204 afterwards. */
  readonly answers: number[] = [];
  /** How long the next answer is kept back, ms. */
  pauseMs = 0;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<WebhookReceiver> {
    const server = createServer();
    const receiver = new WebhookReceiver(server);
    server.on('request', (request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      request.on('end', () => {
        receiver.events.push({ headers: request.headers, body: JSON.parse(text), path: request.url ?? '' });
        const status = receiver.answers.shift() ?? 204;
        setTimeout(() => response.writeHead(status).end(), receiver.pauseMs);
        receiver.pauseMs = 0;
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook?token=t`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

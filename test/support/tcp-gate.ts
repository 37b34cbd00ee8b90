import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can be shut (connections break, new ones are refused) and frozen (nothing gets through any more). */
export class TcpGate {
  private readonly sockets = new Set<Socket>();
  private server: Server | null = null;
  private frozen = false;
  port = 0;

  constructor(
    private readonly host: string,
    private readonly targetPort: number,
  ) {}

  async open(): Promise<void> {
    this.server = createServer((caller) => {
      const target = connect(this.targetPort, this.host);
      for (const [from, to] of [
        [caller, target],
        [target, caller],
      ] as const) {
        this.sockets.add(from);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
        if (this.frozen) from.pause();
      }
    });
    await new Promise<void>((resolve, reject) => {
      this.server?.once('error', reject).listen(this.port, '127.0.0.1', resolve);
    });
    this.port = (this.server.address() as { port: number }).port;
  }

  async shut(): Promise<void> {
    const closed = new Promise((resolve) => this.server?.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  freeze(): void {
    this.frozen = true;
    for (const socket of this.sockets) socket.pause();
  }

  thaw(): void {
    this.frozen = false;
    for (const socket of this.sockets) socket.resume();
  }
}

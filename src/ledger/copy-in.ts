/** The part of `pg`'s wire connection that a COPY needs. */
interface PgConnection {
  stream: { cork?(): void; uncork?(): void };
  parse(query: { text: string }): void;
  bind(portal: object): void;
  execute(portal: object): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
  sync(): void;
}

interface PgClient {
  query(submittable: CopyIn): unknown;
}

/**
 * Runs `COPY … FROM STDIN` with `lines`, each ended by a line feed, on a connected client of `pg`. The data follows the
 * statement without waiting for the server's leave, up to the Sync that ends the request: one round trip, and it can be
 * passed on as a whole by the embedded store. A server that refuses the statement skips to the Sync.
 */
export function copyIn(client: object, sql: string, lines: string): Promise<void> {
  return new Promise((resolve, reject) => {
    (client as PgClient).query(new CopyIn(sql, lines, (error) => (error ? reject(error) : resolve())));
  });
}

/** A query object for `pg`'s `client.query`, which calls these methods as the server's messages arrive. */
class CopyIn {
  private failed = false;

  constructor(
    private readonly sql: string,
    private readonly lines: string,
    /** `pg` wraps this one to keep its read timeout. */
    public callback: (error: Error | null) => void,
  ) {}

  submit(connection: PgConnection): void {
    connection.stream.cork?.();
    connection.parse({ text: this.sql });
    connection.bind({});
    connection.execute({});
    connection.sendCopyFromChunk(Buffer.from(this.lines, 'utf8'));
    connection.endCopyFrom();
    connection.sync();
    connection.stream.uncork?.();
  }

  handleError(error: Error): void {
    this.failed = true;
    this.callback(error);
  }

  handleReadyForQuery(): void {
    if (!this.failed) this.callback(null);
  }

  handleCopyInResponse(): void {}
  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}

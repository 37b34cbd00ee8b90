import pg from 'pg';

/** Statements that may wait for a connection at once; more are refused. */
const MAX_WAITING = 10_000;
const TOO_MANY_CONNECTIONS = '53300';

type ConnectCallback = NonNullable<Parameters<pg.Pool['connect']>[0]>;
type EndCallback = NonNullable<Parameters<pg.Pool['end']>[0]>;

/** `pg`'s pool with a bound on its queue, and an SQLSTATE on the error of those who waited in vain. */
export class BoundedPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | void {
    if (callback === undefined) {
      return new Promise((resolve, reject) => {
        this.connect((error, client) => {
          if (client === undefined) reject(error ?? new Error('the pool gave no connection'));
          else resolve(client);
        });
      });
    }
    if (this.waitingCount >= MAX_WAITING) {
      callback(coded(new Error(`${MAX_WAITING} statements already wait for a database connection`)), undefined, noop);
      return;
    }
    super.connect((error, client, done) => callback(error && coded(error), client, done));
  }
}

/** The `pg` module with another pool, as TypeORM's `driver` wants it. */
export function driverWith(Pool: typeof BoundedPool): object {
  return { ...pg, Pool };
}

/** A pool that runs `afterEnd` when all of its connections are closed. */
export function poolThatCloses(afterEnd: () => Promise<void>): typeof BoundedPool {
  return class extends BoundedPool {
    override end(): Promise<void>;
    override end(callback: EndCallback): void;
    override end(callback?: EndCallback): Promise<void> | void {
      const ended = super.end().then(afterEnd);
      if (callback === undefined) return ended;
      ended.then(() => callback(), callback as (error: unknown) => void);
    }
  };
}

function coded(error: Error): Error {
  const unnamed = !('code' in error) && /timeout exceeded|already wait/.test(error.message);
  return unnamed ? Object.assign(error, { code: TOO_MANY_CONNECTIONS }) : error;
}

const noop = (): void => undefined;

import type pg from 'pg';
import type { Config } from '../../config/config.js';
import { BoundedPool, driverWith } from './bounded-pool.js';
import { DatabaseHome, type PostgresOptions } from './database-home.js';

const KEEP_ALIVE_AFTER_MS = 10_000;
/** How much longer than the server's own limit a connection may be silent before it counts as dead. */
const SILENCE_MARGIN_MS = 5_000;
const MAX_IDLE_MS = 10_000;

/** A PostgreSQL server, shared by any number of replicas. */
export class PostgresHome extends DatabaseHome {
  override readonly kind = 'postgres';
  override readonly overNetwork = true;
  private readonly url: string;

  constructor(
    url: string,
    private readonly config: Pick<Config, 'database'>,
  ) {
    super();
    this.url = withLibpqMeaning(url);
  }

  override dataSourceOptions(): PostgresOptions {
    const { poolSize, timeoutMs } = this.config.database;
    return {
      ...this.commonOptions(),
      poolSize,
      driver: driverWith(poolThatDropsSilentConnections(timeoutMs + SILENCE_MARGIN_MS)),
      extra: {
        ...KEEP_ALIVE,
        statement_timeout: timeoutMs,
        idle_in_transaction_session_timeout: timeoutMs,
        idleTimeoutMillis: Math.min(MAX_IDLE_MS, timeoutMs),
      },
    };
  }

  override maintenanceOptions(): PostgresOptions {
    return { ...this.commonOptions(), poolSize: 1, driver: driverWith(BoundedPool), extra: KEEP_ALIVE };
  }

  override clientConfig(): pg.ClientConfig {
    return {
      connectionString: this.url,
      application_name: 'omnigate-listener',
      connectionTimeoutMillis: Math.min(MAX_IDLE_MS, this.config.database.timeoutMs),
      ...KEEP_ALIVE,
    };
  }

  override failedBecause(): null {
    return null;
  }

  override start(): Promise<void> {
    return Promise.resolve();
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }

  private commonOptions(): PostgresOptions {
    return {
      type: 'postgres',
      url: this.url,
      applicationName: 'omnigate',
      connectTimeoutMS: this.config.database.timeoutMs,
      poolErrorHandler: () => undefined,
      installExtensions: false,
      synchronize: false,
      logging: false,
    };
  }
}

const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS };

/**
 * Within `maxSilenceMs` a server answers or gives up a statement by itself. A connection that is silent for longer has lost
 * its server, and as nothing says so, whoever waits on it would wait for as long as TCP tries.
 */
function poolThatDropsSilentConnections(maxSilenceMs: number): typeof BoundedPool {
  return class extends BoundedPool {
    constructor(options?: pg.PoolConfig) {
      super(options);
      this.on('connect', (client) => {
        const { stream } = (client as unknown as { connection: { stream: import('node:net').Socket } }).connection;
        stream.setTimeout(maxSilenceMs, () => {
          const error = new Error(`The database connection was silent for ${maxSilenceMs} ms.`);
          stream.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
        });
      });
    }
  };
}

/** `sslmode` means what it means to `psql`: `require` encrypts, `verify-full` also checks the certificate. */
function withLibpqMeaning(url: string): string {
  return /[?&]sslmode=/.test(url) && !/[?&]uselibpqcompat=/.test(url) ? `${url}&uselibpqcompat=true` : url;
}

import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Cluster, Redis } from 'ioredis';
import type { Config } from '../../config/config.js';
import { describeRedis, parseRedisUrl, type RedisAddress } from './redis-url.js';

export type RedisClient = Redis | Cluster;

const CONNECT_TIMEOUT_MS = 2_000;
/** A socket that owes an answer for so long is dead: it is dropped and another one opened. */
const SILENCE_MS = 2_000;
const LONGEST_RETRY_MS = 2_000;
const QUIT_TIMEOUT_MS = 500;
const LOG_EVERY_MS = 10_000;

/** The connection of this process to Redis, opened at once and kept open; `client` is `null` when no Redis is configured. */
export class RedisConnection implements OnApplicationShutdown {
  readonly client: RedisClient | null;
  private readonly logger = new Logger('Redis');
  private lastLogAt = Number.NEGATIVE_INFINITY;
  private up = false;

  constructor(settings: Pick<Config['redis'], 'url'>) {
    this.client = settings.url === null ? null : this.open(parseRedisUrl(settings.url));
  }

  /** Says goodbye, or hangs up when Redis does not answer. */
  async onApplicationShutdown(): Promise<void> {
    const { client } = this;
    if (client === null || client.status === 'end') return;
    this.up = false;
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, QUIT_TIMEOUT_MS);
    });
    const ended = new Promise((resolve) => client.once('end', resolve));
    client.quit().catch(() => client.disconnect());
    await Promise.race([ended, tooLong]);
    clearTimeout(timer);
    if ((client.status as string) !== 'end') client.disconnect();
  }

  private open(address: RedisAddress): RedisClient {
    const client = connect(address);
    const where = describeRedis(address);
    client.on('ready', () => {
      this.up = true;
      this.logger.log(`connected, ${where}`);
    });
    client.on('close', () => {
      if (this.up) this.logger.warn(`connection lost, ${where}`);
      this.up = false;
    });
    // Without a listener ioredis writes every failed attempt to the console.
    client.on('error', (error: Error) => this.complain(where, error));
    return client;
  }

  private complain(where: string, error: Error): void {
    const now = performance.now();
    if (now - this.lastLogAt < LOG_EVERY_MS) return;
    this.lastLogAt = now;
    this.logger.warn(`${where}: ${error.message}`);
  }
}

/**
 * Opens a client on which a command fails at once while there is no connection and is never sent twice: whoever asks on the
 * call path has a better plan than to wait.
 */
function connect(address: RedisAddress): RedisClient {
  const { nodes, tls } = address;
  const options = {
    protocol: 2 as const,
    connectionName: 'omnigate',
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_MS,
    keepAlive: 10_000,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    ...(address.username === null ? {} : { username: address.username }),
    ...(address.password === null ? {} : { password: address.password }),
    ...(tls ? { tls: {} } : {}),
  };
  if (address.mode === 'cluster') {
    return new Cluster([...nodes], {
      enableOfflineQueue: false,
      clusterRetryStrategy: retryDelay,
      maxRedirections: 3,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
      redisOptions: options,
      // Certificates name hosts, not the addresses they resolve to.
      ...(tls ? { dnsLookup: (host: string, done: (error: null, address: string) => void) => done(null, host) } : {}),
    });
  }
  const single = { ...options, db: address.db, enableOfflineQueue: false, retryStrategy: retryDelay };
  if (address.mode === 'standalone') return new Redis({ ...single, ...(nodes[0] as { host: string; port: number }) });
  return new Redis({
    ...single,
    sentinels: [...nodes],
    name: address.master ?? 'mymaster',
    sentinelRetryStrategy: retryDelay,
    enableTLSForSentinelMode: tls,
    // A failover leaves the old master read-only: look for the new one.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  });
}

/** Exponential from 50 ms, with jitter so that a fleet does not come back in one moment. */
function retryDelay(attempt: number): number {
  const longest = Math.min(LONGEST_RETRY_MS, 50 * 2 ** Math.min(attempt, 10));
  return longest * (0.5 + Math.random() / 2);
}

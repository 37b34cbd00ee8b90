import { Logger, type OnModuleDestroy } from '@nestjs/common';
import type { Duplex } from 'node:stream';
import pg from 'pg';
import type { DatabaseHome } from './database-home.js';

export interface ListenerTimes {
  /** Between two questions whether the connection still lives. */
  readonly heartbeatMs: number;
  /** Longest wait for the answer. Together with the heartbeat: how long a dead connection can go unnoticed. */
  readonly answerMs: number;
  /** Before the first attempt to connect again; doubles up to `maxRetryMs`. */
  readonly minRetryMs: number;
  readonly maxRetryMs: number;
}

const DEFAULT_TIMES: ListenerTimes = { heartbeatMs: 4_000, answerMs: 4_000, minRetryMs: 100, maxRetryMs: 5_000 };

type OnPayload = (payload: string) => void;

/**
 * Hears what other replicas, and this one, have changed in the database (LISTEN/NOTIFY), on a connection of its own that
 * is opened again for as long as it takes. What is said while it is away is lost, hence `onReconnect`.
 */
export class ChangeListener implements OnModuleDestroy {
  private readonly logger = new Logger(ChangeListener.name);
  private readonly handlers = new Map<string, OnPayload[]>();
  private readonly reconnectHandlers: (() => void)[] = [];
  private client: pg.Client | null = null;
  /** The last statement given to the connection: pg's client is to be given the next one when it has answered. */
  private asked: Promise<unknown> = Promise.resolve();
  private wasConnected = false;
  private closed = false;
  private attempts = 0;
  private retryTimer: NodeJS.Timeout | null = null;
  private heartbeatTimer: NodeJS.Timeout | null = null;

  constructor(
    private readonly home: Pick<DatabaseHome, 'clientConfig' | 'overNetwork'>,
    private readonly times: ListenerTimes = DEFAULT_TIMES,
  ) {}

  /** Calls `onPayload` for every notification on the channel, from now on, across reconnections. */
  listen(channel: string, onPayload: OnPayload): void {
    const handlers = this.handlers.get(channel);
    if (handlers !== undefined) {
      handlers.push(onPayload);
      return;
    }
    this.handlers.set(channel, [onPayload]);
    const { client } = this;
    if (client !== null && this.wasConnected) {
      this.subscribe(client, channel).catch((error: unknown) => this.lost(client, error as Error));
    }
  }

  /** Calls back when it listens after a time in which it did not: whatever was read before may have changed since. */
  onReconnect(callback: () => void): void {
    this.reconnectHandlers.push(callback);
  }

  /** Connects. Resolves when it listens or when the first attempt has failed; further attempts follow by themselves. */
  async open(): Promise<void> {
    if (this.closed) return;
    const client = new pg.Client(this.home.clientConfig());
    this.client = client;
    this.asked = Promise.resolve();
    client.on('error', (error) => this.lost(client, error));
    client.on('end', () => this.lost(client, new Error('the connection was closed')));
    client.on('notification', ({ channel, payload }) => this.hear(channel, payload ?? ''));
    try {
      await client.connect();
      for (const channel of this.handlers.keys()) await this.subscribe(client, channel);
    } catch (error) {
      this.lost(client, error as Error);
      return;
    }
    if (this.client === client) this.connected(client);
  }

  async onModuleDestroy(): Promise<void> {
    this.closed = true;
    this.stopTimers();
    const { client } = this;
    this.client = null;
    await client?.end().catch(() => undefined);
  }

  private connected(client: pg.Client): void {
    const again = this.wasConnected || this.attempts > 0;
    this.wasConnected = true;
    this.attempts = 0;
    if (this.home.overNetwork) this.scheduleHeartbeat(client);
    if (!again) return;
    this.logger.log('Changes in the database are heard again.');
    for (const callback of this.reconnectHandlers) this.protect(callback);
  }

  private async subscribe(client: pg.Client, channel: string): Promise<void> {
    await this.ask(client, `LISTEN ${pg.escapeIdentifier(channel)}`);
  }

  private async ask(client: pg.Client, statement: string): Promise<void> {
    const answered = this.asked.then(async () => client.query(statement));
    this.asked = answered.catch(() => undefined);
    await answered;
  }

  private hear(channel: string, payload: string): void {
    for (const handler of this.handlers.get(channel) ?? []) this.protect(() => handler(payload));
  }

  /** One who fails must not keep the others from hearing. */
  private protect(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.logger.error(error);
    }
  }

  private lost(client: pg.Client, error: Error): void {
    if (this.client !== client) return;
    this.client = null;
    this.stopTimers();
    hangUp(client);
    if (this.closed) return;
    if (this.attempts === 0) this.logger.warn(`Changes in the database are not heard: ${error.message}`);
    const delay = Math.min(this.times.minRetryMs * 2 ** Math.min(this.attempts, 16), this.times.maxRetryMs);
    this.attempts += 1;
    // Spread by half, so that replicas that lost one server do not come back all at once.
    this.retryTimer = setTimeout(() => void this.open(), delay * (0.5 + Math.random() / 2));
  }

  private scheduleHeartbeat(client: pg.Client): void {
    this.heartbeatTimer = setTimeout(() => {
      const overdue = setTimeout(
        () => this.lost(client, new Error(`no answer for ${this.times.answerMs} ms`)),
        this.times.answerMs,
      );
      this.ask(client, 'SELECT 1').then(
        () => {
          clearTimeout(overdue);
          if (this.client === client) this.scheduleHeartbeat(client);
        },
        (error: unknown) => {
          clearTimeout(overdue);
          this.lost(client, error as Error);
        },
      );
    }, this.times.heartbeatMs);
  }

  private stopTimers(): void {
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    if (this.heartbeatTimer !== null) clearTimeout(this.heartbeatTimer);
    this.retryTimer = null;
    this.heartbeatTimer = null;
  }
}

/** Ends a connection whose other side may no longer answer: no good-bye is waited for. */
function hangUp(client: pg.Client): void {
  (client as unknown as { connection: { stream: Duplex } }).connection.stream.destroy();
}

import type { RedisClient } from '../infra/redis/redis-connection.js';

const PROCESSES = 'og:{counters}:counters:processes';
const BEAT_EVERY_MS = 5_000;
const BEAT_COUNTS_FOR_MS = 15_000;
const DAY_MS = 86_400_000;

/** Notes by the server's clock that a process lives, forgets those that no longer do, and counts the others. */
const BEAT_SCRIPT = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('PEXPIRE', KEYS[1], ${DAY_MS})
return redis.call('ZCARD', KEYS[1])
`;

interface WithBeat {
  omniBeat(keyCount: number, key: string, processId: string, countsForMs: number): Promise<number>;
}

/** How many processes share the counters. */
export class Replicas {
  private readonly beat: NodeJS.Timeout;
  private readonly onReady = (): void => void this.tell();
  private lastCount = 1;

  constructor(
    private readonly client: RedisClient,
    private readonly processId: string,
  ) {
    client.defineCommand('omniBeat', { lua: BEAT_SCRIPT });
    this.beat = setInterval(this.onReady, BEAT_EVERY_MS);
    this.beat.unref();
    client.on('ready', this.onReady);
    if (client.status === 'ready') void this.tell();
  }

  /** This one included; as it was last while Redis is away. */
  get count(): number {
    return this.lastCount;
  }

  /** Tells the others that this process ends, and stops. */
  async leave(): Promise<void> {
    clearInterval(this.beat);
    this.client.off('ready', this.onReady);
    if (this.client.status !== 'ready') return;
    try {
      await this.client.zrem(PROCESSES, this.processId);
    } catch {
      // The last beat will soon be too old to count.
    }
  }

  private async tell(): Promise<void> {
    if (this.client.status !== 'ready') return;
    try {
      const count = await (this.client as unknown as WithBeat).omniBeat(
        1,
        PROCESSES,
        this.processId,
        BEAT_COUNTS_FOR_MS,
      );
      this.lastCount = Math.max(1, count);
    } catch {
      // The last count stays.
    }
  }
}

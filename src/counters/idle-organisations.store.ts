import { LRUCache } from 'lru-cache';
import type { RedisClient } from '../infra/redis/redis-connection.js';
import { LINGER_MS } from './claim.js';

const INDEX = 'og:{counters}:counters:organisations';
const MINUTE_MS = 60_000;
/** Organisations whose last note this process remembers; one that was forgotten is noted again. */
const REMEMBERED = 50_000;
/** Organisations visited in one round; more wait for the next. */
const MOST_A_ROUND = 1_000;
/** Visits of one organisation in a round; each gives back what 512 holds had. */
const MOST_VISITS = 50;

export interface VisitTimes {
  /** Between two notes that an organisation has calls, ms. */
  readonly noteMs: number;
  /** How long after the last note an organisation is visited: what lingered of its last calls has run out by then, ms. */
  readonly idleMs: number;
  /** Between two rounds, ms. */
  readonly roundMs: number;
}

/** The records of holds live 61 minutes from their last renewal: a visit comes before that. */
export const VISIT_TIMES: VisitTimes = {
  noteMs: 10 * MINUTE_MS,
  idleMs: LINGER_MS + 12 * MINUTE_MS,
  roundMs: 4 * MINUTE_MS,
};

const DAY_MS = 86_400_000;
/** Scores by the server's clock. */
const NOTE_SCRIPT = `
redis.call('ZADD', KEYS[1], redis.call('TIME')[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ${DAY_MS})
`;
const IDLE_SCRIPT = `
local idle_since = redis.call('TIME')[1] - ARGV[1]
return { idle_since, redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', idle_since, 'LIMIT', 0, ARGV[2]) }
`;
/** Forgets those visited, but not what has had calls meanwhile. */
const VISITED_SCRIPT = `
for i = 2, #ARGV do
  local noted = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if noted and tonumber(noted) <= tonumber(ARGV[1]) then redis.call('ZREM', KEYS[1], ARGV[i]) end
end
`;

interface WithScripts {
  omniNote(keyCount: number, key: string, prefix: string): Promise<unknown>;
  omniIdle(keyCount: number, key: string, idleSeconds: number, most: number): Promise<[number, string[]]>;
  omniVisited(keyCount: number, key: string, idleSince: number, ...prefixes: string[]): Promise<unknown>;
}

/**
 * What a dead call reserved is given back by the next step of its organisation. Where no call comes any more this makes one:
 * organisations with calls are noted in Redis, and any process visits those that have had none for a while.
 */
export class IdleOrganisations {
  private readonly notedAt = new LRUCache<string, number>({ max: REMEMBERED });
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly client: RedisClient,
    private readonly visit: (prefix: string) => Promise<unknown>,
    private readonly times: VisitTimes = VISIT_TIMES,
  ) {
    client.defineCommand('omniNote', { lua: NOTE_SCRIPT });
    client.defineCommand('omniIdle', { lua: IDLE_SCRIPT });
    client.defineCommand('omniVisited', { lua: VISITED_SCRIPT });
    this.timer = setInterval(() => void this.round(), times.roundMs);
    this.timer.unref();
  }

  /** An organisation has a call. `nowMs` is monotonic. */
  note(prefix: string, nowMs: number): void {
    if (nowMs - (this.notedAt.get(prefix) ?? Number.NEGATIVE_INFINITY) < this.times.noteMs) return;
    this.notedAt.set(prefix, nowMs);
    // Should it fail, the next note is soon enough for all but the calls of a process that dies until then.
    this.scripts.omniNote(1, INDEX, prefix).catch(() => this.notedAt.delete(prefix));
  }

  close(): void {
    clearInterval(this.timer);
  }

  private get scripts(): WithScripts {
    return this.client as unknown as WithScripts;
  }

  /** Whatever fails is left to the next round. */
  private async round(): Promise<void> {
    if (this.client.status !== 'ready') return;
    try {
      const [idleSince, prefixes] = await this.scripts.omniIdle(1, INDEX, this.times.idleMs / 1000, MOST_A_ROUND);
      for (const prefix of prefixes) await this.giveBack(prefix);
      await this.scripts.omniVisited(1, INDEX, idleSince, ...prefixes);
    } catch {
      // Redis is away.
    }
  }

  private async giveBack(prefix: string): Promise<void> {
    for (let visits = 0; visits < MOST_VISITS; visits += 1) {
      await this.visit(prefix);
      if ((await this.client.zcount(`${prefix}:counters:open`, '-inf', Date.now())) === 0) return;
    }
  }
}

import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { RedisClient } from '../infra/redis/redis-connection.js';
import { isOutage, ScriptNotSent, ScriptPipeline, type ScriptCall } from '../infra/redis/script-pipeline.js';
import type { Amount } from './amount.js';
import { checkAmount, checkClaims, commonPrefix, type CalendarWindow, type Claim, type CounterQuery } from './claim.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { CorrectionQueue } from './correction-queue.js';
import {
  abandonedCall,
  beatCall,
  leaveCall,
  raiseCall,
  readCall,
  readStates,
  readTakeReply,
  seedCall,
  shiftCall,
  takeCall,
} from './counter-messages.js';
import { COUNTER_SCRIPT } from './counter-script.js';
import {
  CounterStore,
  type Actual,
  type CounterState,
  type CounterStoreStats,
  type Hold,
  type SpendSource,
  type TakeOptions,
  type TakeResult,
} from './counter.store.js';
import { Hydration } from './hydration.js';
import { LocalStandIn } from './local-stand-in.js';
import { SharedHold } from './shared-hold.js';

export interface RedisCounterOptions {
  /** Longest wait for one round trip, ms. */
  readonly timeoutMs: number;
  /** Names this process among those that share the counters. */
  readonly processId: string;
  /** Longest wait for the ledger, ms. Default 1000. */
  readonly hydrateTimeoutMs?: number;
  /** Replaces the server's clock, epoch ms. For tests. */
  readonly nowMs?: () => number;
}

const BEAT_EVERY_MS = 5_000;
const BEAT_COUNTS_FOR_MS = 15_000;
/** Once to learn what is missing, once with it. */
const ROUNDS = 2;
const FLUSH_AT_SHUTDOWN_MS = 2_000;

/** Counters shared by all processes through one Redis. When it is out of reach each claim goes by its `onUnavailable`. */
export class RedisCounterStore extends CounterStore implements OnApplicationShutdown {
  private readonly logger = new Logger('Counters');
  private readonly script: ScriptPipeline;
  private readonly breaker: CircuitBreaker;
  private readonly hydration: Hydration;
  private readonly corrections: CorrectionQueue;
  private readonly standIn: LocalStandIn;
  private readonly nowMs: () => number | '';
  private readonly beat: NodeJS.Timeout;
  private readonly onReady = (): void => void this.countReplicas();
  private replicas = 1;
  private degradedTakes = 0;

  constructor(
    private readonly client: RedisClient,
    private readonly options: RedisCounterOptions,
  ) {
    super();
    const monotonicMs = (): number => performance.now();
    this.nowMs = options.nowMs ?? (() => '');
    this.script = new ScriptPipeline(client, COUNTER_SCRIPT, options.timeoutMs);
    this.breaker = new CircuitBreaker(monotonicMs);
    this.hydration = new Hydration(options.hydrateTimeoutMs ?? 1_000, monotonicMs);
    this.standIn = new LocalStandIn(this.hydration);
    const send = (call: ScriptCall): Promise<unknown> => this.ask(call);
    // A trial of the breaker is used up by asking: `ask` does that.
    const ready = (): boolean => this.script.ready;
    this.corrections = new CorrectionQueue({ ready, send, monotonicMs, nowMs: this.nowMs });
    this.beat = setInterval(() => void this.countReplicas(), BEAT_EVERY_MS);
    this.beat.unref();
    client.on('ready', this.onReady);
    if (this.script.ready) void this.countReplicas();
  }

  override async take(claims: readonly Claim[], { holdId, ttlMs }: TakeOptions): Promise<TakeResult> {
    const prefix = commonPrefix(claims);
    checkClaims(claims);
    return this.takeIn(new SharedHold(holdId, claims, ttlMs, prefix));
  }

  override adjust(hold: Hold, soFar: Actual): void {
    const own = ownHold(hold);
    if (own.settled) return;
    own.state(soFar);
    own.local?.store.adjust(own.local.hold, soFar);
    this.corrections.push(own, false);
  }

  override renew(hold: Hold): void {
    const own = ownHold(hold);
    if (own.settled) return;
    own.local?.store.renew(own.local.hold);
    this.corrections.push(own, false);
  }

  override settle(hold: Hold, actual: Actual): void {
    const own = ownHold(hold);
    if (own.settled) return;
    own.settled = true;
    own.state(actual);
    own.local?.store.settle(own.local.hold, actual);
    this.corrections.push(own, true);
  }

  override async read(queries: readonly CounterQuery[]): Promise<readonly CounterState[] | null> {
    const prefix = commonPrefix(queries);
    try {
      const reply = (await this.ask(readCall(prefix, queries, this.nowMs()))) as (string | number)[];
      const spent = await this.spentIn(queries, missingIn(queries, reply));
      spent?.forEach((value, i) => (reply[2 * i] = value.toString()));
      return readStates(queries, reply);
    } catch {
      return null;
    }
  }

  override async seed(counter: string, window: CalendarWindow, value: Amount): Promise<void> {
    const query = { counter, window, limit: value };
    checkAmount(query, value);
    await this.ask(seedCall(commonPrefix([query]), query, value, this.nowMs()));
  }

  override async raise(counter: string, window: CalendarWindow, spent: Amount): Promise<void> {
    const query = { counter, window, limit: spent };
    checkAmount(query, spent);
    await this.ask(raiseCall(commonPrefix([query]), query, spent, this.nowMs()));
  }

  override async settleAbandoned(org: string, holdId: string, spent: Amount): Promise<boolean> {
    return (await this.ask(abandonedCall(`og:{${org}}`, holdId, spent, this.nowMs()))) === 1;
  }

  override async shift(counter: string, window: CalendarWindow, by: bigint, once: string): Promise<void> {
    const query = { counter, window, limit: 0 };
    await this.ask(shiftCall(commonPrefix([query]), query, { by, once }, this.nowMs()));
  }

  override hydrateWith(source: SpendSource): void {
    this.hydration.use(source);
  }

  override stats(): CounterStoreStats {
    return {
      home: 'redis',
      available: this.breaker.closed && this.script.ready,
      replicas: this.replicas,
      degradedTakes: this.degradedTakes,
      pendingCorrections: this.corrections.size,
      lostCorrections: this.corrections.lost,
    };
  }

  override flush(): Promise<void> {
    return this.corrections.flush();
  }

  /** Sends what waits, for a limited time, and stops. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.beat);
    this.client.off('ready', this.onReady);
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, FLUSH_AT_SHUTDOWN_MS);
    });
    await Promise.race([Promise.all([this.flush(), this.leave()]), tooLong]);
    clearTimeout(timer);
    this.corrections.close();
  }

  private async takeIn(hold: SharedHold): Promise<TakeResult> {
    let seeds: ReadonlyMap<number, Amount> = this.hydration.configured ? NO_SEEDS : zeroSeeds(hold.claims);
    let sent = false;
    for (let round = 0; round < ROUNDS && this.mayAsk(); round += 1) {
      sent = true;
      let reply: unknown;
      try {
        reply = await this.tell(takeCall(hold, seeds, this.nowMs()));
      } catch {
        break;
      }
      const said = readTakeReply(hold.claims, reply);
      if (said.kind === 'twice') throw new TypeError(`The hold "${hold.id}" was taken before`);
      if (said.kind === 'taken') {
        this.standIn.remember(hold.claims, said.states);
        return { ok: true, hold, states: said.states, degraded: false };
      }
      if (said.kind === 'refused') {
        return { ok: false, unavailable: false, refused: said.refused, states: said.states, degraded: false };
      }
      sent = false;
      const spent = await this.spentIn(hold.claims, said.indices);
      if (spent === null) break;
      seeds = spent;
    }
    return this.decideLocally(hold, sent);
  }

  /** `sent`: the script may have run, or may still run, without our knowing. */
  private async decideLocally(hold: SharedHold, sent: boolean): Promise<TakeResult> {
    this.degradedTakes += 1;
    const result = await this.standIn.take(hold, this.replicas);
    if (sent && !result.ok) {
      hold.settled = true;
      hold.state(hold.claims.map(() => 0));
      this.corrections.push(hold, true);
    }
    return result;
  }

  /** What the ledger says of some calendar counters; `null` when it cannot be asked. */
  private async spentIn(
    queries: readonly CounterQuery[],
    indices: readonly number[],
  ): Promise<Map<number, Amount> | null> {
    const found = new Map<number, Amount>();
    await Promise.all(
      indices.map(async (i) => {
        const { counter, window } = queries[i] as CounterQuery;
        const spent = await this.hydration.spent(counter, (window as CalendarWindow).bucket);
        if (spent !== null) found.set(i, spent);
      }),
    );
    return found.size === indices.length ? found : null;
  }

  private async countReplicas(): Promise<void> {
    try {
      const count = await this.ask(beatCall(this.options.processId, BEAT_COUNTS_FOR_MS));
      this.replicas = Math.max(1, Number(count));
    } catch {
      // The breaker has noted it; the last count stays.
    }
  }

  private async leave(): Promise<void> {
    try {
      await this.tell(leaveCall(this.options.processId));
    } catch {
      // The last beat will soon be too old to count.
    }
  }

  private mayAsk(): boolean {
    return this.script.ready && this.breaker.allows();
  }

  private ask(call: ScriptCall): Promise<unknown> {
    return this.mayAsk() ? this.tell(call) : Promise.reject(new ScriptNotSent());
  }

  private async tell(call: ScriptCall): Promise<unknown> {
    try {
      const reply = await this.script.call(call);
      this.answered();
      return reply;
    } catch (error) {
      if (!isOutage(error)) {
        this.answered();
        this.logger.error(`a counter step failed: ${(error as Error).message}`);
      } else if (this.breaker.failed()) this.logger.warn(`out of reach, deciding locally: ${(error as Error).message}`);
      throw error;
    }
  }

  private answered(): void {
    if (!this.breaker.succeeded()) return;
    this.logger.log('in reach again');
    this.standIn.reset();
    void this.corrections.flush();
  }
}

function ownHold(hold: Hold): SharedHold {
  if (hold instanceof SharedHold) return hold;
  throw new TypeError(`The hold "${hold.id}" is of another store`);
}

const NO_SEEDS: ReadonlyMap<number, Amount> = new Map();

/** Without a ledger to ask, what is missing begins at 0. */
function zeroSeeds(claims: readonly Claim[]): ReadonlyMap<number, Amount> {
  return new Map(claims.map((_claim, i) => [i, 0]));
}

function missingIn(queries: readonly CounterQuery[], reply: readonly (string | number)[]): number[] {
  return queries.map((_query, i) => i).filter((i) => reply[2 * i] === '');
}

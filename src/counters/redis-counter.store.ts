import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { RedisClient } from '../infra/redis/redis-connection.js';
import { isOutage, ScriptNotSent, ScriptPipeline } from '../infra/redis/script-pipeline.js';
import type { Amount } from './amount.js';
import { amountsOf, checkAmount, checkLimits, type CalendarWindow, type Claim, type CounterQuery } from './claim.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { CorrectionQueue, KEEP_RECORD_MS } from './correction-queue.js';
import { COUNTER_SCRIPT } from './counter-script.js';
import {
  CounterStore,
  Grant,
  refusedTake,
  statesOf,
  type Actual,
  type CounterState,
  type CounterStoreStats,
  type Hold,
  type SpendSource,
  type TakeOptions,
  type TakeResult,
} from './counter.store.js';
import { Hydration } from './hydration.js';
import { IdleOrganisations, type VisitTimes } from './idle-organisations.store.js';
import { LocalStandIn } from './local-stand-in.js';
import { Replicas } from './replicas.store.js';
import { SharedHold } from './shared-hold.js';
import { faultIn, readStanding, readTakeReply, type TakeReply } from './wire-reply.js';
import { querySheet, WireSheet } from './wire-sheet.js';
import { DOWN, encodeSteps, FROM_ZERO, STEPS, WireStep, type StepParts } from './wire-step.js';

export interface RedisCounterOptions {
  /** Longest wait for one round trip, ms. */
  readonly timeoutMs: number;
  /** Names this process among those that share the counters. */
  readonly processId: string;
  /** Longest wait for the ledger, ms. Default 1000. */
  readonly hydrateTimeoutMs?: number;
  readonly visitTimes?: VisitTimes;
  /** Replaces the server's clock, epoch ms. For tests. */
  readonly nowMs?: () => number;
}

const FLUSH_AT_SHUTDOWN_MS = 2_000;

/** Counters shared by all processes through one Redis. When it is out of reach each claim goes by its `onUnavailable`. */
export class RedisCounterStore extends CounterStore implements OnApplicationShutdown {
  private readonly logger = new Logger('Counters');
  private readonly script: ScriptPipeline<WireStep>;
  private readonly breaker: CircuitBreaker;
  private readonly hydration: Hydration;
  private readonly corrections: CorrectionQueue;
  private readonly standIn: LocalStandIn;
  private readonly replicas: Replicas;
  private readonly idle: IdleOrganisations;
  private readonly sheets = new WeakMap<readonly Claim[], WireSheet>();
  private degradedTakes = 0;

  constructor(client: RedisClient, options: RedisCounterOptions) {
    super();
    const monotonicMs = (): number => performance.now();
    const nowMs = options.nowMs ?? ((): '' => '');
    this.script = new ScriptPipeline(client, {
      lua: COUNTER_SCRIPT,
      timeoutMs: options.timeoutMs,
      encode: (steps) => encodeSteps(steps, nowMs()),
    });
    this.breaker = new CircuitBreaker(monotonicMs);
    this.hydration = new Hydration(options.hydrateTimeoutMs ?? 1_000, monotonicMs);
    this.standIn = new LocalStandIn(this.hydration);
    const post = (step: WireStep): void => this.post(step);
    // A trial of the breaker is used up by asking: `post` does that.
    const ready = (): boolean => this.script.ready;
    this.corrections = new CorrectionQueue({ ready, post, monotonicMs });
    this.replicas = new Replicas(client, options.processId);
    this.idle = new IdleOrganisations(client, (prefix) => this.visit(prefix), options.visitTimes);
  }

  override take(claims: readonly Claim[], { holdId, ttlMs, amounts }: TakeOptions): Promise<TakeResult> {
    const sheet = this.sheetOf(claims);
    this.idle.note(sheet.prefix, performance.now());
    const hold = new SharedHold(holdId, ttlMs, sheet, amountsOf(claims, amounts));
    const flags = this.hydration.configured ? 0 : FROM_ZERO;
    return this.ask(sheet, takeParts(hold, flags)).then(
      (reply) => this.decide(hold, readTakeReply(sheet, hold.stated, reply as Buffer)),
      (error: unknown) => this.decideLocally(hold, !(error instanceof ScriptNotSent)),
    );
  }

  override adjust(hold: Hold, soFar: Actual): void {
    const own = ownHold(hold);
    if (own.settled) return;
    own.state(soFar);
    own.local?.store.adjust(own.local.hold, soFar);
    this.corrections.push(own);
  }

  override renew(hold: Hold): void {
    const own = ownHold(hold);
    if (own.settled) return;
    own.local?.store.renew(own.local.hold);
    this.idle.note(own.sheet.prefix, performance.now());
    this.corrections.push(own);
  }

  override settle(hold: Hold, actual: Actual): void {
    const own = ownHold(hold);
    if (own.settled) return;
    own.settled = true;
    own.state(actual);
    own.local?.store.settle(own.local.hold, actual);
    this.corrections.push(own);
  }

  override async read(queries: readonly CounterQuery[]): Promise<readonly CounterState[] | null> {
    const sheet = querySheet(queries);
    try {
      const reply = await this.ask(sheet, { op: STEPS.read });
      const { used, resets } = readStanding(sheet, reply as Buffer);
      const missing = used.flatMap((amount, i) => (amount < 0 ? [i] : []));
      const spent = await this.spentIn(queries, missing, false);
      for (const i of missing) used[i] = spent?.get(i) ?? 0;
      return statesOf(queries, { used, resetMs: (i) => resets[i] ?? 0 });
    } catch {
      return null;
    }
  }

  override async seed(counter: string, window: CalendarWindow, value: Amount): Promise<void> {
    await this.begin(STEPS.seed, { counter, window, limit: value });
  }

  override async raise(counter: string, window: CalendarWindow, spent: Amount): Promise<void> {
    await this.begin(STEPS.raise, { counter, window, limit: spent });
  }

  override async settleAbandoned(org: string, holdId: string, spent: Amount): Promise<boolean> {
    const parts = { op: STEPS.abandon, holdId, keepMs: KEEP_RECORD_MS, amounts: [spent] };
    return (await this.ask(querySheet([nothingOf(`og:{${org}}`)]), parts)) === 1;
  }

  override async shift(counter: string, window: CalendarWindow, by: bigint, once: string): Promise<void> {
    const [flags, amount] = by < 0n ? [DOWN, -by] : [0, by];
    const query = { counter, window, limit: 0 };
    await this.ask(querySheet([query]), { op: STEPS.shift, flags, holdId: once, amounts: [amount] });
  }

  override hydrateWith(source: SpendSource): void {
    this.hydration.use(source);
  }

  override stats(): CounterStoreStats {
    return {
      home: 'redis',
      available: this.breaker.closed && this.script.ready,
      replicas: this.replicas.count,
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
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, FLUSH_AT_SHUTDOWN_MS);
    });
    await Promise.race([Promise.all([this.flush(), this.replicas.leave()]), tooLong]);
    clearTimeout(timer);
    this.corrections.close();
    this.idle.close();
  }

  /** A step that does nothing but what every step of an organisation does first: ended holds give back what they may not keep. */
  private visit(prefix: string): Promise<unknown> {
    return this.ask(querySheet([nothingOf(prefix)]), { op: STEPS.read });
  }

  private sheetOf(claims: readonly Claim[]): WireSheet {
    const known = this.sheets.get(claims);
    if (known !== undefined) return known;
    checkLimits(claims);
    const made = new WireSheet(claims, this.standIn.lastUsedOf(claims));
    this.sheets.set(claims, made);
    return made;
  }

  private async begin(op: number, query: CounterQuery): Promise<void> {
    checkAmount(query, query.limit);
    await this.ask(querySheet([query]), { op, amounts: [query.limit] });
  }

  private decide(hold: SharedHold, said: TakeReply): TakeResult | Promise<TakeResult> {
    switch (said.kind) {
      case 'taken':
        this.standIn.remember(hold.sheet, said.used);
        return new Grant(hold, said, false);
      case 'refused':
        return refusedTake(hold.claims, said, said);
      case 'missing':
        return this.seedAndTake(hold, said);
      case 'twice':
        throw new TypeError(`The hold "${hold.id}" was taken before`);
    }
  }

  private async seedAndTake(hold: SharedHold, { indices, lost }: TakeReply & { kind: 'missing' }): Promise<TakeResult> {
    const spent = await this.spentIn(hold.claims, indices, lost);
    if (spent === null) return this.decideLocally(hold, false);
    let reply: unknown;
    try {
      // They travel together, in this order.
      const seeds = [...spent].map(([i, amount]) =>
        this.begin(STEPS.seed, { ...(hold.claims[i] as Claim), limit: amount }),
      );
      const taken = this.ask(hold.sheet, takeParts(hold, 0));
      [reply] = await Promise.all([taken, ...seeds]);
    } catch (error) {
      return this.decideLocally(hold, !(error instanceof ScriptNotSent));
    }
    const said = readTakeReply(hold.sheet, hold.stated, reply as Buffer);
    // Lost again in between: Redis was emptied once more.
    return said.kind === 'missing' ? this.decideLocally(hold, false) : this.decide(hold, said);
  }

  /** `sent`: the script may have run, or may still run, without our knowing. */
  private async decideLocally(hold: SharedHold, sent: boolean): Promise<TakeResult> {
    this.degradedTakes += 1;
    const result = await this.standIn.take(hold, this.replicas.count);
    if (sent && !result.ok) {
      hold.settled = true;
      hold.state(hold.claims.map(() => 0));
      this.corrections.push(hold);
    }
    return result;
  }

  /** What the ledger says of some calendar counters; `null` when it cannot be asked. */
  private async spentIn(
    queries: readonly CounterQuery[],
    indices: readonly number[],
    lost: boolean,
  ): Promise<Map<number, Amount> | null> {
    const found = new Map<number, Amount>();
    await Promise.all(
      indices.map(async (i) => {
        const { counter, window } = queries[i] as CounterQuery;
        const spent = await this.hydration.spent(counter, (window as CalendarWindow).bucket, lost);
        if (spent !== null) found.set(i, spent);
      }),
    );
    return found.size === indices.length ? found : null;
  }

  private ask(sheet: WireSheet, parts: StepParts): Promise<unknown> {
    return new Promise((resolve, reject) => this.post(new WireStep(sheet, parts, resolve, reject)));
  }

  /** Posts a step unless the breaker is open, and tells the breaker how it went. */
  private post(step: WireStep): void {
    if (!this.script.ready || !this.breaker.allows()) {
      step.failed(new ScriptNotSent());
      return;
    }
    const { sheet, parts, answered, failed } = step;
    const onAnswer = (reply: unknown): void => {
      this.noteAnswer();
      const fault = faultIn(reply);
      if (fault === null) answered(reply);
      else failed(this.noteFault(fault));
    };
    const onFailure = (error: Error): void => {
      this.noteFailure(error);
      failed(error);
    };
    this.script.post(new WireStep(sheet, parts, onAnswer, onFailure));
  }

  private noteAnswer(): void {
    if (!this.breaker.succeeded()) return;
    this.logger.log('in reach again');
    this.standIn.reset();
    void this.corrections.flush();
  }

  private noteFailure(error: Error): void {
    if (!isOutage(error)) {
      this.noteAnswer();
      this.logger.error(`a counter step failed: ${error.message}`);
    } else if (this.breaker.failed()) this.logger.warn(`out of reach, deciding locally: ${error.message}`);
  }

  private noteFault(fault: string): Error {
    this.logger.error(`a counter step failed: ${fault}`);
    return Object.assign(new Error(fault.startsWith('ERR ') ? fault : `ERR ${fault}`), { name: 'ReplyError' });
  }
}

/** Names an organisation, and no counter of it that there is. */
function nothingOf(prefix: string): CounterQuery {
  return { counter: `${prefix}:counters:none`, limit: 0, window: { kind: 'calendar', bucket: '', expiresAtMs: 0 } };
}

function takeParts({ id, ttlMs, stated }: SharedHold, flags: number): StepParts {
  return { op: STEPS.take, flags, holdId: id, ttlMs, keepMs: KEEP_RECORD_MS, amounts: stated };
}

function ownHold(hold: Hold): SharedHold {
  if (hold instanceof SharedHold) return hold;
  throw new TypeError(`The hold "${hold.id}" is of another store`);
}

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import fc from 'fast-check';
import { budgetCounter, budgetOf } from '../../../src/budget/budget-counter.js';
import { LINGER_MS, type Claim, type CounterQuery, type Window } from '../../../src/counters/claim.js';
import type { CounterStore, Hold } from '../../../src/counters/counter.store.js';
import { InProcessCounterStore } from '../../../src/counters/in-process-counter.store.js';
import { RedisCounterStore } from '../../../src/counters/redis-counter.store.js';
import { RedisConnection, type RedisClient } from '../../../src/infra/redis/redis-connection.js';
import { uuidv7 } from '../../../src/infra/crypto/uuid-v7.js';
import { CallRecordRepository } from '../../../src/ledger/call-record.repository.js';
import type { CallRecord } from '../../../src/ledger/call-record.js';
import { SpendTotals } from '../../../src/ledger/spend-totals.repository.js';
import { aCallRecord } from '../../support/call-records.js';
import { describeServerDatabase } from '../../support/databases.js';
import { ThrowawayRedis } from './throwaway-redis.js';

/** As many as fit in the time. */
const RUNS = 200;
const RUNS_MS = 20_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const HOLD_MS = 60_000;
const RENEW_MS = 15_000;
const LIMITS = { requests: 8, tokens: 120, day: 150, month: 400, slots: 3 };

/** A call that is granted and has not ended. */
interface OpenCall {
  id: string;
  hold: Hold;
  tokens: number;
  money: number;
  day: string;
  startedAtMs: number;
}

/** What comes of the calls of a process that dies: see `Play.crash`. */
const FATES = ['never begun', 'died', 'ended'] as const;

const share = fc.integer({ min: 0, max: 100 });
const anEvent = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('take' as const),
      process: fc.nat(2),
      tokens: fc.integer({ min: 0, max: 60 }),
      money: fc.integer({ min: 0, max: 70 }),
      slot: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('settle' as const), which: fc.nat(), share }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('adjust' as const), which: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('crash' as const),
      process: fc.nat(2),
      fates: fc.array(fc.constantFrom(...FATES), { minLength: 1, maxLength: 4 }),
      share,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('adopt' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 2 * MINUTE_MS }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('step' as const), ms: fc.integer({ min: -2 * DAY_MS, max: 2 * DAY_MS }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('empty' as const) }) },
);
type Event = typeof anEvent extends fc.Arbitrary<infer T> ? T : never;

/** What a dead process had reserved is asked for by others after its holds have run out, and before its journal is found. */
const SPENT_AFTER_A_CRASH: Event[] = [
  { do: 'take', process: 2, tokens: 0, money: 13, slot: false },
  { do: 'crash', process: 2, fates: ['ended'], share: 16 },
  { do: 'take', process: 0, tokens: 0, money: 54, slot: false },
  { do: 'step', ms: 60_000 },
  { do: 'take', process: 0, tokens: 0, money: 51, slot: false },
  { do: 'settle', which: 0, share: 69 },
  { do: 'take', process: 0, tokens: 0, money: 61, slot: false },
  { do: 'adopt' },
];

/** Where the counters are, and the processes that share them. */
interface Home {
  readonly processes: number;
  /** Counters as a process that starts now finds them. */
  open(time: Time): CounterStore;
  /** Whether counters outlive the process that counts. */
  readonly shared: boolean;
  /** Loses all counters while the processes live. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

class Time {
  monotonic = 5_000_000;
  wall = Date.UTC(2026, 10, 14, 12);
}

class InProcessHome implements Home {
  readonly processes = 1;
  readonly shared = false;
  open(time: Time): CounterStore {
    return new InProcessCounterStore({ clock: { monotonicMs: () => time.monotonic, wallMs: () => time.wall } });
  }
  async empty(): Promise<void> {
    // They are lost with their process only.
  }
  async close(): Promise<void> {
    // Nothing to let go of.
  }
}

class RedisHome implements Home {
  readonly processes = 3;
  readonly shared = true;
  private readonly stores: RedisCounterStore[] = [];
  constructor(private readonly client: RedisClient) {}
  open(time: Time): CounterStore {
    const options = { timeoutMs: 2_000, processId: randomUUID(), nowMs: () => time.wall };
    const store = new RedisCounterStore(this.client, options);
    this.stores.push(store);
    return store;
  }
  async empty(): Promise<void> {
    await this.client.flushall();
  }
  async close(): Promise<void> {
    for (const store of this.stores.splice(0)) await store.onApplicationShutdown();
  }
}

/** One random history: processes that share counters, and the ledger in the database. */
class Play {
  private readonly time = new Time();
  private readonly org = randomUUID();
  private readonly project = randomUUID();
  private readonly key = randomUUID();
  private readonly processes: { store: CounterStore; open: OpenCall[] }[];
  /** Records in the journals of dead processes. */
  private leftover: CallRecord[] = [];
  /** The counters were lost, and what open calls reserve has not been said again. */
  private lost = false;
  /** When the first of these died by the clock, which may have gone back since; epoch ms. */
  private diedAtMs = 0;
  private readonly buckets = new Set<string>();
  /** Those compared with the ledger, now and once more later: dead calls count for them whose holds were lost. */
  private readonly compared = new Set<string>();

  constructor(
    private readonly home: Home,
    private readonly records: CallRecordRepository,
    private readonly totals: SpendTotals,
    /** What becomes of money a dead call had reserved and whose journal is not found in time. */
    private readonly ofDeadCalls: 'linger' | 'charge',
  ) {
    this.processes = Array.from({ length: home.processes }, () => this.newProcess());
  }

  async run(events: readonly Event[]): Promise<void> {
    for (const event of events) {
      await this.happen(event);
      await this.flush();
      await this.check();
    }
    await this.comeToRest();
  }

  private newProcess(): { store: CounterStore; open: OpenCall[] } {
    const store = this.home.open(this.time);
    store.hydrateWith(async (counter, bucket, lost) => {
      // As `SpendHydration` has it said by all processes.
      if (lost) await this.renewAll();
      const { level, id } = budgetOf(counter);
      return this.totals.spent(level, id, bucket);
    });
    return { store, open: [] };
  }

  private async happen(event: Event): Promise<void> {
    switch (event.do) {
      case 'take':
        return this.take(event);
      case 'settle':
        return this.settle(event.which, event.share);
      case 'adjust':
        return this.adjust(event.which);
      case 'crash':
        return this.crash(event);
      case 'adopt':
        return this.adopt();
      case 'advance':
        await this.adoptBefore(event.ms);
        return this.advance(event.ms);
      case 'step':
        await this.adoptBefore(event.ms);
        this.time.wall += event.ms;
        // A process renews what it holds every quarter of a minute, whatever the clock says.
        return this.renewAll();
      case 'empty':
        // What dead calls had reserved is nowhere then but in their journal.
        if (this.leftover.length > 0) return;
        this.lost = this.home.shared;
        await this.home.empty();
    }
  }

  private async take({ process, tokens, money, slot }: Extract<Event, { do: 'take' }>): Promise<void> {
    const { store, open } = this.process(process);
    const id = uuidv7(this.time.wall);
    const day = this.day();
    const claims = this.claims(day, tokens, money).filter(({ window }) => slot || window.kind !== 'slots');
    const result = await store.take(claims, { holdId: id, ttlMs: HOLD_MS });
    if (!result.ok && result.unavailable) throw new Error('out of reach');
    if (result.ok) open.push({ id, hold: result.hold, tokens, money, day, startedAtMs: this.time.wall });
  }

  private async settle(which: number, share: number): Promise<void> {
    const call = this.allOpen()[which % Math.max(1, this.allOpen().length)];
    if (call === undefined) return;
    const { store, open } = this.owner(call);
    open.splice(open.indexOf(call), 1);
    store.settle(call.hold, this.used(call, share));
    await this.record([this.recordOf(call, 'ok', share)]);
  }

  /** A call has used all it claimed: what it has not used is given back at its end, not before. */
  private adjust(which: number): void {
    const call = this.allOpen()[which % Math.max(1, this.allOpen().length)];
    if (call !== undefined) this.owner(call).store.adjust(call.hold, this.used(call, 100));
  }

  /**
   * A process dies. Of its calls some were granted and not yet in the journal, some had begun, and some had ended, without the
   * counters having been told.
   */
  private async crash({ process, fates, share }: Extract<Event, { do: 'crash' }>): Promise<void> {
    const index = process % this.processes.length;
    const { open } = this.process(index);
    if (this.leftover.length === 0) this.diedAtMs = Number.POSITIVE_INFINITY;
    this.diedAtMs = Math.min(this.diedAtMs, this.time.wall);
    open.forEach((call, i) => {
      const fate = fates[i % fates.length];
      if (fate === 'died' || this.neverForgets(fate)) this.leftover.push(this.recordOf(call, 'died', 100));
      if (fate === 'ended') this.leftover.push(this.recordOf(call, 'ok', share));
    });
    this.processes[index] = this.newProcess();
    // In-process counters begin at the ledger only once it has what the last process left; lost ones know nothing of it.
    if (!this.home.shared || this.lost) await this.adopt();
  }

  /** Where what is reserved stays charged, a call of which no journal tells would be charged for ever. */
  private neverForgets(fate: (typeof FATES)[number] | undefined): boolean {
    return fate === 'never begun' && this.ofDeadCalls === 'charge';
  }

  /**
   * The journal of a dead process is found before what it had reserved is given back: so long nobody else spends that. Where that
   * is never, it is found before the counter itself is dropped.
   */
  private async adoptBefore(ms: number): Promise<void> {
    const inTimeMs = this.ofDeadCalls === 'linger' ? LINGER_MS : DAY_MS;
    if (this.leftover.length > 0 && this.time.wall + ms >= this.diedAtMs + inTimeMs) await this.adopt();
  }

  /** Another process brings what dead ones left into the ledger, and settles their holds: as `AbandonedSpend` does. */
  private async adopt(): Promise<void> {
    const { store } = this.process(0);
    const rows = this.leftover.splice(0);
    await this.record(rows);
    if (!this.home.shared) return;
    for (const { id, cost_nano_dollars: cost, spend_day: day } of rows) {
      if (await store.settleAbandoned(this.org, id, BigInt(cost ?? 0))) continue;
      this.compared.add(day ?? '').add((day ?? '').slice(0, 7));
    }
    await this.compare();
  }

  /** What counters miss that were emptied is made good, as far as nothing reserved hides it. */
  private async compare(): Promise<void> {
    for (const bucket of this.compared) {
      const { counter, window } = this.spend(bucket, 0);
      const spent = await this.totals.spent('key', this.key, bucket);
      await this.process(0).store.raise(counter, window as Extract<Window, { kind: 'calendar' }>, spent);
    }
  }

  private async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= RENEW_MS) {
      const slice = Math.min(left, RENEW_MS);
      this.time.monotonic += slice;
      this.time.wall += slice;
      await this.renewAll();
    }
  }

  private async renewAll(): Promise<void> {
    this.lost = false;
    for (const { store, open } of this.processes) for (const { hold } of open) store.renew(hold);
    await this.flush();
  }

  private async flush(): Promise<void> {
    for (const { store } of this.processes) await store.flush();
  }

  /** No counter is ever above its limit or below zero. */
  private async check(): Promise<void> {
    for (const { counter, used, limit } of await this.read()) {
      const [low, high] = [BigInt(used) >= 0n, BigInt(used) <= BigInt(limit)];
      expect({ counter, used, low, high }).toEqual({ counter, used, low: true, high: true });
    }
  }

  /** All calls end, the dead are brought over, their holds run out: then every budget's counter is what the ledger says. */
  private async comeToRest(): Promise<void> {
    for (const call of this.allOpen()) {
      this.owner(call).store.settle(call.hold, this.used(call, 50));
      await this.record([this.recordOf(call, 'ok', 50)]);
    }
    await this.process(0).store.flush();
    await this.flush();
    await this.adopt();
    // A step back has put off the end of what the dead held.
    this.time.wall += 10 * DAY_MS;
    this.time.monotonic += HOLD_MS + LINGER_MS;
    await this.flush();
    await this.read();
    await this.compare();
    const { store } = this.process(0);
    for (const bucket of this.buckets) {
      const states = await store.read([this.spend(bucket, 0)]);
      const spent = await this.totals.spent('key', this.key, bucket);
      expect({ bucket, counter: BigInt(states?.[0]?.used ?? -1) }).toEqual({ bucket, counter: spent });
    }
    const slots = await store.read([this.slots()]);
    expect(slots?.[0]?.used).toBe(0);
  }

  private async read(): Promise<readonly { counter: string; used: number | bigint; limit: number | bigint }[]> {
    const { store } = this.process(0);
    return (await store.read([...this.claims(this.day(), 0, 0)])) ?? [];
  }

  private process(index: number): { store: CounterStore; open: OpenCall[] } {
    return this.processes[index % this.processes.length] as { store: CounterStore; open: OpenCall[] };
  }

  private allOpen(): OpenCall[] {
    return this.processes.flatMap(({ open }) => open);
  }

  private owner(call: OpenCall): { store: CounterStore; open: OpenCall[] } {
    return this.processes.find(({ open }) => open.includes(call)) ?? this.process(0);
  }

  private day(): string {
    return dayOf(this.time.wall);
  }

  private spend(bucket: string, amount: number): Claim {
    const [year = 0, month = 1, date] = bucket.split('-').map(Number);
    const expiresAtMs = date === undefined ? Date.UTC(year, month) : Date.UTC(year, month - 1, date + 1);
    const limit = date === undefined ? LIMITS.month : LIMITS.day;
    const window: Window = { kind: 'calendar', bucket, expiresAtMs };
    return this.claim(budgetCounter(this.org, 'key', this.key), { amount, limit, window, onExpiry: this.ofDeadCalls });
  }

  private slots(): CounterQuery & Claim {
    const window: Window = { kind: 'slots', leaseMs: HOLD_MS };
    return this.claim(`og:{${this.org}}:limit:key:slots`, { amount: 1, limit: LIMITS.slots, window });
  }

  private claims(day: string, tokens: number, money: number): Claim[] {
    const minute: Window = { kind: 'sliding', ms: MINUTE_MS };
    this.buckets.add(day).add(day.slice(0, 7));
    return [
      this.claim(`og:{${this.org}}:limit:key:rpm`, {
        ...{ amount: 1, limit: LIMITS.requests, window: minute },
        onExpiry: 'charge',
      }),
      this.claim(`og:{${this.org}}:limit:key:tpm`, { amount: tokens, limit: LIMITS.tokens, window: minute }),
      this.spend(day, money),
      this.spend(day.slice(0, 7), money),
      this.slots(),
    ];
  }

  private claim(counter: string, parts: Pick<Claim, 'amount' | 'limit' | 'window'> & Partial<Claim>): Claim {
    return { counter, onExpiry: 'release', onUnavailable: 'closed', ...parts };
  }

  /** One a claim: no more than was claimed. */
  private used({ hold, tokens, money }: OpenCall, share: number): (number | null)[] {
    const part = (whole: number): number => Math.floor((whole * share) / 100);
    return hold.claims.map(({ counter, window }) => {
      if (window.kind === 'calendar') return part(money);
      return counter.endsWith(':tpm') ? part(tokens) : null;
    });
  }

  private recordOf(call: OpenCall, outcome: CallRecord['outcome'], share: number): CallRecord {
    return aCallRecord({
      ...{ id: call.id, request_id: call.id, started_at: new Date(call.startedAtMs).toISOString(), outcome },
      ...{ org_id: this.org, project_id: this.project, key_id: this.key, spend_day: call.day },
      cost_nano_dollars: String(Math.floor((call.money * share) / 100)),
    });
  }

  private async record(records: CallRecord[]): Promise<void> {
    await this.records.insertBatch(records);
  }
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

describe('counters and the ledger, whatever happens', () => {
  describeServerDatabase((database) => {
    let records: CallRecordRepository;
    let totals: SpendTotals;

    beforeAll(async () => {
      const source = await database.dataSource();
      records = new CallRecordRepository(source);
      totals = new SpendTotals(source);
    }, 60_000);

    const property = async (open: () => Home, ofDeadCalls: 'linger' | 'charge' = 'linger'): Promise<void> => {
      await fc.assert(
        fc.asyncProperty(fc.array(anEvent, { minLength: 1, maxLength: 60, size: 'max' }), async (events) => {
          const home = open();
          try {
            await new Play(home, records, totals, ofDeadCalls).run(events);
          } finally {
            await home.close();
          }
        }),
        { numRuns: RUNS, interruptAfterTimeLimit: RUNS_MS, examples: [[SPENT_AFTER_A_CRASH]] },
      );
    };

    it('agree when all is quiet, and no counter passes its limit or zero: in process', async () => {
      await property(() => new InProcessHome());
    }, 120_000);

    (process.env['TEST_REDIS_URL'] === undefined ? describe.skip : describe)('in Redis', () => {
      let redis: ThrowawayRedis;
      let connection: RedisConnection;

      beforeAll(async () => {
        redis = await ThrowawayRedis.start();
        connection = new RedisConnection({ url: redis.url });
        connection.client?.setMaxListeners(0);
        await once(connection.client as RedisClient, 'ready');
      });
      afterAll(async () => {
        await connection?.onApplicationShutdown();
        await redis?.end();
      });

      it('agree when all is quiet, and no counter passes its limit or zero, of three processes', async () => {
        await property(() => new RedisHome(connection.client as RedisClient));
      }, 120_000);

      it('do so too where what dead calls reserved stays charged, and journals are found hours later', async () => {
        await property(() => new RedisHome(connection.client as RedisClient), 'charge');
      }, 120_000);
    });
  });
});

import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Amount } from '../../src/counters/amount.js';
import { LINGER_MS, type Claim, type Window } from '../../src/counters/claim.js';
import type { CounterStore, Hold, Refused, Taken, TakeResult } from '../../src/counters/counter.store.js';
import { CounterModel } from './counter-model.js';

/** A store whose time stands still until it is moved. */
export interface CounterHome {
  readonly store: CounterStore;
  /** Epoch ms. */
  now(): number;
  advance(ms: number): void;
}

const MINUTE = 60_000;
const sliding: Window = { kind: 'sliding', ms: MINUTE };
const slots: Window = { kind: 'slots', leaseMs: 20_000 };

function aClaim(org: string, name: string, parts: Partial<Claim>): Claim {
  return {
    counter: `og:{${org}}:test:key:${name}`,
    amount: 1,
    limit: 10,
    window: sliding,
    onExpiry: 'charge',
    onUnavailable: 'closed',
    ...parts,
  };
}

function taken(result: TakeResult): Taken {
  if (!result.ok)
    throw new Error(`Refused: ${JSON.stringify(result, (_k, v: unknown) => (typeof v === 'bigint' ? `${v}` : v))}`);
  return result;
}

function refused(result: TakeResult): Refused {
  if (result.ok || result.unavailable) throw new Error('Not refused');
  return result;
}

/** What every home of the counters must keep. */
export function describeCounterStore(name: string, open: () => CounterHome, propertyRuns: number): void {
  describe(`the counters ${name}`, () => {
    let home: CounterHome;
    let org: string;
    const claim = (counter: string, parts: Partial<Claim> = {}): Claim => aClaim(org, counter, parts);
    const day = (parts: Partial<Claim> = {}, bucket = '2026-11-02'): Claim =>
      claim('spend', { window: { kind: 'calendar', bucket, expiresAtMs: home.now() + 3_600_000 }, ...parts });
    const take = async (claims: Claim[], ttlMs = 600_000): Promise<TakeResult> =>
      home.store.take(claims, { holdId: randomUUID(), ttlMs });
    const used = async (one: Claim): Promise<Amount | undefined> => {
      await home.store.flush();
      return (await home.store.read([one]))?.[0]?.used;
    };
    const settle = async (hold: Hold, actual: (Amount | null)[]): Promise<void> => {
      home.store.settle(hold, actual);
      await home.store.flush();
    };
    const adjust = async (hold: Hold, soFar: (Amount | null)[]): Promise<void> => {
      home.store.adjust(hold, soFar);
      await home.store.flush();
    };

    beforeEach(() => {
      home = open();
      org = randomUUID();
    });

    describe('taking', () => {
      it('grants exactly as many of 500 simultaneous calls as there is room for', async () => {
        const claims = [
          claim('rpm', { limit: 37 }),
          day({ amount: 3, limit: 1_000 }),
          claim('slots', { window: slots, limit: 400 }),
        ];
        const results = await Promise.all(Array.from({ length: 500 }, () => take(claims)));
        expect(results.filter(({ ok }) => ok)).toHaveLength(37);
        expect(await used(claims[0] as Claim)).toBe(37);
        expect(await used(claims[1] as Claim)).toBe(111);
        expect(await used(claims[2] as Claim)).toBe(37);
      });

      it('tells how every counter stands after a grant', async () => {
        const result = taken(
          await take([claim('rpm'), day({ amount: 4, limit: 100 }), claim('slots', { window: slots, limit: 3 })]),
        );
        expect(result.states.map(({ used, remaining }) => [used, remaining])).toEqual([
          [1, 9],
          [4, 96],
          [1, 2],
        ]);
        expect(result.states[0]?.resetMs).toBeGreaterThan(MINUTE - 1);
        expect(result.states[0]?.resetMs).toBeLessThanOrEqual(MINUTE + 1_000);
        expect(result.states[1]?.resetMs).toBe(3_600_000);
        expect(result.degraded).toBe(false);
      });

      it('consumes nothing of any counter when one is full, and names the first that is', async () => {
        const full = claim('full', { limit: 2, amount: 2 });
        const alsoFull = claim('also-full', { limit: 2, amount: 2 });
        taken(await take([full, alsoFull]));
        const claims = [
          claim('rpm'),
          day({ amount: 5, limit: 100 }),
          full,
          claim('slots', { window: slots }),
          alsoFull,
        ];
        const result = refused(await take(claims));
        expect(result.refused).toMatchObject({ index: 2, counter: full.counter, limit: 2, used: 2, remaining: 0 });
        expect(result.states.map((state) => state.used)).toEqual([0, 0, 2, 0, 2]);
        expect(await used(claims[0] as Claim)).toBe(0);
        expect(await used(claims[1] as Claim)).toBe(0);
        expect(await used(claims[3] as Claim)).toBe(0);
      });

      it('says that a claim above its limit never fits', async () => {
        for (const never of [
          claim('tpm', { amount: 11 }),
          day({ amount: 11 }),
          claim('slots', { window: slots, limit: 0 }),
        ]) {
          expect(refused(await take([never])).refused.retryAfterMs).toBeNull();
        }
      });

      it('refuses claims that are mistakes in the program', async () => {
        const attempt = async (claims: Claim[]): Promise<TakeResult> => take(claims);
        await expect(attempt([claim('a'), aClaim('another', 'b', {})])).rejects.toThrow('two organisations');
        await expect(attempt([claim('a'), claim('a')])).rejects.toThrow('Claimed twice');
        await expect(attempt([claim('a', { amount: -1 })])).rejects.toThrow('Not an amount');
        await expect(attempt([claim('a', { amount: 0.5 })])).rejects.toThrow('Not an amount');
        await expect(attempt([claim('a', { window: slots, amount: 2 })])).rejects.toThrow('A slot is one');
        await expect(attempt([{ ...claim('a'), counter: 'rpm' }])).rejects.toThrow('Not a counter name');
        await expect(attempt([])).rejects.toThrow(TypeError);
      });
    });

    describe('a counter that stands in many lists of claims', () => {
      it('counts all of them, whichever others they claim and in whatever order', async () => {
        const window = (bucket: string): Window => ({ kind: 'calendar', bucket, expiresAtMs: home.now() + 3_600_000 });
        const all = [
          claim('rpm', { limit: 10_000 }),
          claim('spend', { limit: 10_000, window: window('2026-11-02') }),
          claim('slots', { limit: 10_000, window: { kind: 'slots', leaseMs: 600_000 } }),
          claim('tpm', { limit: 10_000 }),
          claim('spend', { limit: 10_000, window: window('2026-11') }),
          claim('model/m/rpm', { limit: 10_000 }),
          claim('rps', { limit: 10_000, window: { kind: 'sliding', ms: 600_000 } }),
        ];
        const counted = all.map(() => 0);
        for (let round = 0; round < 12; round += 1) {
          const lists = [1, 2, 3, 4].map((step) =>
            all.flatMap((_one, i) => {
              const at = (i * step + round) % all.length;
              return (at + round + step) % 3 === 0 ? [] : [at];
            }),
          );
          const results = await Promise.all(lists.map((list) => take(list.map((at) => all[at] as Claim))));
          for (const [i, list] of lists.entries()) {
            const given = i % 2 === 1;
            if (given) home.store.release(taken(results[i] as TakeResult).hold);
            else for (const at of list) counted[at] = (counted[at] ?? 0) + 1;
          }
          await home.store.flush();
          home.advance(4_000);
        }
        expect((await home.store.read(all))?.map((state) => state.used)).toEqual(counted);
      });

      it('counts all of them when lists come in turn in one moment, after a while in which none came', async () => {
        const [a, b, c] = ['a', 'b', 'c'].map((name, i) => claim(name, { amount: 1 + i, limit: 1_000 })) as [
          Claim,
          Claim,
          Claim,
        ];
        taken(await take([a, b, c]));
        for (let round = 1; round <= 3; round += 1) {
          home.advance(15_000);
          (await Promise.all([take([a, b, c]), take([c, b]), take([a, b, c]), take([b, a])])).forEach(taken);
          expect([await used(a), await used(b), await used(c)]).toEqual([1 + 3 * round, 2 + 8 * round, 3 + 9 * round]);
        }
      });

      it('may be one of 64, on one thing or on as many', async () => {
        const things = Array.from({ length: 64 }, (_unused, i) => i);
        for (const name of [(i: number): string => `rpm${i}`, (i: number): string => `${i}:rpm`]) {
          const claims = things.map((i) => claim(name(i), { amount: i, limit: 100 }));
          const { hold } = taken(await take(claims));
          expect(await Promise.all(claims.map(used))).toEqual(things);
          await settle(
            hold,
            things.map((i) => 2 * i),
          );
          expect(await Promise.all(claims.map(used))).toEqual(things.map((i) => 2 * i));
        }
      });
    });

    describe('a sliding window', () => {
      it('has no edge at which twice the limit fits', async () => {
        const rpm = claim('rpm', { limit: 10 });
        home.advance(MINUTE - (home.now() % MINUTE) - 500);
        for (let i = 0; i < 10; i += 1) taken(await take([rpm]));
        home.advance(1_000);
        expect((await take([rpm])).ok).toBe(false);
        home.advance(MINUTE - 1_001);
        expect((await take([rpm])).ok).toBe(false);
        home.advance(1_001);
        taken(await take([rpm]));
      });

      it('lets in whoever waits exactly as long as told, and nobody a moment earlier', async () => {
        const tpm = (amount: number): Claim => claim('tpm', { amount, limit: 100 });
        home.advance(123);
        for (const amount of [30, 20, 40]) {
          taken(await take([tpm(amount)]));
          home.advance(7_311);
        }
        const { retryAfterMs } = refused(await take([tpm(60)])).refused;
        expect(retryAfterMs).toBeGreaterThan(0);
        home.advance((retryAfterMs as number) - 1);
        expect((await take([tpm(60)])).ok).toBe(false);
        home.advance(1);
        // 30 and 20 have left: 40 + 60 is the limit.
        expect(taken(await take([tpm(60)])).states[0]?.used).toBe(100);
      });

      it('counts tokens that appear during a stream at the moment they appear', async () => {
        const tpm = claim('tpm', { amount: 10, limit: 1_000 });
        const { hold } = taken(await take([tpm]));
        home.advance(50_000);
        await adjust(hold, [300]);
        expect(await used(tpm)).toBe(300);
        home.advance(15_000);
        expect(await used(tpm)).toBe(290);
        await settle(hold, [310]);
        expect(await used(tpm)).toBe(300);
        home.advance(MINUTE + 1_000);
        expect(await used(tpm)).toBe(0);
      });

      it('takes back the newest first, and no more than there is', async () => {
        const tpm = claim('tpm', { amount: 10, limit: 1_000 });
        const { hold } = taken(await take([tpm]));
        home.advance(50_000);
        await adjust(hold, [250]);
        await adjust(hold, [310]);
        await adjust(hold, [110]);
        expect(await used(tpm)).toBe(110);
        await settle(hold, [5]);
        expect(await used(tpm)).toBe(5);
        home.advance(15_000);
        expect(await used(tpm)).toBe(0);
      });

      it('forgets a correction of what has left the window', async () => {
        const tpm = claim('tpm', { amount: 10 });
        const { hold } = taken(await take([tpm]));
        home.advance(2 * MINUTE);
        taken(await take([claim('tpm', { amount: 4 })]));
        await settle(hold, [1]);
        expect(await used(tpm)).toBe(4);
      });
    });

    describe('slots', () => {
      const slot = (): Claim => claim('slots', { window: slots, limit: 2 });

      it('are free again after settling', async () => {
        const { hold } = taken(await take([slot()]));
        taken(await take([slot()]));
        expect(refused(await take([slot()])).refused).toMatchObject({ used: 2, retryAfterMs: 1_000 });
        await settle(hold, [null]);
        taken(await take([slot()]));
      });

      it('free themselves when nobody renews them', async () => {
        taken(await take([slot()]));
        taken(await take([slot()]));
        home.advance(19_999);
        expect((await take([slot()])).ok).toBe(false);
        home.advance(1);
        taken(await take([slot()]));
        expect(await used(slot())).toBe(1);
      });

      it('last as long as they are renewed', async () => {
        const { hold } = taken(await take([slot()]));
        for (let i = 0; i < 5; i += 1) {
          home.advance(15_000);
          home.store.renew(hold);
          await home.store.flush();
        }
        expect(await used(slot())).toBe(1);
      });

      it('do not come back when renewed too late', async () => {
        const { hold } = taken(await take([slot()]));
        home.advance(20_000);
        taken(await take([slot()]));
        taken(await take([slot()]));
        home.store.renew(hold);
        expect(await used(slot())).toBe(2);
        await settle(hold, [null]);
        expect(await used(slot())).toBe(2);
      });
    });

    describe('settling', () => {
      it('corrects down and up', async () => {
        const claims = [claim('tpm', { amount: 50, limit: 100 }), day({ amount: 50, limit: 100 })];
        const one = taken(await take(claims)).hold;
        await settle(one, [20, 30]);
        expect([await used(claims[0] as Claim), await used(claims[1] as Claim)]).toEqual([20, 30]);
        const two = taken(await take(claims)).hold;
        await settle(two, [500, 600]);
        expect([await used(claims[0] as Claim), await used(claims[1] as Claim)]).toEqual([520, 630]);
        expect(refused(await take([day({ amount: 1, limit: 100 })])).refused).toMatchObject({
          used: 630,
          remaining: 0,
        });
      });

      it('happens once, however often it is asked for', async () => {
        const spend = day({ amount: 5 });
        taken(await take([spend]));
        const { hold } = taken(await take([spend]));
        await settle(hold, [2]);
        await settle(hold, [0]);
        await adjust(hold, [9]);
        home.store.release(hold);
        expect(await used(spend)).toBe(7);
      });

      it('leaves what it is told nothing about', async () => {
        const claims = [claim('rpm'), day({ amount: 5 })];
        const { hold } = taken(await take(claims));
        await adjust(hold, [null, 7]);
        await settle(hold, [null, null]);
        expect([await used(claims[0] as Claim), await used(claims[1] as Claim)]).toEqual([1, 7]);
      });

      it('ignores an amount that makes no sense, and frees the slot all the same', async () => {
        const claims = [day({ amount: 5 }), claim('slots', { window: slots })];
        const { hold } = taken(await take(claims));
        await settle(hold, [Number.NaN, null]);
        expect([await used(claims[0] as Claim), await used(claims[1] as Claim)]).toEqual([5, 0]);
      });

      it('gives everything back on release', async () => {
        const claims = [claim('rpm'), day({ amount: 5 }), claim('slots', { window: slots })];
        const { hold } = taken(await take(claims));
        home.store.release(hold);
        for (const one of claims) expect(await used(one)).toBe(0);
      });

      it('corrects the day on which the money was taken', async () => {
        const monday = day({ amount: 9 });
        const { hold } = taken(await take([monday]));
        home.advance(3_700_000);
        const tuesday = day({ amount: 4 }, '2026-11-03');
        taken(await take([tuesday]));
        await settle(hold, [3]);
        expect(await used(tuesday)).toBe(4);
        expect(await used(monday)).toBe(3);
      });
    });

    describe('a hold that runs out', () => {
      it('is released or charged as each claim says', async () => {
        const claims = [
          claim('tpm', { amount: 5, onExpiry: 'release' }),
          day({ amount: 6, onExpiry: 'release' }),
          claim('rpm', { amount: 1 }),
          claim('charged', { amount: 7, window: day().window }),
          claim('lingers', { amount: 8, onExpiry: 'linger', window: day().window }),
          claim('lingering-tokens', { amount: 3, onExpiry: 'linger', window: { kind: 'sliding', ms: 3_600_000 } }),
        ];
        taken(await take(claims, 10_000));
        home.advance(9_999);
        expect(await used(claims[1] as Claim)).toBe(6);
        home.advance(1);
        const after = await Promise.all(claims.map(used));
        expect(after).toEqual([0, 0, 1, 7, 8, 3]);
        home.advance(LINGER_MS - 1);
        expect((await Promise.all(claims.map(used))).slice(3)).toEqual([7, 8, 3]);
        home.advance(1);
        expect((await Promise.all(claims.map(used))).slice(3)).toEqual([7, 0, 0]);
      });

      it('lingers no more once it is renewed, and anew when it runs out again', async () => {
        const spend = day({ amount: 8, onExpiry: 'linger' });
        const { hold } = taken(await take([spend], 10_000));
        home.advance(10_000 + LINGER_MS - 5_000);
        expect(await used(spend)).toBe(8);
        home.store.renew(hold);
        await home.store.flush();
        home.advance(10_000 + LINGER_MS - 1);
        expect(await used(spend)).toBe(8);
        home.advance(1);
        expect(await used(spend)).toBe(0);
        await settle(hold, [3]);
        expect(await used(spend)).toBe(3);
      });

      it('is still corrected by a late settlement', async () => {
        const claims = [day({ amount: 6, onExpiry: 'release' }), claim('kept', { amount: 6, window: day().window })];
        const { hold } = taken(await take(claims, 10_000));
        home.advance(30_000);
        expect(await Promise.all(claims.map(used))).toEqual([0, 6]);
        await settle(hold, [4, 4]);
        expect(await Promise.all(claims.map(used))).toEqual([4, 4]);
      });

      it('does not count again, when it is renewed after all, what has left the window', async () => {
        const tpm = claim('tpm', { amount: 9, onExpiry: 'release' });
        const { hold } = taken(await take([tpm], 30_000));
        home.advance(25_000);
        await adjust(hold, [10]);
        home.advance(45_000);
        expect(await used(tpm)).toBe(0);
        await adjust(hold, [10]);
        expect(await used(tpm)).toBe(1);
        await settle(hold, [4]);
        expect(await used(tpm)).toBe(0);
      });

      it('makes room for a call that would not fit otherwise', async () => {
        const spend = day({ amount: 8, onExpiry: 'release' });
        taken(await take([spend], 10_000));
        home.advance(10_000);
        taken(await take([spend]));
      });
    });

    describe('a calendar counter', () => {
      it('begins anew in the next bucket and says when that is', async () => {
        taken(await take([day({ amount: 10 })]));
        expect(refused(await take([day()])).refused.retryAfterMs).toBe(3_600_000);
        taken(await take([day({ amount: 10 }, '2026-11-03')]));
      });

      it('counts exactly where floating point would not', async () => {
        const limit = 2n ** 60n;
        const window = day().window;
        const huge = (amount: Amount): Claim => claim('huge', { amount, limit, window });
        const { hold } = taken(await take([huge(2n ** 53n)]));
        taken(await take([huge(1)]));
        expect(await used(huge(0))).toBe(2n ** 53n + 1n);
        taken(await take([huge(limit - 2n ** 53n - 2n)]));
        const last = refused(await take([huge(2)]));
        expect(last.refused).toMatchObject({ used: limit - 1n, remaining: 1 });
        taken(await take([huge(1)]));
        await settle(hold, [2n ** 53n - 1n]);
        expect(await used(huge(0))).toBe(limit - 1n);
      });

      it('is corrected exactly where floating point would not be', async () => {
        const window = day().window;
        const huge = (amount: Amount): Claim => claim('huge', { amount, limit: 2n ** 62n, window });
        taken(await take([huge(Number.MAX_SAFE_INTEGER)]));
        const { hold } = taken(await take([huge(2n ** 59n + 1n)]));
        await settle(hold, [2n ** 58n + 2n]);
        taken(await take([huge(1)]));
        expect(await used(huge(0))).toBe(2n ** 58n + 2n ** 53n + 2n);
        const small = (amount: Amount): Claim => claim('small', { amount, limit: 2n ** 62n, window });
        for (let i = 0; i < 3; i += 1) taken(await take([small(Number.MAX_SAFE_INTEGER)]));
        expect(await used(small(0))).toBe(3n * (2n ** 53n - 1n));
      });

      it('begins where it is seeded, unless it has begun', async () => {
        const spend = day({ limit: 100 });
        const window = spend.window as Extract<Window, { kind: 'calendar' }>;
        await home.store.seed(spend.counter, window, 95);
        await home.store.seed(spend.counter, window, 0);
        expect(taken(await take([{ ...spend, amount: 5 }])).states[0]?.used).toBe(100);
      });

      it('is moved by corrections of what was spent, never below zero, and not made by them', async () => {
        const spend = day({ limit: 2n ** 60n });
        const window = spend.window as Extract<Window, { kind: 'calendar' }>;
        const shift = async (by: bigint): Promise<void> => home.store.shift(spend.counter, window, by, randomUUID());
        await shift(500n);
        const { hold } = taken(await take([{ ...spend, amount: 90 }]));
        expect(await used(spend)).toBe(90);
        await shift(25n);
        expect(await used(spend)).toBe(115);
        await shift(-15n);
        expect(await used(spend)).toBe(100);
        await settle(hold, [30]);
        expect(await used(spend)).toBe(40);
        await shift(-41n);
        expect(await used(spend)).toBe(0);
        await shift(2n ** 59n + 1n);
        expect(await used(spend)).toBe(2n ** 59n + 1n);
        await shift(-(2n ** 59n));
        expect(await used(spend)).toBe(1);
      });

      it('is lifted to what was spent when it counts less, and never lowered or made by that', async () => {
        const spend = day({ limit: 1000 });
        const window = spend.window as Extract<Window, { kind: 'calendar' }>;
        await home.store.raise(spend.counter, window, 500);
        const { hold } = taken(await take([{ ...spend, amount: 90 }]));
        expect(await used(spend)).toBe(90);
        await home.store.raise(spend.counter, window, 9);
        expect(await used(spend)).toBe(90);
        await home.store.raise(spend.counter, window, 100);
        expect(await used(spend)).toBe(100);
        await settle(hold, [70]);
        expect(await used(spend)).toBe(80);
      });

      it('is read from the ledger once when it is missing, however many ask', async () => {
        let asked = 0;
        home.store.hydrateWith(async (counter, bucket) => {
          asked += 1;
          await new Promise((resolve) => setTimeout(resolve, 5));
          return counter === day().counter && bucket === '2026-11-02' ? 90 : 0;
        });
        const results = await Promise.all(
          Array.from({ length: 50 }, () => take([claim('rpm', { limit: 99 }), day({ limit: 100 })])),
        );
        expect(results.filter(({ ok }) => ok)).toHaveLength(10);
        expect(asked).toBe(1);
        expect(await used(claim('rpm'))).toBe(10);
      });

      it('is decided by the claim when the ledger does not answer', async () => {
        home.store.hydrateWith(() => Promise.reject(new Error('no database')));
        const closed = await take([claim('rpm'), day({ onUnavailable: 'closed' })]);
        expect(closed).toMatchObject({ ok: false, unavailable: true, index: expect.any(Number) as number });
        const open = await take([claim('rpm', { onUnavailable: 'open' }), day({ onUnavailable: 'open' })]);
        expect(open.ok).toBe(true);
      });
    });

    it('never passes a limit nor falls below zero, whatever the order of events', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anEvent, { minLength: 1, maxLength: 40 }), async (events) => {
          home = open();
          org = randomUUID();
          await play(events, home, org);
        }),
        { numRuns: propertyRuns, endOnFailure: propertyRuns < 100 },
      );
    });
  });
}

const amount = fc.integer({ min: 0, max: 60 });
const anEvent = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('take' as const),
      tokens: amount,
      money: amount,
      slot: fc.boolean(),
      onExpiry: fc.constantFrom('release' as const, 'charge' as const, 'linger' as const),
      ttlMs: fc.constantFrom(5_000, 30_000, 90_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('settle' as const), which: fc.nat(), tokens: amount, money: amount }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('adjust' as const), which: fc.nat(), tokens: amount, money: amount }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      ms: fc.oneof(
        fc.integer({ min: 0, max: 25_000 }),
        fc.constantFrom(1, 999, 1_000, 59_999, 60_000, 61_000, LINGER_MS),
      ),
    }),
  },
);
type Event = typeof anEvent extends fc.Arbitrary<infer T> ? T : never;

const LIMITS = { tokens: 100, money: 150, slots: 3 };

async function play(events: readonly Event[], home: CounterHome, org: string): Promise<void> {
  const model = new CounterModel(LIMITS, { ms: MINUTE, widthMs: 1_000, leaseMs: 20_000 });
  const began = home.now();
  const window: Window = { kind: 'calendar', bucket: '2026', expiresAtMs: began + 365 * 86_400_000 };
  const holds: Hold[] = [];
  const begin = home.now();
  model.advance(begin);
  for (const event of events) {
    switch (event.do) {
      case 'advance':
        home.advance(event.ms);
        model.advance(event.ms);
        break;
      case 'take': {
        const { onExpiry } = event;
        const claims = [
          aClaim(org, 'tpm', { amount: event.tokens, limit: LIMITS.tokens, onExpiry }),
          aClaim(org, 'spend', { amount: event.money, limit: LIMITS.money, onExpiry, window }),
          ...(event.slot ? [aClaim(org, 'slots', { limit: LIMITS.slots, window: slots })] : []),
        ];
        const { may, must } = model.judge(event.tokens, event.money, event.slot);
        const result = await home.store.take(claims, { holdId: `${org}-${holds.length}`, ttlMs: event.ttlMs });
        if (result.ok ? !may : must) throw new Error(result.ok ? 'Granted too much' : 'Refused what fits');
        if (result.ok) {
          holds.push(result.hold);
          model.grant(event.tokens, event.money, event.slot, event.ttlMs, onExpiry);
        }
        break;
      }
      default:
        if (holds.length > 0) correct(event, holds, home, model);
    }
    await home.store.flush();
    await compare(home, model, org, window);
  }
}

function correct(
  event: Extract<Event, { which: number }>,
  holds: readonly Hold[],
  home: CounterHome,
  model: CounterModel,
): void {
  const index = event.which % holds.length;
  const hold = holds[index] as Hold;
  home.store[event.do](hold, [event.tokens, event.money, null]);
  model[event.do](index, event.tokens, event.money);
}

async function compare(home: CounterHome, model: CounterModel, org: string, window: Window): Promise<void> {
  const states = await home.store.read([
    aClaim(org, 'tpm', { limit: LIMITS.tokens }),
    aClaim(org, 'spend', { limit: LIMITS.money, window }),
    aClaim(org, 'slots', { limit: LIMITS.slots, window: slots }),
  ]);
  const { least, most } = model.tokens();
  expect(states?.[0]?.used).toBeGreaterThanOrEqual(least);
  expect(states?.[0]?.used).toBeLessThanOrEqual(most);
  expect(states?.[1]?.used).toBe(model.spent);
  expect(states?.[2]?.used).toBe(model.slots());
}

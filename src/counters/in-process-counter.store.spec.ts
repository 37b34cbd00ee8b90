import type { Claim } from './claim.js';
import type { TakeResult } from './counter.store.js';
import { InProcessCounterStore } from './in-process-counter.store.js';

const aClaim = (name: string, parts: Partial<Claim> = {}): Claim => ({
  counter: `og:{acme}:test:key:${name}`,
  amount: 1,
  limit: 10,
  window: { kind: 'sliding', ms: 60_000 },
  onExpiry: 'charge',
  onUnavailable: 'closed',
  ...parts,
});

describe('counters in process', () => {
  let monotonic: number;
  let wall: number;
  const clock = { monotonicMs: () => monotonic, wallMs: () => wall };
  const day = (): Claim =>
    aClaim('spend', { window: { kind: 'calendar', bucket: '2026-11-02', expiresAtMs: 1_800_000_000_000 + 3_600_000 } });
  const take = (store: InProcessCounterStore, ...claims: Claim[]): TakeResult =>
    store.take(claims, { holdId: 'x', ttlMs: 600_000 }) as TakeResult;
  const pass = (ms: number): void => {
    monotonic += ms;
    wall += ms;
  };

  beforeEach(() => {
    monotonic = 5_000;
    wall = 1_800_000_000_000;
  });

  it('answers without a promise', () => {
    expect(take(new InProcessCounterStore({ clock }), aClaim('rpm'), day())).toMatchObject({ ok: true });
  });

  it('drops counters that count nothing any more, and none that does', () => {
    const store = new InProcessCounterStore({ clock });
    const slot = aClaim('slots', { window: { kind: 'slots', leaseMs: 300_000 } });
    for (let i = 0; i < 5_000; i += 1) take(store, aClaim(`key-${i}`));
    const first = take(store, day(), slot);
    expect(store.size).toBe(5_002);
    pass(50_000);
    take(store, aClaim('key-7'));
    expect(store.size).toBe(5_002);
    pass(15_000);
    take(store, aClaim('rpm', { amount: 0 }));
    expect(store.size).toBe(4);
    pass(240_000);
    const second = take(store, day(), slot);
    expect(second).toMatchObject({ states: [{ used: 2 }, { used: 1 }] });
    for (const taken of [first, second]) {
      pass(2 * 3_600_000 + 1_000);
      take(store, aClaim('rpm', { amount: 0 }));
      expect(store.size).toBe(2);
      if (taken.ok) store.settle(taken.hold, [1, null]);
    }
    pass(21_000);
    take(store, aClaim('rpm', { amount: 0 }));
    expect(store.size).toBe(1);
  });

  it('holds no more counters than it may: a claim on a further one is unavailable', () => {
    const store = new InProcessCounterStore({ clock, capacity: 2 });
    take(store, aClaim('a'), aClaim('b'));
    expect(take(store, aClaim('a'), aClaim('c'))).toMatchObject({ ok: false, unavailable: true, index: 1 });
    expect(take(store, aClaim('a'), aClaim('c', { onUnavailable: 'open' }))).toMatchObject({
      ok: true,
      states: [{ used: 2 }, { used: 0 }],
    });
    expect(store.size).toBe(2);
    pass(120_000);
    expect(take(store, aClaim('c'), aClaim('d'))).toMatchObject({ ok: true });
  });

  it('drops days that nobody uses when there are many, and reads them from the ledger again', async () => {
    const store = new InProcessCounterStore({ clock, plenty: 1_000 });
    const asked: string[] = [];
    store.hydrateWith((counter) => Promise.resolve((asked.push(counter), 7)));
    const keyOf = (i: number): Claim => ({ ...day(), counter: `og:{acme}:test:key:${i}`, limit: 1_000 });
    const spend = (i: number): Promise<TakeResult> =>
      Promise.resolve(store.take([keyOf(i)], { holdId: 'x', ttlMs: 600_000 }));
    const running = await spend(0);
    for (let i = 1; i < 3_000; i += 1) {
      const result = await spend(i);
      if (result.ok) store.settle(result.hold, [5]);
      if (i % 1_000 === 0) pass(15_000);
    }
    expect(store.size).toBe(3_000);
    for (let i = 0; i < 4; i += 1) {
      pass(50_000);
      const recent = await spend(2_999);
      if (recent.ok) store.settle(recent.hold, [0]);
    }
    // Down to what is plenty, and a call that is under way keeps its own however long it takes.
    expect(store.size).toBe(1_000);
    asked.length = 0;
    expect(await spend(0)).toMatchObject({ states: [{ used: 9 }] });
    expect(await spend(2_999)).toMatchObject({ states: [{ used: 13 }] });
    expect(asked).toEqual([]);
    expect(await spend(1)).toMatchObject({ states: [{ used: 8 }] });
    expect(asked).toEqual([keyOf(1).counter]);
    if (running.ok) store.settle(running.hold, [4]);
    expect((await store.read([keyOf(0)]))[0]).toMatchObject({ used: 12 });
  });

  it('does not care when the wall clock steps', () => {
    const store = new InProcessCounterStore({ clock });
    const claims = [aClaim('rpm', { limit: 1 }), day()];
    take(store, ...claims);
    for (const step of [-86_400_000, 40 * 86_400_000, -1]) {
      wall += step;
      monotonic += 1_000;
      expect(take(store, ...claims)).toMatchObject({ ok: false, states: [{ used: 1 }, { used: 1 }] });
    }
    monotonic += 60_000;
    expect(take(store, ...claims)).toMatchObject({ ok: true, states: [{ used: 1 }, { used: 2 }] });
  });

  it('counts what a long stream adds although its counter was dropped as idle meanwhile', () => {
    const store = new InProcessCounterStore({ clock });
    const result = take(store, aClaim('tpm', { limit: 100 }));
    if (!result.ok) throw new Error('Refused');
    pass(300_000);
    take(store, aClaim('other'));
    expect(store.size).toBe(1);
    store.adjust(result.hold, [41]);
    expect(take(store, aClaim('tpm', { limit: 100 }))).toMatchObject({ states: [{ used: 41 }] });
    store.settle(result.hold, [21]);
    expect(take(store, aClaim('tpm', { limit: 100 }))).toMatchObject({ states: [{ used: 22 }] });
  });

  it('forgets holds once they are settled or have run out', () => {
    const store = new InProcessCounterStore({ clock });
    const spend = { ...day(), onExpiry: 'release' as const, limit: 100_000 };
    for (let i = 0; i < 1_000; i += 1) {
      const result = store.take([spend], { holdId: `${i}`, ttlMs: 1_000 + i }) as TakeResult;
      if (result.ok && i % 2 === 0) store.settle(result.hold, [2]);
    }
    pass(1_500);
    // 500 settled at 2, and of the others those run out that live up to 1500 ms.
    expect(take(store, { ...spend, amount: 0 })).toMatchObject({ states: [{ used: 1_000 + 250 }] });
  });
});

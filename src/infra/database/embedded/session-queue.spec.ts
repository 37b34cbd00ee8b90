import { setTimeout as sleep } from 'node:timers/promises';
import { SessionQueue } from './session-queue.js';

const holder = (name: string) => ({ name });

describe('the queue for the one session', () => {
  it('admits those who wait in the order they came, each after the one before gave it back', async () => {
    const queue = new SessionQueue(1_000);
    const [a, b, c] = [holder('a'), holder('b'), holder('c')];
    const admitted: string[] = [];
    expect(queue.take(a)).toBeUndefined();
    void queue.take(b)?.then(() => admitted.push('b'));
    void queue.take(c)?.then(() => admitted.push('c'));
    await sleep(1);
    expect(admitted).toEqual([]);
    queue.giveBack(a);
    await sleep(1);
    expect(admitted).toEqual(['b']);
    queue.giveBack(b);
    await sleep(1);
    expect(admitted).toEqual(['b', 'c']);
  });

  it('lets its holder take it again and nobody else give it back', () => {
    const queue = new SessionQueue(1_000);
    const [a, b] = [holder('a'), holder('b')];
    void queue.take(a);
    expect(queue.take(a)).toBeUndefined();
    queue.giveBack(b);
    expect(queue.holds(a)).toBe(true);
  });

  it('refuses one who has waited too long, and does not admit him later', async () => {
    const queue = new SessionQueue(10);
    const [a, b] = [holder('a'), holder('b')];
    void queue.take(a);
    await expect(queue.take(b)).rejects.toMatchObject({ code: '57014' });
    queue.giveBack(a);
    expect(queue.holds(b)).toBe(false);
  });

  it('refuses at once when a thousand wait', async () => {
    const queue = new SessionQueue(500);
    void queue.take(holder('holder'));
    const waiting = Array.from({ length: 1_000 }, (_, i) => queue.take(holder(String(i))));
    let gaveUp = 0;
    const settled = Promise.allSettled(waiting.map((place) => Promise.resolve(place).finally(() => (gaveUp += 1))));
    await expect(queue.take(holder('one too many'))).rejects.toMatchObject({ code: '53300' });
    expect(gaveUp).toBe(0);
    expect((await settled).every(({ status }) => status === 'rejected')).toBe(true);
  });
});

import type { LastUsedRepository } from './last-used.repository.js';
import { LastUsed } from './last-used.service.js';

class FakeRows {
  readonly written: [string, number][][] = [];
  away = false;
  write(times: ReadonlyMap<string, number>): Promise<void> {
    if (this.away) return Promise.reject(new Error('away'));
    this.written.push([...times]);
    return Promise.resolve();
  }
}

function open() {
  const rows = new FakeRows();
  return { rows, lastUsed: new LastUsed(rows as unknown as LastUsedRepository) };
}

describe('LastUsed', () => {
  it('writes many uses of many keys in one go, each key once with its latest time', async () => {
    const { rows, lastUsed } = open();
    lastUsed.touch('a', 1);
    lastUsed.touch('b', 2);
    lastUsed.touch('a', 3);
    await lastUsed.flush();
    await lastUsed.flush();
    expect(rows.written).toEqual([
      [
        ['a', 3],
        ['b', 2],
      ],
    ]);
  });

  it('keeps what could not be written, without letting it overwrite what came later', async () => {
    const { rows, lastUsed } = open();
    rows.away = true;
    lastUsed.touch('a', 1);
    lastUsed.touch('b', 1);
    const flush = lastUsed.flush();
    await Promise.resolve();
    lastUsed.touch('a', 5);
    await flush;
    rows.away = false;
    await lastUsed.beforeApplicationShutdown();
    expect(new Map(rows.written[0])).toEqual(
      new Map([
        ['a', 5],
        ['b', 1],
      ]),
    );
  });
});

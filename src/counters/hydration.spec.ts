import { Hydration } from './hydration.js';

describe('asking the ledger what was spent', () => {
  it('asks once for all who wait for the same counter, but not less than anybody needs', async () => {
    const asked: boolean[] = [];
    const hydration = new Hydration(1_000, () => 0);
    hydration.use((_counter, _bucket, lost) => {
      asked.push(lost);
      return Promise.resolve(lost ? 2n : 1n);
    });
    const of = (lost: boolean): Promise<unknown> => hydration.spent('og:{o}:key:k:spend', '2026-11-02', lost);
    expect(await Promise.all([of(false), of(true), of(false), of(true)])).toEqual([1n, 2n, 1n, 2n]);
    expect(asked).toEqual([false, true]);
  });
});

import fc from 'fast-check';
import { budgetFromInput, budgetView, limitFromInput, limitView, usdToNanoDollars } from './limit.decorator.js';

describe('money of the admin API', () => {
  it.each([
    [0, 0],
    [1, 1_000_000_000],
    [12.5, 12_500_000_000],
    ['12.50', 12_500_000_000],
    [0.1, 100_000_000],
    [1e-9, 1],
    [1.5e-8, 15],
    ['0.000000001', 1],
    [1_000_000_000, 1e18],
  ])('reads %p as %p nano-dollars', (usd, nano) => expect(usdToNanoDollars(usd)).toBe(nano));

  it.each([
    -1,
    -0.01,
    Number.NaN,
    Infinity,
    1e-10,
    '0.0000000001',
    1_000_000_000.5,
    1e21,
    '1e3',
    ' 5',
    '',
    '0x10',
    '5.',
    '.5',
    true,
    [],
    {},
  ])('refuses %p', (value) => expect(usdToNanoDollars(value)).toBeNull());

  it('shows every amount up to a million dollars as it was given', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e15 }), (nano) => {
        const shown = budgetView(nano);
        expect(budgetFromInput(shown)).toBe(nano);
      }),
    );
  });

  it('keeps unlimited, nothing and inherited apart', () => {
    for (const value of ['unlimited', 0, null] as const) {
      expect(limitView(limitFromInput(value))).toBe(value);
      expect(budgetView(budgetFromInput(value))).toBe(value);
    }
  });
});

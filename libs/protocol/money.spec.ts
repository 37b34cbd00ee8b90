import fc from 'fast-check';
import { decimalText, nanoDollars, scaledDecimal, usdText } from './index.js';

describe('money', () => {
  it.each([
    ['2.5', 2_500_000_000],
    ['0', 0],
    ['0.000000001', 1],
    ['0.003625', 3_625_000],
    ['1000000', 1e15],
  ])('reads %s USD per million exactly', (usd, nano) => expect(nanoDollars(usd)).toBe(nano));

  it.each(['', '-1', '1e3', '.5', '1.', '0.0000000001', '1000000.1', 'NaN', ' 1', '1,5', '0x10'])(
    'refuses %j as a price',
    (usd) => expect(nanoDollars(usd)).toBeNull(),
  );

  it('rounds what is finer than wanted half up, once, from the decimal and not from the binary fraction', () => {
    expect(scaledDecimal('0.18000000000000002', 9)).toBe(180_000_000n);
    expect(scaledDecimal('0.08333333333333334', 9)).toBe(83_333_333n);
    expect(scaledDecimal('1.0000000005', 9)).toBe(1_000_000_001n);
    expect(scaledDecimal('1.00000000049', 9)).toBe(1_000_000_000n);
    // As a number, 1.005 × 100 is 100.49999999999999.
    expect(scaledDecimal('1.005', 2)).toBe(101n);
    expect(() => scaledDecimal('one', 2)).toThrow(RangeError);
  });

  it('writes numbers without exponent, so that they read back as themselves', () => {
    expect(decimalText(6e-8)).toBe('0.00000006');
    expect(decimalText(1.25e-7)).toBe('0.000000125');
    expect(decimalText(1e21)).toBe('1000000000000000000000');
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e30, noNaN: true }), (value) => {
        const text = decimalText(value);
        expect(text).toMatch(/^\d+(\.\d+)?$/);
        expect(Number(text)).toBe(value + 0);
      }),
    );
  });

  it('writes nano-dollars as exact USD, and back', () => {
    expect(usdText(207_125)).toBe('0.000207125');
    expect(usdText('1500000000')).toBe('1.5');
    expect(usdText(0)).toBe('0');
    expect(usdText(-1n)).toBe('-0.000000001');
    fc.assert(fc.property(fc.maxSafeNat(), (nano) => expect(scaledDecimal(usdText(nano), 9)).toBe(BigInt(nano))));
  });

  it('writes an amount alike whether it comes as a number, a big integer or text', () => {
    const amounts = fc.tuple(fc.nat(9_007_199), fc.nat(999_999_999), fc.nat(9));
    fc.assert(
      fc.property(amounts, ([whole, nano, zeros]) => {
        const amount = whole * 1e9 + (nano - (nano % 10 ** zeros));
        expect(usdText(amount)).toBe(usdText(BigInt(amount)));
        expect(usdText(amount)).toBe(usdText(String(amount)));
      }),
      { numRuns: 1000 },
    );
    for (const amount of [1e9 - 1, 1e9, 1e9 + 1, 9e15 - 1, 9e15 + 1, Number.MAX_SAFE_INTEGER, 1e20, -1_500_000_000]) {
      expect(usdText(amount)).toBe(usdText(BigInt(amount)));
    }
    expect(() => usdText(1.5)).toThrow(RangeError);
  });
});

import fc from 'fast-check';
import { bucketOf, histogramCounts, HISTOGRAM_BUCKETS, histogramNumber, quantile } from './histogram.js';

const counts = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 999_999_999_999 })), {
  minLength: HISTOGRAM_BUCKETS,
  maxLength: HISTOGRAM_BUCKETS,
});
/** A whole number in scientific notation, with all its digits. */
const digits = (number: string): string => {
  const [mantissa = '', zeros = '0'] = number.split('e');
  return mantissa + '0'.repeat(Number(zeros));
};

describe('histogram', () => {
  it('is the same after its way through the database', () => {
    fc.assert(
      fc.property(counts, (given) => {
        expect(histogramCounts(digits(histogramNumber(given)))).toEqual(given);
      }),
    );
  });

  it('is merged by adding numbers', () => {
    const half = fc.array(fc.integer({ min: 0, max: 499_999_999_999 }), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(half, half, (a, b) => {
        const sum = BigInt(digits(histogramNumber(a))) + BigInt(digits(histogramNumber(b)));
        expect(histogramCounts(sum.toString())).toEqual(a.map((count, i) => count + (b[i] ?? 0)));
      }),
    );
  });

  it('is nought when nothing was counted', () => {
    expect(histogramNumber(new Array<number>(HISTOGRAM_BUCKETS).fill(0))).toBe('0');
    expect(quantile(histogramCounts('0'), 0.5)).toBeNull();
  });

  it('gives percentiles no farther off than a bucket is wide', () => {
    const values = Array.from({ length: 1000 }, (_unused, i) => 10 + i * 3);
    const histogram = new Array<number>(HISTOGRAM_BUCKETS).fill(0);
    for (const value of values) histogram[bucketOf(value)] = (histogram[bucketOf(value)] ?? 0) + 1;
    for (const q of [0.5, 0.95, 0.99]) {
      const exact = values[Math.floor(q * values.length)] ?? 0;
      expect(Math.abs((quantile(histogram, q) ?? 0) - exact) / exact).toBeLessThan(Math.SQRT2 - 1);
    }
  });
});

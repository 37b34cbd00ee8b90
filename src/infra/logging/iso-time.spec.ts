import fc from 'fast-check';
import { isoTime } from './iso-time.js';

describe('isoTime', () => {
  it('writes a moment as a date does, whatever was asked before', () => {
    const moments = fc.oneof(
      fc.integer({ min: 0, max: 4_102_444_800_000 }),
      fc.integer({ min: 1_795_291_199_000, max: 1_795_291_201_000 }),
    );
    fc.assert(
      fc.property(moments, (ms) => expect(isoTime(ms)).toBe(new Date(ms).toISOString())),
      { numRuns: 1000 },
    );
    expect(isoTime(-1)).toBe('1969-12-31T23:59:59.999Z');
  });

  it('throws for no moment', () => expect(() => isoTime(Number.NaN)).toThrow(RangeError));
});

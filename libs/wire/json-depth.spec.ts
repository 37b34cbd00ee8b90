import fc from 'fast-check';
import { isDeeperThan } from './json-depth.js';

/** How deep a JSON value is, by recursion. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('isDeeperThan', () => {
  it('counts objects and arrays within one another, and none in strings', () => {
    const text = fc.string({ unit: fc.constantFrom('{', '[', '"', '\\', '}', ']', 'a') });
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 9 },
        text,
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(text, tie('value')),
      ),
    }));
    fc.assert(
      fc.property(value, fc.nat({ max: 8 }), fc.constantFrom(undefined, 1), (json, most, indent) => {
        expect(isDeeperThan(JSON.stringify(json, null, indent), most)).toBe(depthOf(json) > most);
      }),
      { numRuns: 500 },
    );
  });

  it('takes a text of any depth, and one that never ends', () => {
    expect(isDeeperThan('['.repeat(1_000_000), 256)).toBe(true);
    expect(isDeeperThan(`${'[1],'.repeat(100_000)}"${'['.repeat(1000)}`, 256)).toBe(false);
  });
});

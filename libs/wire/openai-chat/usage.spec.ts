import fc from 'fast-check';
import { usageOf } from '../../protocol/index.js';
import { readUsage } from '../index.js';

describe('readUsage', () => {
  it('reads what OpenAI writes', () => {
    expect(
      readUsage({
        prompt_tokens: 100,
        completion_tokens: 50,
        total_tokens: 150,
        prompt_tokens_details: { cached_tokens: 64, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 32 },
      }),
    ).toEqual(usageOf({ promptTokens: 100, completionTokens: 50, cachedTokens: 64, reasoningTokens: 32 }));
  });

  it('never gives a negative, fractional or contradictory count, whatever it is given', () => {
    const anything = fc.oneof(
      fc.nat(),
      fc.double(),
      fc.maxSafeInteger(),
      fc.constantFrom(null, undefined, '7', -1, Infinity, NaN, {}, [], true),
    );
    const usage = fc.record(
      {
        prompt_tokens: anything,
        completion_tokens: anything,
        total_tokens: anything,
        cached_tokens: anything,
        prompt_tokens_details: fc.oneof(anything, fc.record({ cached_tokens: anything, audio_tokens: anything })),
        completion_tokens_details: fc.oneof(anything, fc.record({ reasoning_tokens: anything })),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(anything, usage), (value) => {
        const read = readUsage(value);
        if (read === null) return;
        for (const count of Object.values(read)) {
          expect(Number.isSafeInteger(count)).toBe(true);
          expect(count).toBeGreaterThanOrEqual(0);
        }
        expect(read.totalTokens).toBe(read.promptTokens + read.completionTokens);
        expect(read.cachedTokens).toBeLessThanOrEqual(read.promptTokens);
        expect(read.reasoningTokens).toBeLessThanOrEqual(read.completionTokens);
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[unknown, string]>([
    [null, 'null'],
    [undefined, 'a missing value'],
    [[], 'an array'],
    [{}, 'an empty object'],
    [{ prompt_tokens: -1, completion_tokens: '5', total_tokens: 2 ** 41 }, 'counts that are none'],
  ])('gives null for %j: %s', (value) => {
    expect(readUsage(value)).toBeNull();
  });

  it.each([
    ['a total below its parts is ignored', { prompt_tokens: 7, completion_tokens: 3, total_tokens: 5 }, [7, 3]],
    ['a missing completion is what the total leaves', { prompt_tokens: 7, total_tokens: 10 }, [7, 3]],
    ['a missing prompt is what the total leaves', { completion_tokens: 3, total_tokens: 10 }, [7, 3]],
    ['a total alone counts as prompt', { total_tokens: 10 }, [10, 0]],
    ['a fraction is rounded up', { prompt_tokens: 6.2, completion_tokens: 3 }, [7, 3]],
    ['other names are understood', { input_tokens: 7, output_tokens: 3 }, [7, 3]],
    [
      'reasoning left out of the completion is added (xAI)',
      {
        prompt_tokens: 32,
        completion_tokens: 31,
        total_tokens: 493,
        completion_tokens_details: { reasoning_tokens: 430 },
      },
      [32, 461],
    ],
    [
      'audio left out of the prompt is added (Mistral)',
      { prompt_tokens: 9, completion_tokens: 201, total_tokens: 585, prompt_tokens_details: { audio_tokens: 375 } },
      [384, 201],
    ],
    [
      'what is left unexplained was generated (Gemini)',
      { prompt_tokens: 66, completion_tokens: 6, total_tokens: 100 },
      [66, 34],
    ],
  ])('%s', (_, value, [prompt, completion]) => {
    expect(readUsage(value)).toMatchObject({ promptTokens: prompt, completionTokens: completion });
  });

  it('finds cached tokens where DeepSeek and Together put them, and never more than the prompt', () => {
    expect(readUsage({ prompt_tokens: 9, prompt_cache_hit_tokens: 4 })?.cachedTokens).toBe(4);
    expect(readUsage({ prompt_tokens: 9, cached_tokens: 5 })?.cachedTokens).toBe(5);
    expect(readUsage({ prompt_tokens: 9, prompt_tokens_details: { cached_tokens: 157 } })?.cachedTokens).toBe(9);
  });
});

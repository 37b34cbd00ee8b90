import fc from 'fast-check';
import { NO_USAGE, usageOf, type Usage } from '../../protocol/index.js';
import {
  readAnthropicUsage,
  readCohereUsage,
  readConverseUsage,
  readGeminiUsage,
  readOllamaUsage,
  readUsage,
} from '../index.js';

const anything: fc.Arbitrary<unknown> = fc.oneof(
  fc.nat(5000),
  fc.nat(5000),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(null, undefined, '7', -1, Infinity, NaN, {}, [], true),
);
const some = (...names: string[]) =>
  fc.record(Object.fromEntries(names.map((name) => [name, anything])), { requiredKeys: [] });
const modalities = fc.array(
  fc.record({ modality: fc.constantFrom('TEXT', 'AUDIO', 'IMAGE', 'VIDEO', 4, 2, null), tokenCount: anything }),
  { maxLength: 4 },
);

const openAi = fc.record(
  {
    prompt_tokens: anything,
    completion_tokens: anything,
    total_tokens: anything,
    cache_creation_input_tokens: anything,
    cache_creation: some('ephemeral_5m_input_tokens', 'ephemeral_1h_input_tokens'),
    prompt_tokens_details: some('cached_tokens', 'cache_write_tokens', 'audio_tokens', 'image_tokens'),
    input_tokens_details: fc.record({ cached_tokens_details: some('audio_tokens', 'image_tokens') }),
    completion_tokens_details: some('reasoning_tokens', 'audio_tokens', 'image_tokens'),
    prompt_audio_seconds: anything,
    num_search_queries: anything,
  },
  { requiredKeys: [] },
);
const anthropic = fc.record(
  {
    input_tokens: anything,
    output_tokens: anything,
    cache_read_input_tokens: anything,
    cache_creation_input_tokens: anything,
    cache_creation: some('ephemeral_5m_input_tokens', 'ephemeral_1h_input_tokens'),
    output_tokens_details: some('thinking_tokens'),
    server_tool_use: some('web_search_requests'),
  },
  { requiredKeys: [] },
);
const gemini = fc.record(
  {
    promptTokenCount: anything,
    candidatesTokenCount: anything,
    thoughtsTokenCount: anything,
    toolUsePromptTokenCount: anything,
    cachedContentTokenCount: anything,
    totalTokenCount: anything,
    promptTokensDetails: modalities,
    cacheTokensDetails: modalities,
    candidatesTokensDetails: modalities,
  },
  { requiredKeys: [] },
);
const converse = some('inputTokens', 'outputTokens', 'cacheReadInputTokens', 'cacheWriteInputTokens');
const cohere = fc.record(
  { billed_units: some('input_tokens', 'output_tokens'), tokens: some('input_tokens', 'reasoning_tokens') },
  { requiredKeys: [] },
);

function expectSound(usage: Usage): void {
  expect(Object.keys(usage)).toEqual(Object.keys(NO_USAGE));
  for (const count of Object.values(usage) as number[]) {
    expect(Number.isSafeInteger(count)).toBe(true);
    expect(count).toBeGreaterThanOrEqual(0);
  }
  const { promptTokens, completionTokens, cachedTokens, audioInputTokens, imageInputTokens } = usage;
  expect(usage.totalTokens).toBe(promptTokens + completionTokens);
  expect(cachedTokens + usage.cacheWrite5mTokens + usage.cacheWrite1hTokens).toBeLessThanOrEqual(promptTokens);
  expect(audioInputTokens + imageInputTokens).toBeLessThanOrEqual(promptTokens);
  expect(usage.cachedAudioTokens + usage.cachedImageTokens).toBeLessThanOrEqual(cachedTokens);
  expect(usage.cachedAudioTokens).toBeLessThanOrEqual(audioInputTokens);
  expect(usage.cachedImageTokens).toBeLessThanOrEqual(imageInputTokens);
  expect(usage.reasoningTokens).toBeLessThanOrEqual(completionTokens);
  expect(usage.audioOutputTokens + usage.imageOutputTokens).toBeLessThanOrEqual(completionTokens);
}

describe('usage readers', () => {
  it.each<[string, fc.Arbitrary<unknown>, (value: unknown) => Usage | null]>([
    ['OpenAI', openAi, readUsage],
    ['Anthropic', anthropic, readAnthropicUsage],
    ['Gemini', gemini, readGeminiUsage],
    ['Bedrock', converse, readConverseUsage],
    ['Cohere', cohere, readCohereUsage],
    ['Ollama', some('prompt_eval_count', 'eval_count'), readOllamaUsage],
  ])('never give a count that contradicts another, whatever %s writes', (_vendor, blocks, read) => {
    let found = 0;
    fc.assert(
      fc.property(fc.oneof({ weight: 1, arbitrary: anything }, { weight: 9, arbitrary: blocks }), (value) => {
        const usage = read(value);
        if (usage === null) return;
        found += 1;
        expectSound(usage);
      }),
      { numRuns: 1000 },
    );
    expect(found).toBeGreaterThan(300);
  });

  it('add up what several events of a stream tell, the later count for the earlier', () => {
    const start = { input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1 };
    expect(readAnthropicUsage(start, { output_tokens: 7 }, { output_tokens: 9, input_tokens: null })).toEqual(
      usageOf({ promptTokens: 15, cachedTokens: 5, completionTokens: 9 }),
    );
  });
});

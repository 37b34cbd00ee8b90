import { costOf, priceCard, type PriceSpec, usageOf, type Usage } from '../../libs/protocol/index.js';
import {
  readAnthropicUsage,
  readCohereUsage,
  readConverseUsage,
  readGeminiUsage,
  readOllamaUsage,
  readUsage,
} from '../../libs/wire/index.js';

/**
 * Usage blocks shaped after the vendors' documentation, with prices fixed here and costs reckoned by hand: millionths of a dollar
 * are tokens times USD per million, a thousand nano-dollars each.
 */
const usd = (dollars: number) => Math.round(dollars * 1e9);
const card = (rates: Record<string, number>, rest: Partial<PriceSpec> = {}) => {
  const nano = Object.fromEntries(Object.entries(rates).map(([kind, dollars]) => [kind, usd(dollars)]));
  return priceCard({ id: 'p', source: 'own', provider: null, model: 'm', rates: nano, ...rest });
};
const micro = (millionths: number) => Math.round(millionths * 1000);

const CLAUDE = card(
  { input: 3, cachedInput: 0.3, cacheWrite5m: 3.75, cacheWrite1h: 6, output: 15 },
  {
    perWebSearch: usd(0.01),
    tiers: [
      {
        aboveInputTokens: 200_000,
        rates: {
          input: usd(6),
          cachedInput: usd(0.6),
          cacheWrite5m: usd(7.5),
          cacheWrite1h: usd(12),
          output: usd(22.5),
        },
      },
    ],
  },
);
const GPT = card({ input: 1.25, cachedInput: 0.125, output: 10 });
const GPT_AUDIO = card({ input: 2.5, audioInput: 32, output: 10, audioOutput: 64 });
const GPT_REALTIME = card({
  input: 4,
  cachedInput: 0.4,
  audioInput: 32,
  cachedAudioInput: 0.4,
  imageInput: 5,
  cachedImageInput: 0.5,
  output: 16,
  audioOutput: 64,
});
const GPT_IMAGE = card({ input: 5, cachedInput: 1.25, imageInput: 10, cachedImageInput: 2.5, output: 40 });
const GEMINI = card({ input: 0.3, cachedInput: 0.03, audioInput: 1, cachedAudioInput: 0.1, output: 2.5 });
const GEMINI_IMAGE = card({ input: 0.3, output: 2.5, imageOutput: 30 });
const GEMINI_PRO = card(
  { input: 1.25, cachedInput: 0.125, output: 10 },
  {
    tiers: [{ aboveInputTokens: 200_000, rates: { input: usd(2.5), cachedInput: usd(0.25), output: usd(15) } }],
  },
);

type Case = readonly [what: string, usage: Usage | null, price: typeof CLAUDE, nanoDollars: number];

/** https://platform.claude.com/docs/en/build-with-claude/prompt-caching, https://platform.claude.com/docs/en/about-claude/pricing */
const ANTHROPIC: readonly Case[] = [
  [
    'cache writes for five minutes and an hour beside a cache read',
    readAnthropicUsage({
      input_tokens: 2048,
      cache_read_input_tokens: 1800,
      cache_creation_input_tokens: 248,
      cache_creation: { ephemeral_5m_input_tokens: 148, ephemeral_1h_input_tokens: 100 },
      output_tokens: 503,
    }),
    CLAUDE,
    // 6144 + 540 + 555 + 600 + 7545
    micro(15_384),
  ],
  [
    'a cache write of unknown duration, as five minutes',
    readAnthropicUsage({ input_tokens: 10, cache_creation_input_tokens: 1000, output_tokens: 0 }),
    CLAUDE,
    micro(30 + 3750),
  ],
  [
    'a stream whose totals grow after its first event',
    readAnthropicUsage(
      {
        input_tokens: 3,
        cache_creation_input_tokens: 2399,
        cache_read_input_tokens: 0,
        cache_creation: { ephemeral_5m_input_tokens: 2399, ephemeral_1h_input_tokens: 0 },
        output_tokens: 1,
      },
      {
        input_tokens: 17,
        cache_creation_input_tokens: 23_258,
        cache_read_input_tokens: 16_242,
        output_tokens: 515,
        server_tool_use: { web_search_requests: 2 },
      },
    ),
    CLAUDE,
    // 51 + 4872.6 + 87217.5 + 7725, and two searches for a cent each
    micro(51 + 4872.6 + 87_217.5 + 7725 + 20_000),
  ],
  [
    'a stream whose last event has the output alone',
    readAnthropicUsage({ input_tokens: 472, output_tokens: 2 }, { output_tokens: 89 }),
    CLAUDE,
    micro(1416 + 1335),
  ],
  [
    'a long prompt, cached for the most part, at the rates for long prompts',
    readAnthropicUsage({ input_tokens: 50_000, cache_read_input_tokens: 150_001, output_tokens: 1000 }),
    CLAUDE,
    micro(300_000 + 90_000.6 + 22_500),
  ],
  [
    'the longest prompt at the ordinary rates',
    readAnthropicUsage({ input_tokens: 50_000, cache_read_input_tokens: 150_000, output_tokens: 1000 }),
    CLAUDE,
    micro(150_000 + 45_000 + 15_000),
  ],
];

/** https://platform.openai.com/docs/guides/prompt-caching, https://platform.openai.com/docs/api-reference/realtime-server-events */
const OPENAI: readonly Case[] = [
  [
    'cached prompt and reasoning',
    readUsage({
      prompt_tokens: 2006,
      completion_tokens: 300,
      total_tokens: 2306,
      prompt_tokens_details: { cached_tokens: 1920, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 256, audio_tokens: 0 },
    }),
    GPT,
    micro(107.5 + 240 + 3000),
  ],
  [
    'Responses with a cache write, charged as input where nothing else is published',
    readUsage({
      input_tokens: 142,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 27 },
      output_tokens: 33,
      output_tokens_details: { reasoning_tokens: 11 },
      total_tokens: 175,
    }),
    card({ input: 1, cachedInput: 0.1, cacheWrite5m: 1.25, output: 6 }),
    micro(115 + 33.75 + 198),
  ],
  [
    'audio in and out',
    readUsage({
      prompt_tokens: 110,
      completion_tokens: 50,
      total_tokens: 160,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 100 },
      completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 33 },
    }),
    GPT_AUDIO,
    micro(25 + 3200 + 170 + 2112),
  ],
  [
    'cached audio and cached images told apart',
    readUsage({
      total_tokens: 1100,
      input_tokens: 1000,
      output_tokens: 100,
      input_token_details: {
        text_tokens: 300,
        audio_tokens: 500,
        image_tokens: 200,
        cached_tokens: 400,
        cached_tokens_details: { text_tokens: 100, audio_tokens: 200, image_tokens: 100 },
      },
      output_token_details: { text_tokens: 40, audio_tokens: 60 },
    }),
    GPT_REALTIME,
    // text 200 × 4 + 100 × 0.4, audio 300 × 32 + 200 × 0.4, images 100 × 5 + 100 × 0.5, out 40 × 16 + 60 × 64
    micro(800 + 40 + 9600 + 80 + 500 + 50 + 640 + 3840),
  ],
  [
    'an image made from an image',
    readUsage({
      total_tokens: 1450,
      input_tokens: 400,
      input_tokens_details: { text_tokens: 50, image_tokens: 350 },
      output_tokens: 1050,
    }),
    GPT_IMAGE,
    micro(250 + 3500 + 42_000),
  ],
  [
    'a transcription charged by its length',
    readUsage({ type: 'duration', seconds: 9 }),
    card({ input: 0, output: 0 }, { perAudioHour: usd(0.36) }),
    micro(900),
  ],
];

/** https://ai.google.dev/api/generate-content#UsageMetadata, https://ai.google.dev/gemini-api/docs/pricing */
const GOOGLE: readonly Case[] = [
  [
    'thoughts, tool results and a cached prompt',
    readGeminiUsage({
      promptTokenCount: 4511,
      cachedContentTokenCount: 3692,
      cacheTokensDetails: [{ modality: 'TEXT', tokenCount: 3692 }],
      toolUsePromptTokenCount: 100,
      candidatesTokenCount: 17,
      thoughtsTokenCount: 34,
      totalTokenCount: 4662,
    }),
    GEMINI,
    // 919 × 0.3 + 3692 × 0.03 + 51 × 2.5
    micro(275.7 + 110.76 + 127.5),
  ],
  [
    'audio, partly cached',
    readGeminiUsage({
      promptTokenCount: 2000,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 100 },
        { modality: 'AUDIO', tokenCount: 1900 },
      ],
      cachedContentTokenCount: 1820,
      cacheTokensDetails: [
        { modality: 'TEXT', tokenCount: 20 },
        { modality: 'AUDIO', tokenCount: 1800 },
      ],
      candidatesTokenCount: 10,
      totalTokenCount: 2010,
    }),
    GEMINI,
    // text 80 × 0.3 + 20 × 0.03, audio 100 × 1 + 1800 × 0.1, out 10 × 2.5
    micro(24 + 0.6 + 100 + 180 + 25),
  ],
  [
    'a picture',
    readGeminiUsage({
      promptTokenCount: 16,
      candidatesTokenCount: 1307,
      candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1290 }],
      totalTokenCount: 1323,
    }),
    GEMINI_IMAGE,
    micro(4.8 + 42.5 + 38_700),
  ],
  [
    'a prompt just over the threshold',
    readGeminiUsage({ promptTokenCount: 200_001, candidatesTokenCount: 100, totalTokenCount: 200_101 }),
    GEMINI_PRO,
    micro(500_002.5 + 1500),
  ],
  [
    'a prompt at the threshold',
    readGeminiUsage({ promptTokenCount: 200_000, candidatesTokenCount: 100, totalTokenCount: 200_100 }),
    GEMINI_PRO,
    micro(250_000 + 1000),
  ],
];

const OTHERS: readonly Case[] = [
  [
    // https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
    'Bedrock: cache reads, and writes of both durations',
    readConverseUsage({
      inputTokens: 12,
      cacheReadInputTokens: 1028,
      cacheWriteInputTokens: 300,
      cacheDetails: [
        { ttl: '5m', inputTokens: 200 },
        { ttl: '1h', inputTokens: 100 },
      ],
      outputTokens: 185,
      totalTokens: 1525,
    }),
    CLAUDE,
    micro(36 + 308.4 + 750 + 600 + 2775),
  ],
  [
    // https://api-docs.deepseek.com/guides/kv_cache
    'DeepSeek: hits and misses of the cache',
    readUsage({
      prompt_tokens: 343,
      completion_tokens: 58,
      total_tokens: 401,
      prompt_cache_hit_tokens: 256,
      prompt_cache_miss_tokens: 87,
    }),
    card({ input: 0.28, cachedInput: 0.028, output: 0.42 }),
    micro(24.36 + 7.168 + 24.36),
  ],
  [
    // https://docs.x.ai/docs/guides/reasoning
    'xAI: reasoning that is not in the completion',
    readUsage({
      prompt_tokens: 331,
      completion_tokens: 11,
      total_tokens: 674,
      prompt_tokens_details: { cached_tokens: 283 },
      completion_tokens_details: { reasoning_tokens: 332 },
    }),
    card({ input: 0.3, cachedInput: 0.075, output: 0.5 }),
    207_125,
  ],
  [
    // https://docs.perplexity.ai/getting-started/pricing
    'Perplexity: a fee for the request and for each search',
    readUsage({ prompt_tokens: 20, completion_tokens: 100, total_tokens: 120, num_search_queries: 3 }),
    card({ input: 1, output: 1 }, { perRequest: usd(0.005), perWebSearch: usd(0.005) }),
    micro(120 + 20_000),
  ],
  [
    // https://docs.cohere.com/docs/how-does-cohere-pricing-work
    'Cohere: what is billed, not what was counted',
    readCohereUsage({
      billed_units: { input_tokens: 69, output_tokens: 22 },
      tokens: { input_tokens: 1703, output_tokens: 55 },
      cached_tokens: 992,
    }),
    card({ input: 2.5, cachedInput: 0.1, output: 10 }),
    micro(172.5 + 220),
  ],
  [
    'Ollama at the price of the own hardware',
    readOllamaUsage({ prompt_eval_count: 26, eval_count: 298, done: true }),
    card({ input: 0.05, output: 0.1 }),
    micro(1.3 + 29.8),
  ],
];

describe.each([
  ['Anthropic', ANTHROPIC],
  ['OpenAI', OPENAI],
  ['Google', GOOGLE],
  ['other vendors', OTHERS],
])('the documented usage of %s costs what the documentation says', (_vendor, cases) => {
  it.each(cases)('%s', (_what, usage, price, nanoDollars) => {
    expect(usage).not.toBeNull();
    expect(costOf(usage ?? usageOf({}), price)).toBe(nanoDollars);
  });
});

describe('usage that is none', () => {
  it.each([null, undefined, [], {}, 7, 'usage', { input_tokens: '5' }, { inputTokens: -1 }])(
    'reads %j as none',
    (value) => {
      for (const read of [readAnthropicUsage, readCohereUsage, readConverseUsage, readGeminiUsage, readOllamaUsage]) {
        expect(read(value)).toBeNull();
      }
    },
  );
});

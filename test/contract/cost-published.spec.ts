import { calcPrice, type ModelInfo, type Provider } from '@pydantic/genai-prices';
import { costOf, type PriceCard, type Usage, usageOf } from '../../libs/protocol/index.js';
import { publishedPeriods } from '../../src/registry/price-list-card.js';
import { PublishedPrices } from '../../src/registry/price-list.service.js';
import { cardAt, type PricePeriod } from '../../src/registry/price-period.js';
import type { ProviderEntry } from '../../src/registry/snapshot.js';
import { nanoDollarsOf, pricesAt, publishedList, RawPrices } from './published-prices.js';
import { usdFor } from './vendor-bills.js';

/** What the list charges by units that no usage of ours names. */
const NOT_IN_USAGE =
  /^(storage_searches_kcount|output_citation_mtok|(input|output)_video_mtok|input_(annotated_)?document_kpages|input_text_messages_kcount)$/;
const SOME_DAY = new Date('2026-11-01T12:00:00Z');

const BASE: Partial<Usage> = {
  cachedTokens: 4321,
  cacheWrite5mTokens: 1234,
  cacheWrite1hTokens: 777,
  audioInputTokens: 999,
  cachedAudioTokens: 321,
  imageInputTokens: 555,
  completionTokens: 3210,
  reasoningTokens: 1111,
  audioOutputTokens: 222,
  imageOutputTokens: 333,
  webSearches: 3,
};
/** Around every threshold of the list, and far above. */
const PROMPTS = [
  10_000, 128_000, 128_001, 199_999, 200_000, 200_001, 271_999, 272_000, 272_001, 512_000, 512_001, 900_000,
];

describe('the published price list', () => {
  const prices = new PublishedPrices();
  let list: Provider[] = [];
  beforeAll(async () => {
    await prices.onModuleInit();
    list = await publishedList();
  });

  const models = (): [Provider, ModelInfo][] =>
    list.flatMap((vendor) => vendor.models.map((model): [Provider, ModelInfo] => [vendor, model]));
  const pricesOf = (model: ModelInfo) =>
    Array.isArray(model.prices) ? model.prices.map((variant) => variant.prices) : [model.prices];
  const keysOf = (model: ModelInfo) => new Set(pricesOf(model).flatMap((price) => Object.keys(price)));

  it('becomes a card for every model that is sold by something usage tells, at any time of day and prompt length', () => {
    const times = ['02:00', '05:00', '08:30', '12:00', '18:00'].map((time) => new Date(`2026-11-01T${time}:00Z`));
    const moments = [new Date('2025-01-15T12:00:00Z'), ...times, new Date('2027-06-01T00:00:00Z')];
    let checked = 0;
    for (const [vendor, model] of models()) {
      const periods = publishedPeriods(vendor.id, model);
      const keys = keysOf(model);
      if (periods.length === 0) {
        expect([...keys].every((key) => NOT_IN_USAGE.test(key))).toBe(true);
        continue;
      }
      // One price needs one moment.
      for (const at of periods.length === 1 ? [SOME_DAY] : moments) checked += check(model, periods, at);
    }
    expect(checked).toBeGreaterThan(15_000);
  });

  function check(model: ModelInfo, periods: readonly PricePeriod[], at: Date): number {
    const card = cardAt(periods, at.getTime()) as PriceCard;
    const rows = pricesAt(model.prices, at);
    for (const promptTokens of PROMPTS) {
      const usage = usageOf({ ...BASE, promptTokens });
      const bill = {
        inputTokens: promptTokens,
        outputTokens: usage.completionTokens,
        cached: usage.cachedTokens,
        write5m: usage.cacheWrite5mTokens,
        write1h: usage.cacheWrite1hTokens,
        audio: usage.audioInputTokens,
        cachedAudio: usage.cachedAudioTokens,
        image: usage.imageInputTokens,
        reasoning: usage.reasoningTokens,
        audioOut: usage.audioOutputTokens,
        imageOut: usage.imageOutputTokens,
        searches: usage.webSearches,
      };
      const wanted = nanoDollarsOf(usdFor(bill, new RawPrices(rows, promptTokens)));
      if (BigInt(costOf(usage, card)) !== wanted) {
        throw new Error(
          `${model.id} at ${at.toISOString()} with ${promptTokens}: ${costOf(usage, card)}, not ${wanted}`,
        );
      }
    }
    return PROMPTS.length;
  }

  it("agrees with the list's own calculator", () => {
    let compared = 0;
    for (const [vendor, model] of models()) {
      const asked = calcPrice({ input_tokens: 300_000, output_tokens: 5000 }, model.id, {
        providerId: vendor.id,
        timestamp: SOME_DAY,
      });
      // Some names are taken by an earlier entry of the list.
      if (asked === null || asked.model !== model) continue;
      const card = cardAt(publishedPeriods(vendor.id, model), SOME_DAY.getTime());
      if (card === null) continue;
      const cost = costOf(usageOf({ promptTokens: 300_000, completionTokens: 5000 }), card);
      expect(Math.abs(cost - asked.total_price * 1e9)).toBeLessThanOrEqual(1);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(1000);
  });

  it('has no time of day that is not UTC, and no unit nobody thought of', () => {
    const known =
      /^((input|output|cache_read|cache_write|cache_write_5m|cache_write_1h)_mtok|(input_audio|cache_audio_read|output_audio|input_image|cache_image_read|output_image|output_reasoning)_mtok|requests_kcount|web_searches_kcount|(input_)?audio_hours)$/;
    for (const [, model] of models()) {
      for (const key of keysOf(model)) expect(known.test(key) || NOT_IN_USAGE.test(key) ? '' : key).toBe('');
      for (const variant of Array.isArray(model.prices) ? model.prices : []) {
        if (variant.constraint?.type !== 'time_of_date') continue;
        expect(variant.constraint.start_time + variant.constraint.end_time).toMatch(/^(\d\d:\d\d:\d\dZ){2}$/);
      }
    }
  });

  describe('is asked for the right vendor', () => {
    const at = (name: string, baseUrl: string): ProviderEntry => ({
      id: name,
      name,
      kind: 'openai-compatible',
      baseUrl,
      options: {},
      active: true,
      credentials: [],
    });
    const found = (provider: ProviderEntry | null, model: string) =>
      cardAt(prices.find(provider, model), SOME_DAY.getTime());

    it.each([
      ['its base URL, whatever its name', at('main', 'https://api.openai.com/v1'), 'gpt-4o', 'openai'],
      [
        'its base URL rather than its name',
        at('openai', 'https://openrouter.ai/api/v1'),
        'openai/gpt-4o',
        'openrouter',
      ],
      [
        'its name, where the URL says nothing',
        at('anthropic', 'http://127.0.0.1:9000'),
        'claude-sonnet-4-5',
        'anthropic',
      ],
      ['the kind of name people give', at('gemini', 'http://proxy.example'), 'gemini-2.5-flash', 'google'],
      ['a model only its vendor can serve', at('corp-proxy', 'https://llm.corp.example/v1'), 'gpt-4o', 'openai'],
      ['such a model without provider', null, 'claude-haiku-4-5-20251001', 'anthropic'],
      [
        'Azure, which sells the models of others',
        at('azure', 'https://x.openai.azure.com/openai/v1'),
        'gpt-4o',
        'azure',
      ],
    ])('by %s', (_how, provider, model, vendor) => expect(found(provider, model)?.provider).toBe(vendor));

    it.each([
      ['open weights on an unknown server', null, 'gpt-oss-120b'],
      ['open weights at an unknown provider', at('corp', 'https://llm.corp.example/v1'), 'deepseek-chat'],
      ['a name nobody published', at('openai', 'https://api.openai.com/v1'), 'my-fine-tune'],
      ['an empty name', at('openai', 'https://api.openai.com/v1'), ''],
      ['pages instead of tokens', at('mistral', 'https://api.mistral.ai/v1'), 'mistral-ocr-latest'],
    ])('and knows no price for %s', (_what, provider, model) => expect(found(provider, model)).toBeNull());

    it('changes its price with the date and the time of day', () => {
      const deepseek = at('deepseek', 'https://api.deepseek.com');
      const input = (time: string) => {
        const card = cardAt(prices.find(deepseek, 'deepseek-chat'), Date.parse(time)) as PriceCard;
        return costOf(usageOf({ promptTokens: 1000 }), card);
      };
      expect(input('2026-11-01T00:29:59.999Z')).toBe(135_000);
      expect(input('2026-11-01T00:30:00Z')).toBe(270_000);
      expect(input('2026-11-01T16:29:59.999Z')).toBe(270_000);
      expect(input('2026-11-01T16:30:00Z')).toBe(135_000);

      const o3 = (time: string) => {
        const card = cardAt(prices.find(at('openai', 'https://api.openai.com/v1'), 'o3'), Date.parse(time));
        return costOf(usageOf({ promptTokens: 1000 }), card as PriceCard);
      };
      expect(o3('2025-06-09T23:59:59.999Z')).toBe(10_000_000);
      expect(o3('2025-06-10T00:00:00Z')).toBe(2_000_000);
    });
  });
});

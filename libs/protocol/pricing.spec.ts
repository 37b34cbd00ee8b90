import fc from 'fast-check';
import {
  costOf,
  itemise,
  priceCard,
  type PriceSpec,
  priceStatement,
  RATE_KINDS,
  type RateSheet,
  type Usage,
  usageOf,
  worstCaseCost,
} from './index.js';

const usd = (dollars: number) => Math.round(dollars * 1e9);
const aCard = (rates: RateSheet, rest: Partial<PriceSpec> = {}) =>
  priceCard({ id: 'p', source: 'own', provider: null, model: 'm', rates, ...rest });

const tokens = fc.oneof(fc.nat(200), fc.nat(400_000), fc.integer({ min: 0, max: 2 ** 40 }));
const aUsage = fc
  .record({
    promptTokens: tokens,
    completionTokens: tokens,
    cachedTokens: tokens,
    cacheWrite5mTokens: tokens,
    cacheWrite1hTokens: tokens,
    audioInputTokens: tokens,
    cachedAudioTokens: tokens,
    imageInputTokens: tokens,
    cachedImageTokens: tokens,
    reasoningTokens: tokens,
    audioOutputTokens: tokens,
    imageOutputTokens: tokens,
    audioSeconds: fc.nat(100_000),
    webSearches: fc.nat(20),
    searchUnits: fc.nat(20),
  })
  .map(usageOf);
const rate = fc.oneof(
  fc.nat(1000),
  fc.integer({ min: 0, max: 200 }).map((dollars) => dollars * 1e8),
  fc.integer({ min: 0, max: 1e15 }),
);
const aSheet = fc.record(Object.fromEntries(RATE_KINDS.map((kind) => [kind, rate])), { requiredKeys: [] });
const aSpec: fc.Arbitrary<PriceSpec> = fc.record({
  id: fc.constant('p'),
  source: fc.constant('own' as const),
  provider: fc.constant(null),
  model: fc.constant('m'),
  rates: aSheet,
  perRequest: fc.nat(20_000_000),
  perWebSearch: fc.nat(20_000_000),
  perAudioHour: fc.nat(1_000_000).map((milliCents) => milliCents * 9000),
});
const aTieredSpec = fc
  .tuple(aSpec, fc.array(fc.record({ aboveInputTokens: fc.nat(400_000), rates: aSheet })))
  .map(([spec, tiers]) => ({ ...spec, tiers }));

/** The same price by another way: token by token of the disjoint parts, all in BigInt, rounded at the end. */
function oracle(usage: Usage, spec: PriceSpec): bigint {
  let sheet = spec.rates;
  for (const tier of [...(spec.tiers ?? [])].sort((a, b) => a.aboveInputTokens - b.aboveInputTokens)) {
    if (usage.promptTokens > tier.aboveInputTokens) sheet = { ...sheet, ...tier.rates };
  }
  const pick = (...rates: (number | undefined)[]) => BigInt(rates.find((r) => r !== undefined) ?? 0);
  let room = BigInt(usage.promptTokens);
  let sum = 0n;
  const take = (wanted: number | bigint, per: bigint) => {
    const taken = BigInt(wanted) < room ? BigInt(wanted) : room;
    room -= taken;
    sum += taken * per;
    return taken;
  };
  const min = (...values: number[]) => Math.min(...values);
  const cachedAll = min(usage.cachedTokens, usage.promptTokens);
  const cachedAudio = min(usage.cachedAudioTokens, usage.audioInputTokens, cachedAll);
  const cachedImage = min(usage.cachedImageTokens, usage.imageInputTokens, cachedAll - cachedAudio);
  take(cachedAudio, pick(sheet.cachedAudioInput, sheet.audioInput, sheet.cachedInput, sheet.input));
  take(cachedImage, pick(sheet.cachedImageInput, sheet.imageInput, sheet.cachedInput, sheet.input));
  take(cachedAll - cachedAudio - cachedImage, pick(sheet.cachedInput, sheet.input));
  take(usage.cacheWrite1hTokens, pick(sheet.cacheWrite1h, sheet.cacheWrite5m, sheet.input));
  take(usage.cacheWrite5mTokens, pick(sheet.cacheWrite5m, sheet.input));
  take(usage.audioInputTokens - cachedAudio, pick(sheet.audioInput, sheet.input));
  take(usage.imageInputTokens - cachedImage, pick(sheet.imageInput, sheet.input));
  take(room, pick(sheet.input));
  room = BigInt(usage.completionTokens);
  take(usage.audioOutputTokens, pick(sheet.audioOutput, sheet.output));
  take(usage.imageOutputTokens, pick(sheet.imageOutput, sheet.output));
  take(usage.reasoningTokens, pick(sheet.reasoning, sheet.output));
  take(room, pick(sheet.output));
  sum += BigInt(spec.perRequest ?? 0) * BigInt(usage.searchUnits > 1 ? usage.searchUnits : 1) * 1_000_000n;
  sum += BigInt(usage.webSearches) * BigInt(spec.perWebSearch ?? 0) * 1_000_000n;
  sum += (BigInt(usage.audioSeconds) * BigInt(spec.perAudioHour ?? 0) * 1_000_000n) / 3600n;
  const cost = sum / 1_000_000n + (sum % 1_000_000n >= 500_000n ? 1n : 0n);
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  return cost > most ? most : cost;
}

describe('costOf', () => {
  it('charges cached tokens once, at their rate', () => {
    const card = aCard({ input: usd(2.5), cachedInput: usd(1.25), output: usd(10) });
    const usage = usageOf({ promptTokens: 1420, cachedTokens: 1280, completionTokens: 100 });
    // 140 × 2.50 + 1280 × 1.25 + 100 × 10 = 2950 millionths of a dollar
    expect(costOf(usage, card)).toBe(2_950_000);
  });

  it('charges cache writes by how long they last', () => {
    const card = aCard({
      input: usd(3),
      cachedInput: usd(0.3),
      cacheWrite5m: usd(3.75),
      cacheWrite1h: usd(6),
      output: usd(15),
    });
    const usage = usageOf({
      promptTokens: 10_000,
      cachedTokens: 5000,
      cacheWrite5mTokens: 2000,
      cacheWrite1hTokens: 1000,
      completionTokens: 500,
    });
    // 2000 × 3 + 5000 × 0.3 + 2000 × 3.75 + 1000 × 6 + 500 × 15 = 28,500
    expect(costOf(usage, card)).toBe(28_500_000);
  });

  it('charges audio and images as such, in and out, and cached audio as cached audio', () => {
    const card = aCard({
      input: usd(4),
      cachedInput: usd(0.4),
      audioInput: usd(32),
      cachedAudioInput: usd(0.5),
      imageInput: usd(5),
      output: usd(16),
      audioOutput: usd(64),
    });
    const usage = usageOf({
      promptTokens: 1000,
      cachedTokens: 300,
      audioInputTokens: 500,
      cachedAudioTokens: 200,
      imageInputTokens: 100,
      completionTokens: 90,
      audioOutputTokens: 60,
    });
    // text 1000-500-100-100 = 300 × 4, cached text 100 × 0.4, audio 300 × 32, cached audio 200 × 0.5, image 100 × 5, out 30 × 16 + 60 × 64
    expect(costOf(usage, card)).toBe(usd((1200 + 40 + 9600 + 100 + 500 + 480 + 3840) / 1e6));
  });

  it('charges reasoning apart only where it has a rate of its own', () => {
    const usage = usageOf({ promptTokens: 10, completionTokens: 100, reasoningTokens: 80 });
    expect(costOf(usage, aCard({ input: usd(2), output: usd(8) }))).toBe(820_000);
    expect(costOf(usage, aCard({ input: usd(2), output: usd(8), reasoning: usd(3) }))).toBe(420_000);
  });

  it('charges the whole request at the rates of its tier, from the first token above the threshold', () => {
    const card = aCard(
      { input: usd(3), cachedInput: usd(0.3), output: usd(15) },
      { tiers: [{ aboveInputTokens: 200_000, rates: { input: usd(6), output: usd(22.5) } }] },
    );
    const at = (promptTokens: number) => costOf(usageOf({ promptTokens, completionTokens: 1000 }), card);
    expect(at(200_000)).toBe(usd(0.6 + 0.015));
    expect(at(200_001)).toBe(usd((200_001 * 6 + 22_500) / 1e6));
    // What the tier does not name stays as it was.
    expect(costOf(usageOf({ promptTokens: 300_000, cachedTokens: 300_000 }), card)).toBe(usd(0.09));
  });

  it('adds what is charged by the request and by the search', () => {
    const card = aCard({ input: usd(1), output: usd(1) }, { perRequest: usd(0.005), perWebSearch: usd(0.01) });
    expect(costOf(usageOf({ promptTokens: 1, webSearches: 2 }), card)).toBe(25_001_000);
  });

  it('charges audio by its length where the price does', () => {
    const card = aCard({ input: 0, output: 0 }, { perAudioHour: usd(0.36) });
    expect(costOf(usageOf({ promptTokens: 5, audioSeconds: 3 }), card)).toBe(300_000);
    // A third of a nano-dollar a second: 0.111 USD an hour are 30833.33 a second.
    expect(costOf(usageOf({ audioSeconds: 10 }), aCard({}, { perAudioHour: usd(0.111) }))).toBe(308_333);
  });

  it('rounds once, half up', () => {
    const half = aCard({ input: 500_000, output: 499_999 });
    expect(costOf(usageOf({ promptTokens: 1 }), half)).toBe(1);
    expect(costOf(usageOf({ completionTokens: 1 }), half)).toBe(0);
    // Each kind alone would round to 0 and 1; together they are 0.999999.
    expect(costOf(usageOf({ promptTokens: 1, completionTokens: 1 }), half)).toBe(1);
  });

  it('is exact where a number would not be', () => {
    // The sum ends in 499,999 and is above 2^53, where numbers are 2 apart: the nearest ends in 500,000.
    const usage = usageOf({ promptTokens: 9_007_200_000_000_000, completionTokens: 499_999 });
    expect(costOf(usage, aCard({ input: 1, output: 1 }))).toBe(9_007_200_000);
  });

  it('is what the oracle says, for any usage and any price, far beyond 2^53 too', () => {
    fc.assert(
      fc.property(aUsage, aTieredSpec, (usage, spec) => {
        const cost = costOf(usage, priceCard(spec));
        expect(BigInt(cost)).toBe(oracle(usage, spec));
        expect(cost).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 2000 },
    );
  });

  it('never falls when tokens or searches are added', () => {
    const whole = fc.constantFrom<(keyof Usage)[]>([
      'promptTokens',
      'completionTokens',
      'audioSeconds',
      'webSearches',
    ] as never);
    fc.assert(
      fc.property(aUsage, aSpec, whole as fc.Arbitrary<unknown>, fc.nat(100_000), (usage, spec, field, more) => {
        const card = priceCard(spec);
        const added = { ...usage, [field as keyof Usage]: usage[field as keyof Usage] + more };
        expect(costOf(added, card)).toBeGreaterThanOrEqual(costOf(usage, card));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('worstCaseCost', () => {
  it('is never below what a call within the estimate costs', () => {
    fc.assert(
      fc.property(aUsage, aTieredSpec, fc.nat(1000), fc.nat(1000), (usage, spec, morePrompt, moreOutput) => {
        const card = priceCard(spec);
        const { promptTokens, completionTokens } = usage;
        const requests = Math.max(1, usage.searchUnits);
        const worst = worstCaseCost(promptTokens + morePrompt, completionTokens + moreOutput, card, requests);
        expect(worst).toBeGreaterThanOrEqual(costOf({ ...usage, webSearches: 0, audioSeconds: 0 }, card));
        expect(Number.isSafeInteger(worst)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes the dearest rates of the tiers the prompt may reach, and no others', () => {
    const card = aCard(
      { input: usd(3), cacheWrite1h: usd(6), output: usd(15) },
      { tiers: [{ aboveInputTokens: 1000, rates: { input: usd(9), output: usd(30) } }], perRequest: 7 },
    );
    expect(worstCaseCost(1000, 100, card)).toBe(usd((1000 * 6 + 1500) / 1e6) + 7);
    expect(worstCaseCost(1001, 100, card)).toBe(usd((1001 * 9 + 3000) / 1e6) + 7);
    expect(worstCaseCost(1, 0, aCard({ input: 1 }))).toBe(1);
  });
});

describe('itemise', () => {
  it('shows the lines that make the cost', () => {
    const card = aCard({ input: usd(3), cachedInput: usd(0.3), output: usd(15) }, { perRequest: 5 });
    const bill = itemise(usageOf({ promptTokens: 100, cachedTokens: 40, completionTokens: 7 }), card);
    expect(bill).toEqual({
      nanoDollars: 297_005,
      items: [
        { kind: 'input', quantity: 60, rate: usd(3) },
        { kind: 'cachedInput', quantity: 40, rate: usd(0.3) },
        { kind: 'output', quantity: 7, rate: usd(15) },
        { kind: 'request', quantity: 1, rate: 5 },
      ],
    });
  });
});

describe('priceStatement', () => {
  it('says which price was used, with the rates of its tier and only those the list names', () => {
    const card = aCard(
      { input: usd(3), output: usd(15) },
      { provider: 'acme', perRequest: usd(0.005), tiers: [{ aboveInputTokens: 200_000, rates: { input: usd(6) } }] },
    );
    const told = { id: 'p', source: 'own', provider: 'acme', model: 'm', usd_per_request: '0.005' };
    expect(JSON.parse(priceStatement(card, 1))).toEqual({ ...told, usd_per_million: { input: '3', output: '15' } });
    expect(JSON.parse(priceStatement(card, 200_001))).toEqual({
      ...told,
      above_input_tokens: 200_000,
      usd_per_million: { input: '6', output: '15' },
    });
  });
});

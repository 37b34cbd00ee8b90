import { usdText } from './money.js';

/** What is charged by the million, in whole nano-dollars. */
export interface Rates {
  readonly input: number;
  readonly cachedInput: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly audioInput: number;
  readonly cachedAudioInput: number;
  readonly imageInput: number;
  readonly cachedImageInput: number;
  readonly output: number;
  readonly reasoning: number;
  readonly audioOutput: number;
  readonly imageOutput: number;
}

export type RateKind = keyof Rates;

/** The rates a price list names; what it leaves out follows from the others, see `COSTS_LIKE`. */
export type RateSheet = { readonly [K in RateKind]?: number | undefined };

/**
 * Where a price comes from: the administrator's own rows, the published price list, or the policy for unknown prices (its
 * default, or nothing at all).
 */
export type PriceSource = 'own' | 'published' | 'default' | 'unknown';

/** A price as it is written down. */
export interface PriceSpec {
  /** Identifies the price for good: the row's id, or list, vendor and model. */
  readonly id: string;
  readonly source: PriceSource;
  /** Whose price it is; `null`: of any provider. */
  readonly provider: string | null;
  /** The model, or the pattern of models. */
  readonly model: string;
  readonly rates: RateSheet;
  readonly tiers?: readonly TierSpec[];
  /** Nano-dollars for each answered request; of a reranker, for each search it reports. */
  readonly perRequest?: number;
  /** Nano-dollars for each search of the web the provider makes. */
  readonly perWebSearch?: number;
  /** Nano-dollars for an hour of audio, where audio is charged by its length. */
  readonly perAudioHour?: number;
}

/** Other rates for long prompts. */
export interface TierSpec {
  /** A prompt of more tokens than this, cached ones included, is charged at these rates: the whole request, not only what is above. */
  readonly aboveInputTokens: number;
  /** What is left out stays as it is below. */
  readonly rates: RateSheet;
}

/** The rates for prompts longer than `aboveInputTokens`. */
export interface PriceBracket {
  /** -1 for the lowest. */
  readonly aboveInputTokens: number;
  readonly rates: Rates;
  /** The dearest rate input can have, and output. */
  readonly dearestInput: number;
  readonly dearestOutput: number;
  /** The price as it is kept with a call record: a JSON object in USD. */
  readonly statement: string;
}

/** A price ready to be applied. Immutable. */
export interface PriceCard {
  readonly id: string;
  readonly source: PriceSource;
  readonly provider: string | null;
  readonly model: string;
  /** Rising by `aboveInputTokens`; never empty. */
  readonly brackets: readonly [PriceBracket, ...PriceBracket[]];
  readonly perRequest: number;
  readonly perWebSearch: number;
  /** Like the rates, per million: nano-dollars for a million seconds. */
  readonly audioSeconds: number;
}

export const INPUT_KINDS = [
  'input',
  'cachedInput',
  'cacheWrite5m',
  'cacheWrite1h',
  'audioInput',
  'cachedAudioInput',
  'imageInput',
  'cachedImageInput',
] as const;
export const OUTPUT_KINDS = ['output', 'reasoning', 'audioOutput', 'imageOutput'] as const;
export const RATE_KINDS: readonly RateKind[] = [...INPUT_KINDS, ...OUTPUT_KINDS];

/** Makes a price ready to be applied. Tiers may come in any order. */
export function priceCard(spec: PriceSpec): PriceCard {
  let sheet = spec.rates;
  const lowest = bracket(spec, -1, sheet);
  const tiers = [...(spec.tiers ?? [])].sort((a, b) => a.aboveInputTokens - b.aboveInputTokens);
  const higher = tiers.map(({ aboveInputTokens, rates }) => {
    sheet = { ...sheet, ...namedRates(rates) };
    return bracket(spec, aboveInputTokens, sheet);
  });
  return Object.freeze({
    id: spec.id,
    source: spec.source,
    provider: spec.provider,
    model: spec.model,
    brackets: [lowest, ...higher] as [PriceBracket, ...PriceBracket[]],
    perRequest: spec.perRequest ?? 0,
    perWebSearch: spec.perWebSearch ?? 0,
    audioSeconds: perMillionSeconds(spec.perAudioHour ?? 0),
  });
}

/** Half up. A million seconds are 277.8 hours: what is lost is less than a nano-dollar in 277 hours of audio. */
function perMillionSeconds(perHour: number): number {
  return Number((BigInt(perHour) * 2_000_000n + 3600n) / 7200n);
}

function bracket(spec: PriceSpec, aboveInputTokens: number, sheet: RateSheet): PriceBracket {
  const rates = completeRates(sheet);
  return Object.freeze({
    aboveInputTokens,
    rates,
    dearestInput: Math.max(...INPUT_KINDS.map((kind) => rates[kind])),
    dearestOutput: Math.max(...OUTPUT_KINDS.map((kind) => rates[kind])),
    statement: statement(spec, aboveInputTokens, sheet),
  });
}

/**
 * What a kind without a rate of its own costs, as vendors mean it: the first of these that has one. Cached audio costs what cached
 * input costs, unless audio has its own rate, of which then nothing says that the cache discounts it.
 */
const COSTS_LIKE: Readonly<Record<RateKind, readonly RateKind[]>> = {
  input: [],
  cachedInput: ['input'],
  cacheWrite5m: ['input'],
  cacheWrite1h: ['cacheWrite5m', 'input'],
  audioInput: ['input'],
  cachedAudioInput: ['audioInput', 'cachedInput', 'input'],
  imageInput: ['input'],
  cachedImageInput: ['imageInput', 'cachedInput', 'input'],
  output: [],
  reasoning: ['output'],
  audioOutput: ['output'],
  imageOutput: ['output'],
};

function completeRates(sheet: RateSheet): Rates {
  const rate = (kind: RateKind): number => {
    const named = [kind, ...COSTS_LIKE[kind]].find((candidate) => sheet[candidate] !== undefined);
    return named === undefined ? 0 : (sheet[named] ?? 0);
  };
  // One literal: every card's rates have the same shape.
  return Object.freeze({
    input: rate('input'),
    cachedInput: rate('cachedInput'),
    cacheWrite5m: rate('cacheWrite5m'),
    cacheWrite1h: rate('cacheWrite1h'),
    audioInput: rate('audioInput'),
    cachedAudioInput: rate('cachedAudioInput'),
    imageInput: rate('imageInput'),
    cachedImageInput: rate('cachedImageInput'),
    output: rate('output'),
    reasoning: rate('reasoning'),
    audioOutput: rate('audioOutput'),
    imageOutput: rate('imageOutput'),
  });
}

function namedRates(sheet: RateSheet): RateSheet {
  return Object.fromEntries(Object.entries(sheet).filter(([, rate]) => rate !== undefined));
}

/** The names of the rates in the admin API and in call records. */
export const RATE_NAMES = {
  input: 'input',
  cachedInput: 'cached_input',
  cacheWrite5m: 'cache_write_5m',
  cacheWrite1h: 'cache_write_1h',
  audioInput: 'audio_input',
  cachedAudioInput: 'cached_audio_input',
  imageInput: 'image_input',
  cachedImageInput: 'cached_image_input',
  output: 'output',
  reasoning: 'reasoning',
  audioOutput: 'audio_output',
  imageOutput: 'image_output',
} as const satisfies Record<RateKind, string>;

/** Only the rates the list names, by their public names, in USD per million. */
export function ratesText(sheet: RateSheet): Record<string, string> {
  const named: Record<string, string> = {};
  for (const kind of RATE_KINDS) {
    const rate = sheet[kind];
    if (rate !== undefined) named[RATE_NAMES[kind]] = usdText(rate);
  }
  return named;
}

function statement(spec: PriceSpec, aboveInputTokens: number, sheet: RateSheet): string {
  return JSON.stringify({
    id: spec.id,
    source: spec.source,
    provider: spec.provider,
    model: spec.model,
    ...(aboveInputTokens < 0 ? {} : { above_input_tokens: aboveInputTokens }),
    usd_per_million: ratesText(sheet),
    ...(spec.perRequest === undefined ? {} : { usd_per_request: usdText(spec.perRequest) }),
    ...(spec.perWebSearch === undefined ? {} : { usd_per_web_search: usdText(spec.perWebSearch) }),
    ...(spec.perAudioHour === undefined ? {} : { usd_per_audio_hour: usdText(spec.perAudioHour) }),
  });
}

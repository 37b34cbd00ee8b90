import type { ConditionalPrice, ModelInfo, ModelPrice, TieredPrices } from '@pydantic/genai-prices';
import {
  decimalText,
  priceCard,
  type PriceCard,
  type RateKind,
  type RateSheet,
  scaledDecimal,
} from '../../libs/protocol/index.js';
import type { DailyWindow, PricePeriod } from './price-period.js';

/** Our kinds of tokens by the list's names. Rates per million tokens. */
const RATE_KEYS: readonly (readonly [RateKind, ...string[]])[] = [
  ['input', 'input_mtok'],
  ['cachedInput', 'cache_read_mtok'],
  ['cacheWrite5m', 'cache_write_5m_mtok', 'cache_write_mtok'],
  ['cacheWrite1h', 'cache_write_1h_mtok'],
  ['audioInput', 'input_audio_mtok'],
  ['cachedAudioInput', 'cache_audio_read_mtok'],
  ['imageInput', 'input_image_mtok'],
  ['cachedImageInput', 'cache_image_read_mtok'],
  ['output', 'output_mtok'],
  ['reasoning', 'output_reasoning_mtok'],
  ['audioOutput', 'output_audio_mtok'],
  ['imageOutput', 'output_image_mtok'],
];

/**
 * The published prices of a model, the one that wins first; empty when it is sold by something no usage tells (pages,
 * messages). What the list charges besides tokens, requests, searches of the web and hours of audio is not in them:
 * no usage tells it either.
 * @param vendor the vendor's name in the list
 */
export function publishedPeriods(vendor: string, model: ModelInfo): readonly PricePeriod[] {
  const variants: readonly ConditionalPrice[] = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }];
  const periods: PricePeriod[] = [];
  // The list's last variant whose condition holds wins; should none hold, its first does.
  for (const variant of variants.toReversed()) {
    const card = cardOf(vendor, model.id, variant.prices);
    if (card === null) return [];
    periods.push({ ...conditionOf(variant === variants[0] ? undefined : variant.constraint), card });
  }
  return periods;
}

function conditionOf(constraint: ConditionalPrice['constraint']): Omit<PricePeriod, 'card'> {
  const toMs = Number.POSITIVE_INFINITY;
  if (constraint === undefined) return { fromMs: Number.NEGATIVE_INFINITY, toMs, daily: null };
  if (constraint.type === 'start_date') return { fromMs: Date.parse(constraint.start_date), toMs, daily: null };
  const daily: DailyWindow = {
    fromSecond: secondOfDay(constraint.start_time),
    toSecond: secondOfDay(constraint.end_time),
  };
  return { fromMs: Number.NEGATIVE_INFINITY, toMs, daily };
}

/** `16:30:00Z` or `00:30:00+08:00` as seconds since midnight UTC. */
function secondOfDay(time: string): number {
  const atMs = Date.parse(`2000-01-02T${time}`);
  if (Number.isNaN(atMs)) throw new Error(`the price list has a time of day nobody can read: ${time}`);
  return (atMs % 86_400_000) / 1000;
}

/** `null` when it has prices, but none of them by the token. An empty price is a price: the model is free. */
function cardOf(vendor: string, model: string, prices: ModelPrice): PriceCard | null {
  const names = Object.keys(prices).filter((name) => prices[name] !== undefined);
  const isByTheToken = names.some((name) => RATE_KEYS.some(([, ...keys]) => keys.includes(name)));
  const audioHour = prices['audio_hours'] ?? prices['input_audio_hours'];
  const perAudioHour = audioHour === undefined ? null : scaled(baseOf(audioHour), 9);
  if (names.length > 0 && !isByTheToken && perAudioHour === null) return null;
  const perRequest = each(prices['requests_kcount']);
  const perWebSearch = each(prices['web_searches_kcount']);
  return priceCard({
    id: `genai-prices/${vendor}/${model}`,
    source: 'published',
    provider: vendor,
    model,
    rates: { input: 0, output: 0, ...sheetAt(prices, -1) },
    tiers: thresholds(prices).map((start) => ({ aboveInputTokens: start, rates: sheetAt(prices, start) })),
    ...(perRequest === null ? {} : { perRequest }),
    ...(perWebSearch === null ? {} : { perWebSearch }),
    ...(perAudioHour === null ? {} : { perAudioHour }),
  });
}

function thresholds(prices: ModelPrice): number[] {
  const starts = Object.values(prices).flatMap((price) =>
    typeof price === 'object' ? price.tiers.map(({ start }) => start) : [],
  );
  return [...new Set(starts)];
}

/** The rates for prompts just above `threshold`. */
function sheetAt(prices: ModelPrice, threshold: number): RateSheet {
  const sheet: Partial<Record<RateKind, number>> = {};
  for (const [kind, ...keys] of RATE_KEYS) {
    const price = keys.map((key) => prices[key]).find((found) => found !== undefined);
    if (price !== undefined) sheet[kind] = scaled(usdAbove(price, threshold), 9);
  }
  return sheet;
}

function usdAbove(price: number | TieredPrices, threshold: number): number {
  if (typeof price === 'number') return price;
  const reached = price.tiers.filter(({ start }) => start <= threshold).sort((a, b) => a.start - b.start);
  return reached.at(-1)?.price ?? price.base;
}

/** A price per thousand as nano-dollars each. Tiers of such prices do not exist. */
function each(price: number | TieredPrices | undefined): number | null {
  if (price === undefined) return null;
  return scaled(baseOf(price), 6);
}

function baseOf(price: number | TieredPrices): number {
  return typeof price === 'number' ? price : price.base;
}

/** The list's numbers are decimals that went through JSON: what counts is the shortest decimal that is the number. */
function scaled(usd: number, decimals: number): number {
  return Number(scaledDecimal(decimalText(usd), decimals));
}

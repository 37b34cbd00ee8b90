import { RATE_KINDS, type PriceBracket, type PriceCard, type RateKind } from './pricing-card.js';
import type { Usage } from './usage.js';

/** Rates are per million units. */
const PER = 1_000_000;
const BIG_PER = BigInt(PER);
const HALF = PER / 2;
/** Sums below this are exact as numbers, with room for the rounding. */
const EXACT_BELOW = Number.MAX_SAFE_INTEGER - PER;
const MAX_COST = BigInt(Number.MAX_SAFE_INTEGER);

/** How many units of each kind a call is charged for. Disjoint: every token is in one of them. */
type Quantities = Record<RateKind, number>;

/** The rates that hold for a prompt of this length. */
function bracketOf(card: PriceCard, promptTokens: number): PriceBracket {
  const { brackets } = card;
  let found = brackets[0];
  for (let i = 1; i < brackets.length; i += 1) {
    const next = brackets[i] as PriceBracket;
    if (promptTokens <= next.aboveInputTokens) break;
    found = next;
  }
  return found;
}

/**
 * What an answered request costs, in whole nano-dollars.
 *
 * Every token is charged once: cached, written, audio and image tokens at their rates and only the rest of the prompt as plain
 * input; reasoning, audio and image tokens likewise within the output. Tokens times rates are added up exactly, and the sum is
 * rounded to the nano-dollar once, half up: rounding each kind would charge up to twelve halves too much. Never negative, and
 * exact beyond 2^53 on the way; a single call over 9,007,199 USD costs exactly that much.
 */
export function costOf(usage: Usage, card: PriceCard): number {
  const q = quantitiesOf(usage);
  const { rates: r } = bracketOf(card, usage.promptTokens);
  // All terms are whole and not negative: if the sum stayed below 2^53, so did every term, and none was rounded.
  const sum =
    q.input * r.input +
    q.cachedInput * r.cachedInput +
    q.cacheWrite5m * r.cacheWrite5m +
    q.cacheWrite1h * r.cacheWrite1h +
    q.audioInput * r.audioInput +
    q.cachedAudioInput * r.cachedAudioInput +
    q.imageInput * r.imageInput +
    q.cachedImageInput * r.cachedImageInput +
    q.output * r.output +
    q.reasoning * r.reasoning +
    q.audioOutput * r.audioOutput +
    q.imageOutput * r.imageOutput +
    usage.audioSeconds * card.audioSeconds +
    (requestsOf(usage) * card.perRequest + usage.webSearches * card.perWebSearch) * PER;
  if (sum < EXACT_BELOW) return perMillion(sum);
  let exact =
    BigInt(requestsOf(usage)) * BigInt(card.perRequest) + BigInt(usage.webSearches) * BigInt(card.perWebSearch);
  exact = exact * BIG_PER + BigInt(usage.audioSeconds) * BigInt(card.audioSeconds);
  for (const kind of RATE_KINDS) exact += BigInt(q[kind]) * BigInt(r[kind]);
  return bounded((exact + BigInt(HALF)) / BIG_PER);
}

/** What is charged by the request is so for each search of a reranker. */
function requestsOf({ searchUnits }: Usage): number {
  return Math.max(1, searchUnits);
}

/**
 * The most an answered request can cost, in whole nano-dollars, rounded up: every input token at the dearest input rate and every
 * output token at the dearest output rate, of all tiers the prompt may reach. Searches the provider makes on its own and the length of
 * audio are not in it: nobody knows them before.
 * @param requests as how many requests it counts; a reranker's searches
 */
export function worstCaseCost(
  promptTokensHigh: number,
  maxOutputTokens: number,
  card: PriceCard,
  requests = 1,
): number {
  let worst = 0;
  for (const bracket of card.brackets) {
    if (bracket.aboveInputTokens >= promptTokensHigh) break;
    const sum =
      promptTokensHigh * bracket.dearestInput +
      maxOutputTokens * bracket.dearestOutput +
      requests * card.perRequest * PER;
    const cost =
      sum < EXACT_BELOW
        ? Math.ceil(sum / PER)
        : exactWorst(promptTokensHigh, maxOutputTokens, requests * card.perRequest, bracket);
    if (cost > worst) worst = cost;
  }
  return worst;
}

function exactWorst(prompt: number, output: number, fixed: number, bracket: PriceBracket): number {
  const tokens = BigInt(prompt) * BigInt(bracket.dearestInput) + BigInt(output) * BigInt(bracket.dearestOutput);
  return bounded((tokens + BigInt(fixed) * BIG_PER + BIG_PER - 1n) / BIG_PER);
}

/** One line of a bill. */
export interface CostItem {
  readonly kind: RateKind | 'request' | 'webSearch' | 'audioSecond';
  readonly quantity: number;
  /** Nano-dollars: per million for tokens and seconds, each for requests and searches. */
  readonly rate: number;
}

/** The bill behind `costOf`: what was charged at which rate. Lines without units are left out. */
export function itemise(usage: Usage, card: PriceCard): { nanoDollars: number; items: CostItem[] } {
  const quantities = quantitiesOf(usage);
  const { rates } = bracketOf(card, usage.promptTokens);
  const items: CostItem[] = RATE_KINDS.map((kind) => ({ kind, quantity: quantities[kind], rate: rates[kind] }));
  if (card.audioSeconds > 0) items.push({ kind: 'audioSecond', quantity: usage.audioSeconds, rate: card.audioSeconds });
  items.push({ kind: 'webSearch', quantity: usage.webSearches, rate: card.perWebSearch });
  if (card.perRequest > 0) items.push({ kind: 'request', quantity: requestsOf(usage), rate: card.perRequest });
  return { nanoDollars: costOf(usage, card), items: items.filter(({ quantity }) => quantity > 0) };
}

/** The price that holds for a prompt of this length as it is kept with a call record: a JSON object, in USD. Made once a price. */
export function priceStatement(card: PriceCard, promptTokens: number): string {
  return bracketOf(card, promptTokens).statement;
}

/**
 * Takes the parts out of their wholes. A part the whole has no room for is cut, so that overlaps the upstream did not tell (audio
 * that was cached) are charged once, as what comes first: cached, written, audio, image, plain.
 */
function quantitiesOf(usage: Usage): Quantities {
  const cached = Math.min(usage.cachedTokens, usage.promptTokens);
  let left = usage.promptTokens - cached;
  const cachedAudioInput = Math.min(usage.cachedAudioTokens, usage.audioInputTokens, cached);
  const cachedImageInput = Math.min(usage.cachedImageTokens, usage.imageInputTokens, cached - cachedAudioInput);
  const cacheWrite1h = Math.min(usage.cacheWrite1hTokens, left);
  left -= cacheWrite1h;
  const cacheWrite5m = Math.min(usage.cacheWrite5mTokens, left);
  left -= cacheWrite5m;
  const audioInput = Math.min(usage.audioInputTokens - cachedAudioInput, left);
  left -= audioInput;
  const imageInput = Math.min(usage.imageInputTokens - cachedImageInput, left);
  let output = usage.completionTokens;
  const audioOutput = Math.min(usage.audioOutputTokens, output);
  output -= audioOutput;
  const imageOutput = Math.min(usage.imageOutputTokens, output);
  output -= imageOutput;
  const reasoning = Math.min(usage.reasoningTokens, output);
  return {
    input: left - imageInput,
    cachedInput: cached - cachedAudioInput - cachedImageInput,
    cacheWrite5m,
    cacheWrite1h,
    audioInput,
    cachedAudioInput,
    imageInput,
    cachedImageInput,
    output: output - reasoning,
    reasoning,
    audioOutput,
    imageOutput,
  };
}

/** `sum` / 1,000,000, half up; by the remainder, which is exact. */
function perMillion(sum: number): number {
  const rest = sum % PER;
  const whole = (sum - rest) / PER;
  return rest >= HALF ? whole + 1 : whole;
}

function bounded(cost: bigint): number {
  return Number(cost > MAX_COST ? MAX_COST : cost);
}

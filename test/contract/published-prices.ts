import { waitForUpdate, type ConditionalPrice, type ModelPrice, type Provider } from '@pydantic/genai-prices';

/** The raw price list, as its authors publish it. */
export async function publishedList(): Promise<Provider[]> {
  const list = await waitForUpdate();
  if (list === null) throw new Error('the price list is empty');
  return list;
}

/** An exact decimal: `units` / 10^30. */
export type Exact = bigint;
const DIGITS = 30;
const ONE = 10n ** BigInt(DIGITS);

/** The number as the list writes it, digit by digit: `0.075` is 75 thousandths and not 0.07499999999999999722. */
export function exact(value: number): Exact {
  const [mantissa = '0', exponent = '0'] = String(value).split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  const shift = DIGITS - fraction.length + Number(exponent);
  const digits = BigInt(whole + fraction);
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  throw new Error(`${value} is finer than the tests reckon`);
}

/** USD in whole nano-dollars, half up. */
export function nanoDollarsOf(usd: Exact): bigint {
  const perNano = ONE / 1_000_000_000n;
  return (usd * 2n + perNano) / (2n * perNano);
}

/** The prices of a model that hold at a moment, by the rules the list's authors give: the last that applies, else the first. */
export function pricesAt(prices: ConditionalPrice[] | ModelPrice, at: Date): ModelPrice {
  if (!Array.isArray(prices)) return prices;
  const clock = at.toISOString().slice(11, 19);
  const applies = ({ constraint }: ConditionalPrice): boolean => {
    if (constraint === undefined) return true;
    if (constraint.type === 'start_date') return at.toISOString().slice(0, 10) >= constraint.start_date;
    // All times of the list are UTC; the tests say so below.
    const [from, to] = [constraint.start_time.slice(0, 8), constraint.end_time.slice(0, 8)];
    return from <= to ? clock >= from && clock < to : clock >= from || clock < to;
  };
  return prices.findLast(applies)?.prices ?? prices[0]?.prices ?? {};
}

/** USD per token (or other unit of which `per` cost the published number) for a request with so many input tokens. */
export class RawPrices {
  constructor(
    private readonly prices: ModelPrice,
    private readonly inputTokens: number,
  ) {}

  /** `null`: the list has no such price. */
  usd(key: string): Exact | null {
    const price = this.prices[key];
    if (price === undefined) return null;
    if (typeof price === 'number') return exact(price);
    let found = price.base;
    for (const { start, price: higher } of [...price.tiers].sort((a, b) => a.start - b.start)) {
      if (this.inputTokens > start) found = higher;
    }
    return exact(found);
  }

  /** What so many cost, by the first of the keys the list has; each key's price is per `per`. */
  charge(quantity: number, keys: readonly string[], per = 1_000_000): Exact {
    for (const key of keys) {
      const usd = this.usd(key);
      if (usd !== null) return (usd * BigInt(quantity)) / BigInt(per);
    }
    return 0n;
  }
}

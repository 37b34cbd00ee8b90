/**
 * Money is whole nano-dollars; prices are whole nano-dollars per million units. A binary fraction never enters a sum: decimals
 * are read from text, once.
 */

/** Nano-dollars in a US dollar: nine decimals. */
const NANO_DECIMALS = 9;
const NANO = 10 ** NANO_DECIMALS;
const DECIMAL = /^(\d{1,15})(?:\.(\d{1,30}))?$/;

/** The largest price that may be written, in USD: per million tokens, that is 1 USD a token. */
const MAX_PRICE_USD = 1_000_000n;
const MAX_PRICE_NANO = MAX_PRICE_USD * 10n ** BigInt(NANO_DECIMALS);

/** A price in USD as whole nano-dollars; `null` when it is no decimal, above 1,000,000, or finer than a nano-dollar. */
export function nanoDollars(usd: string): number | null {
  const found = DECIMAL.exec(usd);
  if (found === null || (found[2] ?? '').length > NANO_DECIMALS) return null;
  const nano = scaledDecimal(usd, NANO_DECIMALS);
  return nano > MAX_PRICE_NANO ? null : Number(nano);
}

/**
 * A decimal times 10^`decimals`, finer digits rounded half up.
 * @throws RangeError when `text` is no decimal
 */
export function scaledDecimal(text: string, decimals: number): bigint {
  const found = DECIMAL.exec(text);
  if (found === null) throw new RangeError(`not a decimal: ${text}`);
  const fraction = (found[2] ?? '').padEnd(decimals + 1, '0');
  const scaled = BigInt((found[1] ?? '0') + fraction.slice(0, decimals));
  return fraction.charCodeAt(decimals) >= '5'.charCodeAt(0) ? scaled + 1n : scaled;
}

/** A number from 0 up as it is written: the shortest decimal that is that number, without exponent. */
export function decimalText(value: number): string {
  const text = String(value);
  const found = /^(\d)(?:\.(\d+))?e-(\d+)$/.exec(text);
  if (found !== null) return `0.${'0'.repeat(Number(found[3]) - 1)}${found[1] ?? ''}${found[2] ?? ''}`;
  return text.includes('e') ? BigInt(value).toString() : text;
}

/** Nano-dollars as US dollars, exactly, without trailing zeros: `1500000000` is `1.5`. */
export function usdText(nanoDollars: number | bigint | string): string {
  if (typeof nanoDollars === 'number' && nanoDollars >= 0 && Number.isSafeInteger(nanoDollars)) {
    return safeUsdText(nanoDollars);
  }
  const digits = BigInt(nanoDollars).toString();
  const negative = digits.startsWith('-');
  const padded = (negative ? digits.slice(1) : digits).padStart(NANO_DECIMALS + 1, '0');
  const fraction = padded.slice(-NANO_DECIMALS).replace(/0+$/, '');
  const whole = padded.slice(0, -NANO_DECIMALS);
  return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** For what every call writes several times: without big integers, a fifth of the time. */
function safeUsdText(nanoDollars: number): string {
  const whole = Math.floor(nanoDollars / NANO);
  let fraction = nanoDollars - whole * NANO;
  if (fraction === 0) return String(whole);
  let one = NANO;
  while (fraction % 10 === 0) {
    fraction /= 10;
    one /= 10;
  }
  // The one in front keeps the zeros behind the point.
  return `${whole}.${String(one + fraction).slice(1)}`;
}

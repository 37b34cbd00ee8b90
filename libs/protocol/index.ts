export { GatewayError, openAiErrorBody, type ErrorDetails, type ErrorKind } from './errors.js';
export { decimalText, nanoDollars, scaledDecimal, usdText } from './money.js';
export {
  type PriceBracket,
  type PriceCard,
  priceCard,
  type PriceSource,
  type PriceSpec,
  RATE_KINDS,
  RATE_NAMES,
  type RateKind,
  type Rates,
  type RateSheet,
  ratesText,
  type TierSpec,
} from './pricing-card.js';
export { type CostItem, costOf, itemise, priceStatement, worstCaseCost } from './pricing.js';
export { NO_USAGE, type Usage, usageOf } from './usage.js';

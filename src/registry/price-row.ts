import { priceCard, RATE_KINDS, RATE_NAMES, type RateKind, type TierSpec } from '../../libs/protocol/index.js';
import type { PricePeriod } from './price-period.js';

type RateColumns = { [K in (typeof RATE_NAMES)[RateKind]]: string | null };

/** A row of `prices` as the snapshot is built from; `bigint` comes as text, moments as epoch milliseconds in text. */
export interface PriceRow extends RateColumns {
  id: string;
  provider_id: string | null;
  model: string;
  per_request: string | null;
  per_web_search: string | null;
  per_audio_hour: string | null;
  tiers: TierSpec[];
  from_ms: string | null;
  to_ms: string | null;
}

/** @param provider the provider's name; `null`: any provider */
export function periodOf(row: PriceRow, provider: string | null): PricePeriod {
  const rates: Partial<Record<RateKind, number>> = {};
  for (const kind of RATE_KINDS) {
    const rate = row[RATE_NAMES[kind]];
    if (rate !== null) rates[kind] = Number(rate);
  }
  const card = priceCard({
    id: row.id,
    source: 'own',
    provider,
    model: row.model,
    rates,
    tiers: row.tiers,
    ...(row.per_request === null ? {} : { perRequest: Number(row.per_request) }),
    ...(row.per_web_search === null ? {} : { perWebSearch: Number(row.per_web_search) }),
    ...(row.per_audio_hour === null ? {} : { perAudioHour: Number(row.per_audio_hour) }),
  });
  return {
    fromMs: row.from_ms === null ? Number.NEGATIVE_INFINITY : Number(row.from_ms),
    toMs: row.to_ms === null ? Number.POSITIVE_INFINITY : Number(row.to_ms),
    daily: null,
    card,
  };
}

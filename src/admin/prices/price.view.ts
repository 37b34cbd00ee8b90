import { ApiProperty } from '@nestjs/swagger';
import { RATE_KINDS, RATE_NAMES, ratesText, usdText, type RateKind } from '../../../libs/protocol/index.js';
import type { Price } from '../../registry/price.js';

const usd = (description: string) => ({ type: 'string', nullable: true, description }) as const;
const perMillion = usd('USD per million tokens; null: none of its own.');

/** Rates of a tier by their names, in USD per million tokens; what it leaves out is as below the threshold. */
export class PriceTierView {
  @ApiProperty()
  above_input_tokens!: number;

  [rate: string]: string | number;
}

export class PriceView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ type: 'string', format: 'uuid', nullable: true })
  provider_id!: string | null;

  @ApiProperty()
  model!: string;

  @ApiProperty({ description: 'USD per million tokens.' })
  input!: string;

  @ApiProperty({ description: 'USD per million tokens.' })
  output!: string;

  @ApiProperty(perMillion)
  cached_input!: string | null;

  @ApiProperty(perMillion)
  cache_write_5m!: string | null;

  @ApiProperty(perMillion)
  cache_write_1h!: string | null;

  @ApiProperty(perMillion)
  audio_input!: string | null;

  @ApiProperty(perMillion)
  cached_audio_input!: string | null;

  @ApiProperty(perMillion)
  image_input!: string | null;

  @ApiProperty(perMillion)
  cached_image_input!: string | null;

  @ApiProperty(perMillion)
  reasoning!: string | null;

  @ApiProperty(perMillion)
  audio_output!: string | null;

  @ApiProperty(perMillion)
  image_output!: string | null;

  @ApiProperty(usd('USD each; null: nothing.'))
  per_request!: string | null;

  @ApiProperty(usd('USD each; null: nothing.'))
  per_web_search!: string | null;

  @ApiProperty(usd('USD an hour; null: audio is not charged by its length.'))
  per_audio_hour!: string | null;

  @ApiProperty({ type: [PriceTierView] })
  tiers!: PriceTierView[];

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, description: 'null: since ever.' })
  effective_from!: string | null;

  @ApiProperty({ type: 'string', format: 'date-time', nullable: true, description: 'null: until further notice.' })
  effective_to!: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;

  @ApiProperty({ format: 'date-time' })
  updated_at!: string;

  @ApiProperty({ description: 'Rises with every change; also the ETag.' })
  version!: number;
}

export function priceView(price: Price): PriceView {
  return {
    id: price.id,
    provider_id: price.providerId,
    model: price.model,
    ...ratesView(price),
    per_request: usdOrNull(price.perRequest),
    per_web_search: usdOrNull(price.perWebSearch),
    per_audio_hour: usdOrNull(price.perAudioHour),
    tiers: price.tiers.map(({ aboveInputTokens, rates }) => ({
      above_input_tokens: aboveInputTokens,
      ...ratesText(rates),
    })),
    effective_from: price.effectiveFrom?.toISOString() ?? null,
    effective_to: price.effectiveTo?.toISOString() ?? null,
    created_at: price.createdAt.toISOString(),
    updated_at: price.updatedAt.toISOString(),
    version: price.version,
  };
}

type RatesView = Pick<PriceView, (typeof RATE_NAMES)[RateKind]>;

function ratesView(price: Price): RatesView {
  const named = RATE_KINDS.map((kind) => [RATE_NAMES[kind], usdOrNull(price[kind])]);
  return Object.fromEntries(named) as RatesView;
}

function usdOrNull(nanoDollars: number | null): string | null {
  return nanoDollars === null ? null : usdText(nanoDollars);
}

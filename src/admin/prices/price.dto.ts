import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsInt,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { RATE_KINDS, RATE_NAMES, type RateKind, type TierSpec } from '../../../libs/protocol/index.js';
import type { PricePatch } from '../../registry/price.js';
import { IsMoment, momentFromInput } from '../moment.decorator.js';
import { definedOf, ifSent } from '../patch.js';
import { IsOptionalPrice, IsPrice, priceFromInput, type PriceInput } from './rate.decorator.js';

const MAX_TIERS = 10;
const MAX_TOKENS = 1_000_000_000;

/** The rates a price may leave out, in USD per million tokens. */
class OptionalRatesDto {
  @IsOptionalPrice('Read from the prompt cache. Left out: as input.')
  cached_input?: PriceInput | null;

  @IsOptionalPrice(
    'Written to the prompt cache for five minutes, or for a time the provider does not tell. Left out: as input.',
  )
  cache_write_5m?: PriceInput | null;

  @IsOptionalPrice('Written to the prompt cache for an hour. Left out: as for five minutes.')
  cache_write_1h?: PriceInput | null;

  @IsOptionalPrice('Audio in the prompt. Left out: as input.')
  audio_input?: PriceInput | null;

  @IsOptionalPrice('Audio read from the prompt cache. Left out: as audio where that has a rate, else as cached input.')
  cached_audio_input?: PriceInput | null;

  @IsOptionalPrice('Images in the prompt. Left out: as input.')
  image_input?: PriceInput | null;

  @IsOptionalPrice(
    'Images read from the prompt cache. Left out: as images where those have a rate, else as cached input.',
  )
  cached_image_input?: PriceInput | null;

  @IsOptionalPrice('Reasoning. Left out: as output.')
  reasoning?: PriceInput | null;

  @IsOptionalPrice('Audio in the answer. Left out: as output.')
  audio_output?: PriceInput | null;

  @IsOptionalPrice('Images in the answer. Left out: as output.')
  image_output?: PriceInput | null;
}

export class PriceTierDto extends OptionalRatesDto {
  @ApiProperty({
    minimum: 1,
    maximum: MAX_TOKENS,
    description:
      'Requests whose prompt has more tokens than this, cached ones included, are charged as a whole at these rates.',
    example: 200_000,
  })
  @Max(MAX_TOKENS)
  @Min(1)
  @IsInt()
  above_input_tokens!: number;

  @IsOptionalPrice('Left out: as below the threshold; so for all rates of a tier.')
  input?: PriceInput | null;

  @IsOptionalPrice('Left out: as below the threshold.')
  output?: PriceInput | null;
}

export class CreatePriceDto extends OptionalRatesDto {
  @ApiPropertyOptional({
    type: 'string',
    format: 'uuid',
    nullable: true,
    description: 'Whose price it is. null: of whoever serves the model; a price of the provider itself wins over it.',
  })
  @ValidateIf((_object, value) => value !== undefined && value !== null)
  @IsUUID()
  provider_id?: string | null;

  @ApiProperty({
    minLength: 1,
    maxLength: 200,
    description: "The upstream's name for the model, in any case. One that ends in * means all that begin so.",
    examples: ['gpt-4o', 'gpt-4o-*'],
  })
  @Matches(/^[^\s*\p{Cc}]*\*?$/u, {
    message: '$property must not contain blanks or control characters, and * only at its end',
  })
  @Length(1, 200)
  @IsString()
  model!: string;

  @IsPrice('USD per million input tokens.')
  input!: PriceInput;

  @IsPrice('USD per million output tokens.')
  output!: PriceInput;

  @IsOptionalPrice('USD for each answered request; of a reranker, for each search it reports.')
  per_request?: PriceInput | null;

  @IsOptionalPrice('USD for each search of the web the provider makes and reports.')
  per_web_search?: PriceInput | null;

  @IsOptionalPrice('USD for an hour of audio, where audio is charged by its length: per second, to the nano-dollar.')
  per_audio_hour?: PriceInput | null;

  @ApiPropertyOptional({ type: [PriceTierDto], maxItems: MAX_TIERS, description: 'Other rates for long prompts.' })
  @ValidateIf((_object, value) => value !== undefined)
  @ArrayUnique((tier: PriceTierDto) => tier.above_input_tokens, {
    message: '$property must not name a threshold twice',
  })
  @ValidateNested({ each: true })
  @Type(() => PriceTierDto)
  @ArrayMaxSize(MAX_TIERS)
  @IsArray()
  tiers?: PriceTierDto[];

  @IsMoment('From when on calls that begin are charged this.')
  effective_from?: string | null;

  @IsMoment('From when on they are not any more.')
  effective_to?: string | null;
}

export class ChangePriceDto extends PartialType(CreatePriceDto, { skipNullProperties: false }) {}

/** Only what was sent. */
export function pricePatch(dto: ChangePriceDto): PricePatch {
  return definedOf({
    providerId: ifSent(dto.provider_id, (id) => id?.toLowerCase() ?? null),
    model: dto.model,
    ...ratesOf(dto),
    input: ifSent(dto.input, priceFromInput),
    output: ifSent(dto.output, priceFromInput),
    perRequest: ifSent(dto.per_request, optional),
    perWebSearch: ifSent(dto.per_web_search, optional),
    perAudioHour: ifSent(dto.per_audio_hour, optional),
    tiers: ifSent(dto.tiers, (tiers) => tiers.map(tierOf)),
    effectiveFrom: ifSent(dto.effective_from, momentFromInput),
    effectiveTo: ifSent(dto.effective_to, momentFromInput),
  });
}

type OptionalRateKind = Exclude<RateKind, 'input' | 'output'>;
type SentRates = { [K in OptionalRateKind]?: number | null };

function ratesOf(dto: OptionalRatesDto): SentRates {
  const rates: SentRates = {};
  for (const kind of RATE_KINDS) {
    if (kind === 'input' || kind === 'output') continue;
    const sent = dto[RATE_NAMES[kind]];
    if (sent !== undefined) rates[kind] = optional(sent);
  }
  return rates;
}

function tierOf(dto: PriceTierDto): TierSpec {
  const rates: { [K in RateKind]?: number } = {};
  for (const kind of RATE_KINDS) {
    const sent = dto[RATE_NAMES[kind]];
    if (sent !== undefined && sent !== null) rates[kind] = priceFromInput(sent);
  }
  return { aboveInputTokens: dto.above_input_tokens, rates };
}

function optional(value: PriceInput | null): number | null {
  return value === null ? null : priceFromInput(value);
}

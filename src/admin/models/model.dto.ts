import { applyDecorators, type Type as Class } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsObject,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { BackendDto } from '../backends/backend.dto.js';
import { IsTimeouts, type TimeoutsDto } from '../backends/timeouts.dto.js';
import { IsLimit, type LimitInput } from '../limit.decorator.js';
import { IsName } from '../name.decorator.js';

const MAX_TOKENS = 1_000_000_000;
const MAX_PREFIX_CHARACTERS = 65_536;
const MAX_BACKENDS = 100;

const Sent = (): PropertyDecorator => ValidateIf((_object, value) => value !== undefined);
const SentAndSet = (): PropertyDecorator => ValidateIf((_object, value) => value !== undefined && value !== null);

const IsTokens = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: 'integer', nullable: true, minimum: 1, maximum: MAX_TOKENS, description }),
    SentAndSet(),
    Max(MAX_TOKENS),
    Min(1),
    IsInt(),
  );

const IsGroup = (group: () => Class): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: group, nullable: true }),
    SentAndSet(),
    ValidateNested(),
    Type(group),
    IsObject(),
  );

export class ReasoningConfigDto {
  @ApiPropertyOptional({
    type: 'boolean',
    nullable: true,
    description: "Overrides chat_template_kwargs.enable_thinking; null: the caller's stays.",
  })
  @SentAndSet()
  @IsBoolean()
  enabled?: boolean | null;

  @ApiPropertyOptional({ type: 'boolean', nullable: true, description: 'Other name of enabled.' })
  @SentAndSet()
  @IsBoolean()
  enable_thinking?: boolean | null;
}

export class TransformsDto {
  @ApiPropertyOptional({ type: 'string', nullable: true, description: 'Put before the system message of every call.' })
  @SentAndSet()
  @Matches(/^[^\0]*$/, { message: '$property must not contain NUL characters' })
  @MaxLength(MAX_PREFIX_CHARACTERS)
  @IsString()
  system_prompt_prefix?: string | null;

  @ApiPropertyOptional({ default: true, description: "Answers carry the caller's name for the model." })
  @Sent()
  @IsBoolean()
  rewrite_model_name?: boolean;
}

export class RateLimitsDto {
  @IsLimit('Requests per minute of the model, over all callers.')
  rpm?: LimitInput;

  @IsLimit('Tokens per minute of the model, over all callers.')
  tpm?: LimitInput;

  @IsLimit('Calls of the model at the same time.')
  concurrency?: LimitInput;
}

class ModelDto {
  @IsName('llama-3.3-70b')
  name!: string;

  @ApiPropertyOptional({ description: 'What the upstream calls the model; by default its name.', maxLength: 500 })
  @Sent()
  @Matches(/^(?!\s)\P{Cc}+(?<!\s)$/u, {
    message: '$property must not begin or end blank nor contain control characters',
  })
  @MaxLength(500)
  @IsString()
  model_id?: string;

  @ApiPropertyOptional({ default: true })
  @Sent()
  @IsBoolean()
  active?: boolean;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description:
      'Fields of the request, injected where the caller leaves them out. Replaced as a whole; at most 16 KB.',
    example: { temperature: 0.7 },
  })
  @SentAndSet()
  @IsObject()
  default_params?: Record<string, unknown> | null;

  @IsGroup(() => ReasoningConfigDto)
  reasoning_config?: ReasoningConfigDto | null;

  @IsGroup(() => TransformsDto)
  transforms?: TransformsDto | null;

  @IsGroup(() => RateLimitsDto)
  rate_limits?: RateLimitsDto | null;

  @IsTokens("The model's own cap on generated tokens; null: not known.")
  max_output_tokens?: number | null;

  @IsTokens('Tokens of input and output together; null: not known.')
  context_window?: number | null;

  @IsTimeouts()
  timeouts?: TimeoutsDto | null;
}

export class ChangeModelDto extends PartialType(ModelDto, { skipNullProperties: false }) {}

export class CreateModelDto extends ModelDto {
  @ApiProperty({ type: [BackendDto], required: false, description: 'Its first backends.' })
  @Sent()
  @ValidateNested({ each: true })
  @Type(() => BackendDto)
  @IsObject({ each: true })
  @ArrayMaxSize(MAX_BACKENDS)
  @IsArray()
  backends?: BackendDto[];
}

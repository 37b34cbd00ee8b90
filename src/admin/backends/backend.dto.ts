import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsInt, IsString, IsUUID, Max, MaxLength, Min, ValidateIf } from 'class-validator';
import type { BackendPatch } from '../../registry/catalogue.js';
import { definedOf, ifSent } from '../patch.js';
import { IsTimeouts, timeoutsPatch, type TimeoutsDto } from './timeouts.dto.js';

const MAX_WEIGHT = 1_000_000;
const MAX_PRIORITY = 1_000_000;

/** A backend as it comes in, whole or in part. */
export class BackendDto {
  @ApiPropertyOptional({
    type: 'string',
    nullable: true,
    description:
      "Root of the server; /v1 is appended unless it ends in a version segment. null: the provider's base URL, so provider_id is needed.",
    example: 'http://vllm-0:8000',
  })
  @ValidateIf((_object, value) => value !== undefined && value !== null)
  @MaxLength(2048)
  @IsString()
  url?: string | null;

  @ApiPropertyOptional({
    type: 'string',
    format: 'uuid',
    nullable: true,
    description: 'The provider whose language and credentials are used; null: OpenAI-compatible, without credentials.',
  })
  @ValidateIf((_object, value) => value !== undefined && value !== null)
  @IsUUID()
  provider_id?: string | null;

  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_WEIGHT,
    default: 1,
    description: 'Share of the calls of its priority.',
  })
  @ValidateIf((_object, value) => value !== undefined)
  @Max(MAX_WEIGHT)
  @Min(1)
  @IsInt()
  weight?: number;

  @ApiPropertyOptional({ minimum: 0, maximum: MAX_PRIORITY, default: 0, description: 'Lower is tried first.' })
  @ValidateIf((_object, value) => value !== undefined)
  @Max(MAX_PRIORITY)
  @Min(0)
  @IsInt()
  priority?: number;

  @ApiPropertyOptional({ default: true })
  @ValidateIf((_object, value) => value !== undefined)
  @IsBoolean()
  active?: boolean;

  @IsTimeouts()
  timeouts?: TimeoutsDto | null;
}

/** Only what was sent. */
export function backendPatch(dto: BackendDto): BackendPatch {
  return definedOf({
    url: dto.url,
    providerId: ifSent(dto.provider_id, (id) => id?.toLowerCase() ?? null),
    weight: dto.weight,
    priority: dto.priority,
    active: dto.active,
    timeouts: ifSent(dto.timeouts, timeoutsPatch),
  });
}

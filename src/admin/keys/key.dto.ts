import { ApiPropertyOptional, OmitType, PartialType } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
} from 'class-validator';
import { GatewayError } from '../../../libs/protocol/index.js';
import { KEY_SCOPES, type KeyScope } from '../../tenancy/caller.js';
import type { ApiKeyPatch } from '../../tenancy/tenants.js';
import { LimitsDto, limitsPatch } from '../limits.dto.js';
import { ListQuery } from '../list-query.dto.js';
import { IsMoment, momentFromInput } from '../moment.decorator.js';
import { IsName } from '../name.decorator.js';
import { definedOf, ifSent } from '../patch.js';
import { isIpBlock } from './ip-block.js';

const DEFAULT_GRACE_SECONDS = 86_400;
const MAX_GRACE_SECONDS = 90 * 86_400;
const isSent = (_object: object, value: unknown): boolean => value !== undefined;
const isGiven = (_object: object, value: unknown): boolean => value !== undefined && value !== null;

export class CreateKeyDto extends LimitsDto {
  @IsName('ci-pipeline')
  name!: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'Left out: the default project.' })
  @IsOptional()
  @IsUUID('all')
  project_id?: string;

  @ApiPropertyOptional({
    type: [String],
    nullable: true,
    description: 'Models it may call; null or empty: every model.',
  })
  @ValidateIf(isGiven)
  @Matches(/^\P{Cc}*$/u, { each: true, message: '$property must not contain control characters' })
  @Length(1, 200, { each: true })
  @IsString({ each: true })
  @ArrayMaxSize(1000)
  @IsArray()
  allowed_models?: string[] | null;

  @ApiPropertyOptional({
    type: [String],
    nullable: true,
    description: 'Addresses and CIDR blocks it may be used from; null or empty: any.',
  })
  @ValidateIf(isGiven)
  @ValidateBy(
    {
      name: 'isIpBlock',
      validator: { validate: isIpBlock, defaultMessage: () => '$property must hold addresses or CIDR blocks' },
    },
    { each: true },
  )
  @ArrayMaxSize(1000)
  @IsArray()
  allowed_ips?: string[] | null;

  @ApiPropertyOptional({ enum: KEY_SCOPES, isArray: true, description: 'Left out: inference and metrics.' })
  @ValidateIf(isSent)
  @IsIn(KEY_SCOPES, { each: true })
  @ArrayMinSize(1)
  @ArrayMaxSize(KEY_SCOPES.length)
  @IsArray()
  scopes?: KeyScope[];

  @IsMoment('When it ends.')
  expires_at?: string | null;

  @ApiPropertyOptional({ default: true, description: 'Whether it may be used now.' })
  @ValidateIf(isSent)
  @IsBoolean()
  active?: boolean;

  @ApiPropertyOptional({ description: 'Another name of active.' })
  @ValidateIf(isSent)
  @IsBoolean()
  enabled?: boolean;
}

export class ChangeKeyDto extends PartialType(OmitType(CreateKeyDto, ['project_id']), { skipNullProperties: false }) {}

export class RotateKeyDto {
  @ApiPropertyOptional({
    default: DEFAULT_GRACE_SECONDS,
    minimum: 0,
    maximum: MAX_GRACE_SECONDS,
    description: 'For how long the old secret stays valid; 0: not at all.',
  })
  @ValidateIf(isSent)
  @Max(MAX_GRACE_SECONDS)
  @Min(0)
  @IsInt()
  grace_seconds?: number;
}

export class KeyListQuery extends ListQuery {
  @ApiPropertyOptional({ format: 'uuid', description: 'Keys of this project only.' })
  @IsOptional()
  @IsUUID('all')
  project_id?: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'Keys of this organisation only.' })
  @IsOptional()
  @IsUUID('all')
  org_id?: string;
}

/** Only what was sent. */
export function keyPatch(dto: ChangeKeyDto): ApiKeyPatch {
  if (dto.active !== undefined && dto.enabled !== undefined && dto.active !== dto.enabled) {
    throw new GatewayError('invalid_request', 'active and enabled are the same thing: send one.', { param: 'enabled' });
  }
  return {
    ...definedOf({
      name: dto.name,
      allowedModels: ifSent(dto.allowed_models, nullIfEmpty),
      allowedIps: ifSent(dto.allowed_ips, nullIfEmpty),
      scopes: ifSent(dto.scopes, (scopes) => [...new Set(scopes)]),
      expiresAt: ifSent(dto.expires_at, momentFromInput),
      active: dto.active ?? dto.enabled,
    }),
    ...limitsPatch(dto),
  };
}

/** Seconds the old secret stays valid. */
export function graceSeconds(dto: RotateKeyDto): number {
  return dto.grace_seconds ?? DEFAULT_GRACE_SECONDS;
}

/** Older gateways' clients send an empty list for "no restriction". */
function nullIfEmpty(list: string[] | null): string[] | null {
  return list === null || list.length === 0 ? null : [...new Set(list)];
}

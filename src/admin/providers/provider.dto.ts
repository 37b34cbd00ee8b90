import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsObject, IsString, Matches, MaxLength, ValidateIf } from 'class-validator';
import { PROFILES } from '../../providers/profiles.js';
import type { ProviderPatch } from '../../registry/catalogue.js';
import { definedOf } from '../patch.js';

const KINDS = PROFILES.map(({ kind }) => kind);

function optionsByKind(): string {
  return PROFILES.flatMap(({ kind, options = [] }) =>
    options.length === 0 ? [] : [`${kind}: ${options.map(({ name }) => name).join(', ')}.`],
  ).join(' ');
}

export class CreateProviderDto {
  @ApiProperty({
    pattern: '^[a-z0-9][a-z0-9._-]{0,62}$',
    description: 'What `omni_provider` and `provider/model` name.',
    example: 'openai',
  })
  @Matches(/^[a-z0-9][a-z0-9._-]{0,62}$/, {
    message:
      '$property must be 1 to 63 lower-case letters, digits, dots, dashes or underscores, and begin with a letter or digit',
  })
  @IsString()
  name!: string;

  @ApiPropertyOptional({
    description: "What the vendor's own SDK takes as base URL; left out: what it calls if told nothing.",
    example: 'https://api.openai.com/v1',
  })
  @ValidateIf((_object, value) => value !== undefined)
  @MaxLength(2048)
  @IsString()
  base_url?: string;

  @ApiPropertyOptional({ enum: KINDS, default: 'openai-compatible', description: 'Which vendor it is.' })
  @ValidateIf((_object, value) => value !== undefined)
  @IsIn(KINDS)
  kind?: string;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    default: {},
    description: `Facts of the account that are no secrets. ${optionsByKind()}`,
    example: { api_version: '2024-10-21' },
  })
  @ValidateIf((_object, value) => value !== undefined)
  @IsObject()
  options?: Record<string, string>;

  @ApiPropertyOptional({ default: true })
  @ValidateIf((_object, value) => value !== undefined)
  @IsBoolean()
  active?: boolean;
}

export class ChangeProviderDto extends PartialType(CreateProviderDto, { skipNullProperties: false }) {}

/** Only what was sent. */
export function providerPatch(dto: ChangeProviderDto): ProviderPatch {
  return definedOf({
    name: dto.name,
    baseUrl: dto.base_url,
    kind: dto.kind,
    options: dto.options,
    active: dto.active,
  });
}

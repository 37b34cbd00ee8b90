import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsString, Matches, MaxLength, ValidateIf } from 'class-validator';
import type { ProviderPatch } from '../../registry/catalogue.js';
import { definedOf } from '../patch.js';

const KINDS = ['openai-compatible'] as const;

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

  @ApiProperty({ description: "What the vendor's own SDK takes as base URL.", example: 'https://api.openai.com/v1' })
  @MaxLength(2048)
  @IsString()
  base_url!: string;

  @ApiPropertyOptional({ enum: KINDS, default: KINDS[0], description: 'Whose language it speaks.' })
  @ValidateIf((_object, value) => value !== undefined)
  @IsIn(KINDS)
  kind?: string;

  @ApiPropertyOptional({ default: true })
  @ValidateIf((_object, value) => value !== undefined)
  @IsBoolean()
  active?: boolean;
}

export class ChangeProviderDto extends PartialType(CreateProviderDto, { skipNullProperties: false }) {}

/** Only what was sent. */
export function providerPatch(dto: ChangeProviderDto): ProviderPatch {
  return definedOf({ name: dto.name, baseUrl: dto.base_url, kind: dto.kind, active: dto.active });
}

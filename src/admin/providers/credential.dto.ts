import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { IsBoolean, IsString, Length, Matches, ValidateIf } from 'class-validator';
import type { CredentialPatch } from '../../registry/catalogue.js';
import { IsLimit, limitFromInput, type LimitInput } from '../limit.decorator.js';
import { definedOf, ifSent } from '../patch.js';

export class CreateCredentialDto {
  @ApiProperty({ writeOnly: true, description: 'The key itself. It goes in and never comes out.' })
  @Matches(/^[\x21-\x7e]+$/, { message: '$property must be printable ASCII without blanks' })
  @Length(1, 8192)
  @IsString()
  secret!: string;

  @ApiPropertyOptional({ default: 'default', description: 'Unique within the provider.' })
  @ValidateIf((_object, value) => value !== undefined)
  @Matches(/^(?!\s)\P{Cc}*(?<!\s)$/u, {
    message: '$property must not begin or end blank nor contain control characters',
  })
  @Length(1, 200)
  @IsString()
  label?: string;

  @ApiPropertyOptional({ default: true })
  @ValidateIf((_object, value) => value !== undefined)
  @IsBoolean()
  active?: boolean;

  @IsLimit('Requests per minute the vendor grants this key.')
  rpm_limit?: LimitInput;

  @IsLimit('Tokens per minute the vendor grants this key.')
  tpm_limit?: LimitInput;
}

export class ChangeCredentialDto extends PartialType(CreateCredentialDto, { skipNullProperties: false }) {}

/** Only what was sent. */
export function credentialPatch(dto: ChangeCredentialDto): CredentialPatch {
  return definedOf({
    secret: dto.secret,
    label: dto.label,
    active: dto.active,
    rpmLimit: ifSent(dto.rpm_limit, limitFromInput),
    tpmLimit: ifSent(dto.tpm_limit, limitFromInput),
  });
}

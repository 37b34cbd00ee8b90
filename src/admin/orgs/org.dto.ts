import { ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { ValidateBy, ValidateIf } from 'class-validator';
import type { OrganisationPatch } from '../../tenancy/tenants.js';
import { isTimeZone } from '../../tenancy/time-zone.js';
import { limitsPatch, TenantLimitsDto } from '../limits.dto.js';
import { IsName } from '../name.decorator.js';
import { definedOf } from '../patch.js';

export class CreateOrgDto extends TenantLimitsDto {
  @IsName('Research')
  name!: string;

  @ApiPropertyOptional({
    description: 'IANA time zone in which days and months begin.',
    default: 'UTC',
    example: 'Europe/Berlin',
  })
  @ValidateIf((_object, value) => value !== undefined)
  @ValidateBy({
    name: 'isTimeZone',
    validator: {
      validate: isTimeZone,
      defaultMessage: () => '$property must be an IANA time zone, as in Europe/Berlin',
    },
  })
  time_zone?: string;
}

export class ChangeOrgDto extends PartialType(CreateOrgDto, { skipNullProperties: false }) {}

/** Only what was sent. */
export function orgPatch(dto: ChangeOrgDto): OrganisationPatch {
  return { ...definedOf({ name: dto.name, timeZone: dto.time_zone }), ...limitsPatch(dto) };
}

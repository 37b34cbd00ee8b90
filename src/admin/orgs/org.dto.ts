import { ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { IsString, ValidateBy, ValidateIf } from 'class-validator';
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

  @ApiPropertyOptional({
    type: 'string',
    nullable: true,
    example: 'https://hooks.example.com/omnigate',
    description:
      'Where events of budgets (its own, of its projects and of their keys) are posted to: a public https address, or one the operator allows. null: nowhere.',
  })
  @ValidateIf((_object, value) => value !== undefined && value !== null)
  @IsString()
  budget_webhook_url?: string | null;
}

export class ChangeOrgDto extends PartialType(CreateOrgDto, { skipNullProperties: false }) {}

/** Only what was sent. */
export function orgPatch(dto: ChangeOrgDto): OrganisationPatch {
  return {
    ...definedOf({ name: dto.name, timeZone: dto.time_zone, budgetWebhookUrl: dto.budget_webhook_url }),
    ...limitsPatch(dto),
  };
}

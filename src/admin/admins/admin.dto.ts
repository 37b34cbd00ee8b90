import { ApiProperty, ApiPropertyOptional, OmitType, PartialType } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsUUID, ValidateIf } from 'class-validator';
import { ADMIN_ROLES, type AdminKeyPatch, type AdminRole } from '../../tenancy/administrator.js';
import { IsMoment, momentFromInput } from '../moment.decorator.js';
import { IsName } from '../name.decorator.js';
import { definedOf, ifSent } from '../patch.js';

export class CreateAdminDto {
  @IsName('deploy-bot')
  name!: string;

  @ApiProperty({ enum: ADMIN_ROLES })
  @IsIn(ADMIN_ROLES)
  role!: AdminRole;

  @ApiPropertyOptional({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'The one organisation it may see; null: all.',
  })
  @IsOptional()
  @IsUUID('all')
  org_id?: string | null;

  @IsMoment('When it ends.')
  expires_at?: string | null;

  @ApiPropertyOptional({ default: true, description: 'Whether it may be used now.' })
  @ValidateIf((_object, value) => value !== undefined)
  @IsBoolean()
  active?: boolean;
}

export class ChangeAdminDto extends PartialType(OmitType(CreateAdminDto, ['org_id']), { skipNullProperties: false }) {}

/** Only what was sent. */
export function adminPatch(dto: ChangeAdminDto): AdminKeyPatch {
  return definedOf({
    name: dto.name,
    role: dto.role,
    active: dto.active,
    expiresAt: ifSent(dto.expires_at, momentFromInput),
  });
}

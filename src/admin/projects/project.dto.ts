import { ApiPropertyOptional, OmitType, PartialType } from '@nestjs/swagger';
import { IsOptional, IsUUID } from 'class-validator';
import type { ProjectPatch } from '../../tenancy/tenants.js';
import { limitsPatch, TenantLimitsDto } from '../limits.dto.js';
import { ListQuery } from '../list-query.dto.js';
import { IsName } from '../name.decorator.js';
import { definedOf } from '../patch.js';

export class CreateProjectDto extends TenantLimitsDto {
  @ApiPropertyOptional({
    format: 'uuid',
    description: 'Left out: the default organisation, or the one you are bound to.',
  })
  @IsOptional()
  @IsUUID('all')
  org_id?: string;

  @IsName('Chat assistant')
  name!: string;
}

export class ChangeProjectDto extends PartialType(OmitType(CreateProjectDto, ['org_id']), {
  skipNullProperties: false,
}) {}

export class ProjectListQuery extends ListQuery {
  @ApiPropertyOptional({ format: 'uuid', description: 'Projects of this organisation only.' })
  @IsOptional()
  @IsUUID('all')
  org_id?: string;
}

/** Only what was sent. */
export function projectPatch(dto: ChangeProjectDto): ProjectPatch {
  return { ...definedOf({ name: dto.name }), ...limitsPatch(dto) };
}

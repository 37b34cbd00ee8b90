import { ApiProperty } from '@nestjs/swagger';
import type { Project } from '../../tenancy/tenants.js';
import { TenantLimitsView, tenantLimitsView } from '../limits.dto.js';

export class ProjectView extends TenantLimitsView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  org_id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;

  @ApiProperty({ format: 'date-time' })
  updated_at!: string;

  @ApiProperty({ description: 'Rises with every change; also the ETag.' })
  version!: number;
}

export function projectView(project: Project): ProjectView {
  return {
    id: project.id,
    org_id: project.orgId,
    name: project.name,
    ...tenantLimitsView(project),
    created_at: project.createdAt.toISOString(),
    updated_at: project.updatedAt.toISOString(),
    version: project.version,
  };
}

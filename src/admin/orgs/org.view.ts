import { ApiProperty } from '@nestjs/swagger';
import type { Organisation } from '../../tenancy/tenants.js';
import { TenantLimitsView, tenantLimitsView } from '../limits.dto.js';

export class OrgView extends TenantLimitsView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ description: 'IANA time zone in which days and months begin.' })
  time_zone!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Where events of budgets are posted to.' })
  budget_webhook_url!: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;

  @ApiProperty({ format: 'date-time' })
  updated_at!: string;

  @ApiProperty({ description: 'Rises with every change; also the ETag.' })
  version!: number;
}

export function orgView(org: Organisation): OrgView {
  return {
    id: org.id,
    name: org.name,
    time_zone: org.timeZone,
    budget_webhook_url: org.budgetWebhookUrl,
    ...tenantLimitsView(org),
    created_at: org.createdAt.toISOString(),
    updated_at: org.updatedAt.toISOString(),
    version: org.version,
  };
}

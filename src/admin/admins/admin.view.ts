import { ApiProperty } from '@nestjs/swagger';
import { ADMIN_ROLES, type AdminKey, type AdminRole } from '../../tenancy/administrator.js';

export class AdminView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: ADMIN_ROLES })
  role!: AdminRole;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'The one organisation it may see; null: all.',
  })
  org_id!: string | null;

  @ApiProperty({ example: 'oga-1a2b3c4d' })
  key_prefix!: string;

  @ApiProperty()
  active!: boolean;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null: never.' })
  expires_at!: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;

  @ApiProperty({ format: 'date-time' })
  updated_at!: string;

  @ApiProperty({ description: 'Rises with every change; also the ETag.' })
  version!: number;
}

/** The only answer that carries an admin key. */
export class IssuedAdminView {
  @ApiProperty({ description: 'The secret. It cannot be shown again.', example: 'oga-…' })
  key!: string;

  @ApiProperty({ type: AdminView })
  admin!: AdminView;
}

export function adminView(admin: AdminKey): AdminView {
  return {
    id: admin.id,
    name: admin.name,
    role: admin.role,
    org_id: admin.orgId,
    key_prefix: admin.keyPrefix,
    active: admin.active,
    expires_at: admin.expiresAt?.toISOString() ?? null,
    created_at: admin.createdAt.toISOString(),
    updated_at: admin.updatedAt.toISOString(),
    version: admin.version,
  };
}

import { ApiProperty } from '@nestjs/swagger';
import { KEY_SCOPES, type KeyScope } from '../../tenancy/caller.js';
import type { ApiKey } from '../../tenancy/tenants.js';
import { LimitsView, limitsView } from '../limits.dto.js';

const MOMENT = { type: String, format: 'date-time', nullable: true } as const;

/** A key as it is shown: nothing of its secret but the prefix. */
export class KeyView extends LimitsView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  project_id!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ example: 'og-1a2b3c4d' })
  key_prefix!: string;

  @ApiProperty({ description: 'Whether it may be used now, apart from its expiry.' })
  active!: boolean;

  @ApiProperty({ enum: KEY_SCOPES, isArray: true })
  scopes!: KeyScope[];

  @ApiProperty({ type: [String], nullable: true, description: 'null: every model.' })
  allowed_models!: string[] | null;

  @ApiProperty({ type: [String], nullable: true, description: 'null: any address.' })
  allowed_ips!: string[] | null;

  @ApiProperty({ ...MOMENT, description: 'null: never.' })
  expires_at!: string | null;

  @ApiProperty({ ...MOMENT, description: 'Set once, for good.' })
  revoked_at!: string | null;

  @ApiProperty({ ...MOMENT, description: 'Until when the secret before the last rotation is valid.' })
  previous_key_expires_at!: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;

  @ApiProperty({ format: 'date-time' })
  updated_at!: string;

  @ApiProperty({ description: 'Rises with every change; also the ETag.' })
  version!: number;
}

/** A key with when it was last used, about ten seconds behind. */
export class UsedKeyView extends KeyView {
  @ApiProperty({ ...MOMENT, description: 'About ten seconds behind; null: never.' })
  last_used_at!: string | null;
}

/** The only answers that carry a secret. */
export class IssuedKeyView {
  @ApiProperty({ description: 'The secret. It cannot be shown again.', example: 'og-…' })
  key!: string;

  @ApiProperty({ type: KeyView })
  api_key!: KeyView;
}

export function keyView(key: ApiKey): KeyView {
  return {
    id: key.id,
    project_id: key.projectId,
    name: key.name,
    key_prefix: key.keyPrefix,
    active: key.active,
    scopes: [...key.scopes],
    allowed_models: key.allowedModels && [...key.allowedModels],
    allowed_ips: key.allowedIps && [...key.allowedIps],
    ...limitsView(key),
    expires_at: moment(key.expiresAt),
    revoked_at: moment(key.revokedAt),
    previous_key_expires_at: moment(key.previousExpiresAt),
    created_at: key.createdAt.toISOString(),
    updated_at: key.updatedAt.toISOString(),
    version: key.version,
  };
}

export function usedKeyView(key: ApiKey, lastUsedAt: Date | undefined): UsedKeyView {
  return { ...keyView(key), last_used_at: moment(lastUsedAt ?? null) };
}

function moment(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}

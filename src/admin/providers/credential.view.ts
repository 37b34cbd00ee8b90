import { ApiProperty } from '@nestjs/swagger';
import type { CredentialFacts } from '../../registry/credentials.service.js';
import { limitView, type LimitInput } from '../limit.decorator.js';

const limit = { oneOf: [{ type: 'integer' }, { type: 'string', enum: ['unlimited'] }, { type: 'null' }] };

/** An upstream key without its secret. */
export class CredentialView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  provider_id!: string;

  @ApiProperty()
  label!: string;

  @ApiProperty({ type: 'string', nullable: true, description: 'The last 4 characters; null: too short to show any.' })
  last4!: string | null;

  @ApiProperty({ description: 'Which master key sealed it.' })
  key_id!: string;

  @ApiProperty({ description: 'false: no master key at hand opens it, so calls go without it.' })
  decryptable!: boolean;

  @ApiProperty()
  active!: boolean;

  @ApiProperty(limit)
  rpm_limit!: LimitInput;

  @ApiProperty(limit)
  tpm_limit!: LimitInput;

  @ApiProperty({ format: 'date-time' })
  created_at!: string;

  @ApiProperty({ format: 'date-time' })
  updated_at!: string;

  @ApiProperty({ description: 'Rises with every change; also the ETag.' })
  version!: number;
}

/** Field by field: nothing that is added to a credential goes out by itself. */
export function credentialView(credential: CredentialFacts): CredentialView {
  return {
    id: credential.id,
    provider_id: credential.providerId,
    label: credential.label,
    last4: credential.secretTail,
    key_id: credential.keyId,
    decryptable: credential.decryptable,
    active: credential.active,
    rpm_limit: limitView(credential.rpmLimit),
    tpm_limit: limitView(credential.tpmLimit),
    created_at: credential.createdAt.toISOString(),
    updated_at: credential.updatedAt.toISOString(),
    version: credential.version,
  };
}

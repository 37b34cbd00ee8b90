import { Column, Entity } from 'typeorm';
import type { KeyScope } from './caller.js';
import { LimitedRow } from './limited.entity.js';
import type { ApiKey } from './tenants.js';

@Entity('api_keys')
export class ApiKeyEntity extends LimitedRow implements ApiKey {
  @Column('uuid', { name: 'project_id' })
  projectId!: string;

  @Column('text')
  name!: string;

  /** SHA-256 (hex) of the secret. */
  @Column('text', { name: 'key_hash' })
  keyHash!: string;

  @Column('text', { name: 'key_prefix' })
  keyPrefix!: string;

  /** SHA-256 (hex) of the secret before the last rotation. */
  @Column('text', { name: 'previous_key_hash', nullable: true })
  previousKeyHash!: string | null;

  @Column({ type: 'timestamptz', name: 'previous_expires_at', precision: 3, nullable: true })
  previousExpiresAt!: Date | null;

  @Column('text', { array: true })
  scopes!: readonly KeyScope[];

  @Column('text', { name: 'allowed_models', array: true, nullable: true })
  allowedModels!: readonly string[] | null;

  @Column('text', { name: 'allowed_ips', array: true, nullable: true })
  allowedIps!: readonly string[] | null;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3, nullable: true })
  expiresAt!: Date | null;

  @Column('boolean')
  active!: boolean;

  @Column({ type: 'timestamptz', name: 'revoked_at', precision: 3, nullable: true })
  revokedAt!: Date | null;
}

import { Column, Entity } from 'typeorm';
import type { AdminKey, AdminRole } from './administrator.js';
import { VersionedRow } from './limited.entity.js';

@Entity('admin_keys')
export class AdminKeyEntity extends VersionedRow implements AdminKey {
  @Column('text')
  name!: string;

  @Column('text')
  role!: AdminRole;

  @Column('uuid', { name: 'org_id', nullable: true })
  orgId!: string | null;

  /** SHA-256 (hex) of the secret. */
  @Column('text', { name: 'key_hash' })
  keyHash!: string;

  @Column('text', { name: 'key_prefix' })
  keyPrefix!: string;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3, nullable: true })
  expiresAt!: Date | null;

  @Column('boolean')
  active!: boolean;
}

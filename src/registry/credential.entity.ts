import { Column, Entity } from 'typeorm';
import type { Credential } from './catalogue.js';
import { StampedEntity, wholeNumber } from './stamped.entity.js';

@Entity('provider_credentials')
export class CredentialEntity extends StampedEntity implements Credential {
  @Column('uuid', { name: 'provider_id' })
  providerId!: string;

  @Column('text')
  label!: string;

  /** The sealed secret; it never leaves this room. */
  @Column('text')
  ciphertext!: string;

  @Column('text', { name: 'key_id' })
  keyId!: string;

  @Column('text', { name: 'secret_tail', nullable: true })
  secretTail!: string | null;

  @Column('boolean')
  active!: boolean;

  @Column('bigint', { name: 'rpm_limit', nullable: true, transformer: wholeNumber })
  rpmLimit!: number | null;

  @Column('bigint', { name: 'tpm_limit', nullable: true, transformer: wholeNumber })
  tpmLimit!: number | null;
}

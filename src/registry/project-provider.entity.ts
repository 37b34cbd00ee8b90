import { Column, Entity } from 'typeorm';
import type { ProjectProvider } from './catalogue.js';
import { StampedEntity } from './stamped.entity.js';

@Entity('project_providers')
export class ProjectProviderEntity extends StampedEntity implements ProjectProvider {
  @Column('uuid', { name: 'project_id' })
  projectId!: string;

  @Column('text')
  name!: string;

  @Column('text', { nullable: true })
  kind!: string | null;

  @Column('text', { name: 'base_url', nullable: true })
  baseUrl!: string | null;

  @Column('jsonb')
  options!: Record<string, string>;

  /** The sealed secret; it never leaves this room. */
  @Column('text')
  ciphertext!: string;

  @Column('text', { name: 'key_id' })
  keyId!: string;

  @Column('text', { name: 'secret_tail', nullable: true })
  secretTail!: string | null;
}

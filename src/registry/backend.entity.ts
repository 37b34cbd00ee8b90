import { Column, Entity } from 'typeorm';
import type { Backend } from './catalogue.js';
import type { Timeouts } from './snapshot.js';
import { StampedEntity } from './stamped.entity.js';

@Entity('model_backends')
export class BackendEntity extends StampedEntity implements Backend {
  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  @Column('uuid', { name: 'provider_id', nullable: true })
  providerId!: string | null;

  @Column('text', { nullable: true })
  url!: string | null;

  @Column('integer')
  weight!: number;

  @Column('integer')
  priority!: number;

  @Column('boolean')
  active!: boolean;

  @Column('jsonb')
  timeouts!: Timeouts;
}

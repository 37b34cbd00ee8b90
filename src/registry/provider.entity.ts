import { Column, Entity } from 'typeorm';
import type { Provider } from './catalogue.js';
import { StampedEntity } from './stamped.entity.js';

@Entity('providers')
export class ProviderEntity extends StampedEntity implements Provider {
  @Column('text')
  name!: string;

  @Column('text')
  kind!: string;

  @Column('text', { name: 'base_url' })
  baseUrl!: string;

  @Column('jsonb')
  options!: Record<string, string>;

  @Column('boolean')
  active!: boolean;
}

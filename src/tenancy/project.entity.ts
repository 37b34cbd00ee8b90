import { Column, Entity } from 'typeorm';
import { LimitedRow } from './limited.entity.js';
import type { Project } from './tenants.js';

@Entity('projects')
export class ProjectEntity extends LimitedRow implements Project {
  @Column('uuid', { name: 'org_id' })
  orgId!: string;

  @Column('text')
  name!: string;
}

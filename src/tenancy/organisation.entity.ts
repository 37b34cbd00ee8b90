import { Column, Entity } from 'typeorm';
import { LimitedRow } from './limited.entity.js';
import type { Organisation } from './tenants.js';

@Entity('organisations')
export class OrganisationEntity extends LimitedRow implements Organisation {
  @Column('text')
  name!: string;

  @Column('text', { name: 'time_zone' })
  timeZone!: string;

  @Column('text', { name: 'budget_webhook_url', nullable: true })
  budgetWebhookUrl!: string | null;
}

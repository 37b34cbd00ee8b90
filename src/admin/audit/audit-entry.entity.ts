import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One change made through the admin API. Rows are added, never changed. */
@Entity('audit_log')
export class AuditEntry {
  @PrimaryColumn('uuid')
  id!: string;

  /** 1 and up without gaps. */
  @Column('bigint', { transformer: { from: Number, to: (value: number) => value } })
  seq!: number;

  @Column({ type: 'timestamptz', precision: 3 })
  at!: Date;

  /** Name of the admin key at that time. */
  @Column('text')
  actor!: string;

  @Column('uuid', { name: 'actor_id', nullable: true })
  actorId!: string | null;

  @Column('text')
  role!: string;

  @Column('text')
  ip!: string;

  @Column('text', { name: 'request_id' })
  requestId!: string;

  @Column('text')
  action!: string;

  @Column('text')
  resource!: string;

  @Column('uuid', { name: 'resource_id', nullable: true })
  resourceId!: string | null;

  @Column('uuid', { name: 'org_id', nullable: true })
  orgId!: string | null;

  /** JSON text, as it was hashed: `jsonb` would reorder it. */
  @Column('text', { nullable: true })
  before!: string | null;

  @Column('text', { nullable: true })
  after!: string | null;

  /** Hex; 64 zeros for the first entry. */
  @Column('text', { name: 'prev_hash' })
  prevHash!: string;

  /** SHA-256 (hex) over this entry and `prevHash`. */
  @Column('text')
  hash!: string;
}

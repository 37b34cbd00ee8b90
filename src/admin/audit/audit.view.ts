import { ApiProperty } from '@nestjs/swagger';
import type { AuditEntry } from './audit-entry.entity.js';
import type { ChainVerdict } from './audit-log.service.js';

const OBJECT = { type: 'object', nullable: true, additionalProperties: true } as const;

export class AuditEntryView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ description: '1 and up without gaps.' })
  seq!: number;

  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ description: 'Name of the admin key at that time.' })
  actor!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null: the bootstrap key.' })
  actor_id!: string | null;

  @ApiProperty()
  role!: string;

  @ApiProperty()
  ip!: string;

  @ApiProperty()
  request_id!: string;

  @ApiProperty({ example: 'key.rotate' })
  action!: string;

  @ApiProperty({ example: 'key' })
  resource!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  resource_id!: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  org_id!: string | null;

  @ApiProperty({ ...OBJECT, description: 'The resource before; null: it was created.' })
  before!: unknown;

  @ApiProperty({ ...OBJECT, description: 'The resource after; null: it was deleted.' })
  after!: unknown;

  @ApiProperty({ description: 'Hash of the entry before.' })
  prev_hash!: string;

  @ApiProperty({ description: 'SHA-256 over this entry and prev_hash.' })
  hash!: string;
}

export class ChainVerdictView {
  @ApiProperty()
  valid!: boolean;

  @ApiProperty({ description: 'Entries looked at.' })
  entries!: number;

  @ApiProperty({ type: Number, nullable: true, description: 'The first seq that is missing or does not fit.' })
  broken_at!: number | null;
}

export function auditEntryView(entry: AuditEntry): AuditEntryView {
  return {
    id: entry.id,
    seq: entry.seq,
    at: entry.at.toISOString(),
    actor: entry.actor,
    actor_id: entry.actorId,
    role: entry.role,
    ip: entry.ip,
    request_id: entry.requestId,
    action: entry.action,
    resource: entry.resource,
    resource_id: entry.resourceId,
    org_id: entry.orgId,
    before: entry.before === null ? null : JSON.parse(entry.before),
    after: entry.after === null ? null : JSON.parse(entry.after),
    prev_hash: entry.prevHash,
    hash: entry.hash,
  };
}

export function chainVerdictView(verdict: ChainVerdict): ChainVerdictView {
  return { valid: verdict.brokenAt === null, entries: verdict.entries, broken_at: verdict.brokenAt };
}

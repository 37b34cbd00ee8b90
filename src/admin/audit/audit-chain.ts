import { hash } from 'node:crypto';

/** Stands in for the entry before the first. */
export const CHAIN_START = '0'.repeat(64);

/** Everything of an audit entry that its hash vouches for. */
export interface ChainedEntry {
  readonly id: string;
  readonly seq: number;
  readonly at: Date;
  readonly actor: string;
  readonly actorId: string | null;
  readonly role: string;
  readonly ip: string;
  readonly requestId: string;
  readonly action: string;
  readonly resource: string;
  readonly resourceId: string | null;
  readonly orgId: string | null;
  readonly before: string | null;
  readonly after: string | null;
  readonly prevHash: string;
}

/** SHA-256 (hex) over the fields in fixed order, the hash of the entry before among them. */
export function chainHash(entry: ChainedEntry): string {
  const {
    id,
    seq,
    at,
    actor,
    actorId,
    role,
    ip,
    requestId,
    action,
    resource,
    resourceId,
    orgId,
    before,
    after,
    prevHash,
  } = entry;
  const fields = [
    prevHash,
    seq,
    id,
    at.toISOString(),
    actor,
    actorId,
    role,
    ip,
    requestId,
    action,
    resource,
    resourceId,
    orgId,
  ];
  return hash('sha256', JSON.stringify([...fields, before, after]));
}

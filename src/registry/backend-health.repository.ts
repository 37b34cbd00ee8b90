import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** What all replicas together know about a backend. */
export interface BackendHealthRow {
  readonly backendId: string;
  readonly healthy: boolean;
  readonly checkedAt: Date | null;
  /** When the verdict last changed. */
  readonly changedAt: Date | null;
  readonly lastError: string | null;
  /** Probes in a row that succeeded, respectively failed. */
  readonly successes: number;
  readonly failures: number;
}

/** What a replica found out about a backend. */
export type BackendVerdict = Pick<BackendHealthRow, 'backendId' | 'healthy' | 'successes' | 'failures' | 'lastError'>;

/** A backend to be probed, with the counts to go on from. */
export type DueBackend = Pick<BackendHealthRow, 'backendId' | 'healthy' | 'successes' | 'failures'>;

const MAX_ERROR_CHARACTERS = 500;
const ROW = `backend_id AS "backendId", healthy, checked_at AS "checkedAt", changed_at AS "changedAt", last_error AS "lastError",
  successes, failures`;

/**
 * The verdicts on backends that all replicas share. Each backend is probed by one replica at a time, which holds a lease by the
 * clock of the database. A changed verdict is told on channel `og_health` as `<backendId>:<0|1>`.
 */
@Injectable()
export class BackendHealthRepository {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Takes the lease on active backends that were not checked for `intervalMs`, those waiting longest first. Never waits for
   * another replica: what that one is taking is skipped. An unreported lease ends after `leaseMs`.
   */
  async claimDue(owner: string, intervalMs: number, leaseMs: number, limit: number): Promise<DueBackend[]> {
    return this.dataSource.query<DueBackend[]>(
      `WITH due AS (
         SELECT h.backend_id
         FROM backend_health h
         JOIN model_backends b ON b.id = h.backend_id AND b.active
         JOIN models m ON m.id = b.model_id AND m.active
         WHERE (b.provider_id IS NULL OR EXISTS (SELECT 1 FROM providers p WHERE p.id = b.provider_id AND p.active))
           AND (h.lease_until IS NULL OR h.lease_until <= now())
           AND (h.checked_at IS NULL OR h.checked_at <= now() - $2::float8 * interval '1 millisecond')
         ORDER BY h.checked_at NULLS FIRST, h.backend_id
         LIMIT $4::integer
         FOR UPDATE OF h SKIP LOCKED
       ), claimed AS (
         UPDATE backend_health h
         SET lease_owner = $1::text, lease_until = now() + $3::float8 * interval '1 millisecond'
         FROM due WHERE h.backend_id = due.backend_id
         RETURNING h.backend_id, h.healthy, h.successes, h.failures
       )
       SELECT backend_id AS "backendId", healthy, successes, failures FROM claimed`,
      [owner, intervalMs, leaseMs, limit],
    );
  }

  /** Writes verdicts, ends their leases, and tells the other replicas which ones changed. Backends that are gone are skipped. */
  async report(verdicts: readonly BackendVerdict[]): Promise<void> {
    if (verdicts.length === 0) return;
    const input = verdicts.map(({ backendId, healthy, successes, failures, lastError }) => ({
      backend_id: backendId,
      healthy,
      successes,
      failures,
      last_error: lastError?.replaceAll('\0', '').slice(0, MAX_ERROR_CHARACTERS) ?? null,
    }));
    await this.dataSource.query(
      `WITH input AS (
         SELECT * FROM jsonb_to_recordset($1::text::jsonb)
           AS t (backend_id uuid, healthy boolean, successes integer, failures integer, last_error text)
       ), before AS (
         SELECT h.backend_id, h.healthy FROM backend_health h JOIN input USING (backend_id)
         ORDER BY h.backend_id FOR UPDATE OF h
       ), written AS (
         UPDATE backend_health h
         SET healthy = i.healthy, successes = i.successes, failures = i.failures, last_error = i.last_error,
           checked_at = now(), lease_owner = NULL, lease_until = NULL,
           changed_at = CASE WHEN h.healthy = i.healthy THEN h.changed_at ELSE now() END
         FROM input i, before b WHERE h.backend_id = i.backend_id AND b.backend_id = i.backend_id
         RETURNING h.backend_id, h.healthy, b.healthy AS was
       )
       SELECT pg_notify('og_health', backend_id || ':' || healthy::integer) FROM written WHERE healthy <> was`,
      [JSON.stringify(input)],
    );
  }

  /** Of every backend, active or not. */
  async all(): Promise<BackendHealthRow[]> {
    return this.dataSource.query<BackendHealthRow[]>(`SELECT ${ROW} FROM backend_health`);
  }

  async of(backendIds: readonly string[]): Promise<BackendHealthRow[]> {
    if (backendIds.length === 0) return [];
    const ids = JSON.stringify(backendIds);
    return this.dataSource.query<BackendHealthRow[]>(
      `SELECT ${ROW} FROM backend_health
       WHERE backend_id IN (SELECT value::uuid FROM jsonb_array_elements_text($1::text::jsonb))`,
      [ids],
    );
  }
}

import { LRUCache } from 'lru-cache';
import type { Caller } from './caller.js';

/** What changed, as notifications call it. */
export type TenantKind = 'key' | 'project' | 'org';

export interface CachedCaller {
  readonly caller: Caller;
  /** The revision of the tenants for which it is true. */
  readonly revision: number;
  /** Whether it must be read again before it is used, unless the database is away. */
  stale: boolean;
}

/** Callers by the hash of their secret; the least recently used go first. */
export class CallerCache {
  private readonly entries: LRUCache<string, CachedCaller>;
  /** A key has two hashes while an old secret is in its grace period. */
  private readonly hashesOfKey = new Map<string, Set<string>>();

  constructor(maxEntries: number) {
    this.entries = new LRUCache({ max: maxEntries, dispose: (entry, hash) => this.unindex(entry, hash) });
  }

  get(hash: string): CachedCaller | undefined {
    return this.entries.get(hash);
  }

  set(hash: string, caller: Caller, revision: number): void {
    this.entries.set(hash, { caller, revision, stale: false });
    if (caller.keyId === null) return;
    const hashes = this.hashesOfKey.get(caller.keyId);
    if (hashes === undefined) this.hashesOfKey.set(caller.keyId, new Set([hash]));
    else hashes.add(hash);
  }

  delete(hash: string): void {
    this.entries.delete(hash);
  }

  /**
   * Takes note of a change that is part of `revision`; what was read later knows it already. A key is forgotten, for it may
   * have been revoked. What belongs to a project or an organisation is only to be read again.
   */
  invalidate(kind: TenantKind, id: string, revision: number): void {
    if (kind === 'key') {
      this.forgetKey(id, revision);
      return;
    }
    const field = kind === 'project' ? 'projectId' : 'orgId';
    for (const entry of this.entries.values()) {
      if (entry.caller[field] === id && entry.revision < revision) entry.stale = true;
    }
  }

  /** Everything read before `revision` is to be read again. */
  makeStaleBefore(revision: number): void {
    for (const entry of this.entries.values()) {
      if (entry.revision < revision) entry.stale = true;
    }
  }

  private forgetKey(keyId: string, revision: number): void {
    for (const hash of [...(this.hashesOfKey.get(keyId) ?? [])]) {
      if ((this.entries.peek(hash)?.revision ?? 0) < revision) this.entries.delete(hash);
    }
  }

  private unindex(entry: CachedCaller, hash: string): void {
    const { keyId } = entry.caller;
    if (keyId === null) return;
    const hashes = this.hashesOfKey.get(keyId);
    hashes?.delete(hash);
    if (hashes?.size === 0) this.hashesOfKey.delete(keyId);
  }
}

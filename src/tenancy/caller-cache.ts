import { LRUCache } from 'lru-cache';
import type { Caller } from './caller.js';

/** What changed, as notifications call it. */
export type TenantKind = 'key' | 'project' | 'org';

export interface CachedCaller {
  readonly caller: Caller;
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

  get size(): number {
    return this.entries.size;
  }

  get(hash: string): CachedCaller | undefined {
    return this.entries.get(hash);
  }

  set(hash: string, caller: Caller): void {
    this.entries.set(hash, { caller, stale: false });
    if (caller.keyId === null) return;
    const hashes = this.hashesOfKey.get(caller.keyId);
    if (hashes === undefined) this.hashesOfKey.set(caller.keyId, new Set([hash]));
    else hashes.add(hash);
  }

  delete(hash: string): void {
    this.entries.delete(hash);
  }

  /** Forgets a key: it may have been revoked. What belongs to a project or an organisation is only to be read again. */
  invalidate(kind: TenantKind, id: string): void {
    if (kind === 'key') {
      for (const hash of [...(this.hashesOfKey.get(id) ?? [])]) this.entries.delete(hash);
      return;
    }
    const field = kind === 'project' ? 'projectId' : 'orgId';
    for (const entry of this.entries.values()) {
      if (entry.caller[field] === id) entry.stale = true;
    }
  }

  /** Everything is to be read again. */
  makeAllStale(): void {
    for (const entry of this.entries.values()) entry.stale = true;
  }

  private unindex(entry: CachedCaller, hash: string): void {
    const { keyId } = entry.caller;
    if (keyId === null) return;
    const hashes = this.hashesOfKey.get(keyId);
    hashes?.delete(hash);
    if (hashes?.size === 0) this.hashesOfKey.delete(keyId);
  }
}

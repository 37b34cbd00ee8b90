import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { GatewayError } from '../../libs/protocol/index.js';
import { Config } from '../config/config.js';
import { ChangeListener } from '../infra/database/change-listener.js';
import type { Caller } from './caller.js';
import { CallerCache, type TenantKind } from './caller-cache.js';
import { CallerRepository, type FoundCaller } from './caller.repository.js';
import { LastUsed } from './last-used.service.js';
import { LookupLane } from './lookup-lane.js';
import { secretHash } from './secret.js';

/** What we give out; anything else but a static token is refused unread. */
const KEY_FORM = /^og-[A-Za-z0-9_-]{43}$/;
const MAX_TOKEN_CHARS = 512;
/** Hashes known to belong to no key: how many, and for how long (a notification clears them earlier). */
const MAX_UNKNOWN = 20_000;
const UNKNOWN_TTL_MS = 5_000;
const MAX_WAITING = 1_000;
/** A lookup that takes longer is a 503. */
const LOOKUP_TIMEOUT_MS = 3_000;
/** How long a caller already known waits for being read again before it is used as it is. */
const REREAD_TIMEOUT_MS = 500;
/** After a failed lookup, for how long the database is not asked again. */
const AWAY_MS = 1_000;

type Found = Caller | null;

/** Who a secret belongs to: in memory for callers already known, so that the call path needs no database for them. */
@Injectable()
export class KeyDirectory implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(KeyDirectory.name);
  private readonly known: CallerCache;
  private readonly unknown = new LRUCache<string, true>({ max: MAX_UNKNOWN, ttl: UNKNOWN_TTL_MS });
  private readonly staticTokens: ReadonlySet<string>;
  /** One lookup per hash. Bounded by the lanes. */
  private readonly flights = new Map<string, Promise<Found>>();
  /** Apart, so that a flood of unknown keys cannot hold up callers already known. */
  private readonly newcomers: LookupLane;
  private readonly regulars: LookupLane;
  /** Counts what was told without a revision, to notice when it came while the database was answering. */
  private interruptions = 0;
  /** The last revision heard of without a gap; null before the first poll. */
  private revision: number | null = null;
  /** The highest revision heard of. What was read for an earlier one may be older than a change, and is not remembered. */
  private heard = 0;
  /** Until then the database is not asked; monotonic, so that a step of the clock cannot prolong it. */
  private awayUntilMs = Number.NEGATIVE_INFINITY;
  private poll: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(
    private readonly config: Config,
    private readonly rows: CallerRepository,
    private readonly listener: ChangeListener,
    private readonly lastUsed: LastUsed,
  ) {
    const { poolSize } = config.database;
    this.known = new CallerCache(config.registry.keyCacheSize);
    this.newcomers = new LookupLane(Math.max(1, Math.floor(poolSize / 4)), MAX_WAITING);
    this.regulars = new LookupLane(Math.max(1, Math.floor(poolSize / 2)), MAX_WAITING);
    const tokens = (config.security.authTokens ?? '').split(',').map((token) => token.trim());
    this.staticTokens = new Set(tokens.filter((token) => token !== '').map(secretHash));
  }

  onModuleInit(): void {
    this.listener.listen('og_tenancy', (payload) => this.onNotification(payload));
    this.listener.onReconnect(() => this.rereadAll());
    this.schedulePoll(0);
  }

  onModuleDestroy(): void {
    this.stopped = true;
    if (this.poll !== null) clearTimeout(this.poll);
  }

  /**
   * The caller a secret belongs to; null when it is unknown, revoked, disabled, expired or past its grace period. At once for
   * callers in memory, else a promise.
   * @throws GatewayError (by rejection) `service_unavailable` when the secret is not in memory and the database is away.
   */
  find(secret: string, nowMs: number = Date.now()): Found | Promise<Found> {
    if (!this.canBeKey(secret)) return null;
    const hash = secretHash(secret);
    const entry = this.known.get(hash);
    if (entry !== undefined) {
      if (!entry.stale || performance.now() < this.awayUntilMs) return usable(entry.caller, nowMs);
      return this.reread(hash, entry.caller);
    }
    if (this.unknown.has(hash)) return null;
    if (!KEY_FORM.test(secret) && !this.staticTokens.has(hash)) return null;
    return this.lookUp(hash, this.newcomers).then((caller) => usable(caller, nowMs));
  }

  /** Whether a secret belongs to a caller in memory. One that might is looked up, so that it is known when it comes again. */
  isKnown(secret: string, nowMs: number = Date.now()): boolean {
    if (!this.canBeKey(secret)) return false;
    const entry = this.known.get(secretHash(secret));
    if (entry !== undefined) return usable(entry.caller, nowMs) !== null;
    const found = this.find(secret, nowMs);
    if (found instanceof Promise) found.catch(() => undefined);
    return false;
  }

  /** Notes that a key was used at `atMs` (epoch). */
  touch(keyId: string, atMs: number): void {
    this.lastUsed.touch(keyId, atMs);
  }

  /** To be called on the replica that made a change, so that it counts there at once; the others hear of it. */
  invalidate(kind: TenantKind, id: string): void {
    this.interruptions += 1;
    this.forget(kind, id, Number.POSITIVE_INFINITY);
  }

  private canBeKey(secret: string): boolean {
    return secret.length <= MAX_TOKEN_CHARS && (this.staticTokens.size > 0 || KEY_FORM.test(secret));
  }

  private async reread(hash: string, before: Caller): Promise<Found> {
    try {
      return usable(await within(REREAD_TIMEOUT_MS, this.lookUp(hash, this.regulars)), Date.now());
    } catch {
      this.awayUntilMs = performance.now() + AWAY_MS;
      return usable(before, Date.now());
    }
  }

  private lookUp(hash: string, lane: LookupLane): Promise<Found> {
    const running = this.flights.get(hash);
    if (running !== undefined) return running;
    const flight: Promise<Found> = within(
      LOOKUP_TIMEOUT_MS,
      lane.run(() => this.read(hash)),
    ).finally(() => {
      if (this.flights.get(hash) === flight) this.flights.delete(hash);
    });
    this.flights.set(hash, flight);
    return flight;
  }

  private async read(hash: string): Promise<Found> {
    if (performance.now() < this.awayUntilMs) throw unavailable();
    const { interruptions } = this;
    let found: FoundCaller;
    try {
      found = await (this.staticTokens.has(hash) ? this.rows.ofStaticToken() : this.rows.byHash(hash));
    } catch (error) {
      this.awayUntilMs = performance.now() + AWAY_MS;
      throw unavailable(error);
    }
    if (interruptions === this.interruptions && found.revision >= this.heard) this.remember(hash, found);
    return found.caller;
  }

  private remember(hash: string, { caller, revision }: FoundCaller): void {
    if (caller !== null) {
      this.known.set(hash, caller, revision);
    } else {
      this.known.delete(hash);
      this.unknown.set(hash, true);
    }
  }

  private forget(kind: TenantKind, id: string, revision: number): void {
    this.known.invalidate(kind, id, revision);
    // A lookup under way may have read the state before; whoever asks from now on must not join it.
    this.flights.clear();
    if (kind === 'key') this.unknown.clear();
  }

  /** `key:<id>:<revision>`; a revision that skips one says that a notification was lost. */
  private onNotification(payload: string): void {
    const found = /^(key|project|org):([0-9a-f-]{36}):(\d{1,15})$/.exec(payload);
    if (found === null) {
      this.rereadAll();
      return;
    }
    const revision = Number(found[3]);
    this.heard = Math.max(this.heard, revision);
    this.forget(found[1] as TenantKind, found[2] ?? '', revision);
    if (this.revision === null) return;
    if (revision > this.revision + 1) this.known.makeStaleBefore(revision);
    this.revision = Math.max(this.revision, revision);
  }

  private rereadAll(): void {
    this.interruptions += 1;
    this.known.makeStaleBefore(Number.POSITIVE_INFINITY);
    this.unknown.clear();
    this.flights.clear();
  }

  private schedulePoll(delayMs: number): void {
    if (this.stopped) return;
    this.poll = setTimeout(() => void this.compare(), delayMs).unref();
  }

  /** Compares with the database in case a notification was lost. */
  private async compare(): Promise<void> {
    const before = this.revision;
    try {
      const revision = await this.rows.revision();
      if (before !== null && revision < before) this.startAnew(revision);
      else if (revision > (this.revision ?? -1)) this.catchUp(revision);
    } catch (error) {
      if (!this.stopped)
        this.logger.warn(`the tenants could not be compared with the database: ${(error as Error).message}`);
    } finally {
      this.schedulePoll(this.config.registry.pollMs);
    }
  }

  /** Notifications up to `revision` were lost, or are still on their way. */
  private catchUp(revision: number): void {
    this.known.makeStaleBefore(revision);
    this.unknown.clear();
    this.flights.clear();
    this.heard = Math.max(this.heard, revision);
    this.revision = revision;
  }

  /** Revisions went backwards: the database was restored from a backup. */
  private startAnew(revision: number): void {
    this.rereadAll();
    this.heard = revision;
    this.revision = revision;
  }
}

function usable(caller: Found, nowMs: number): Found {
  if (caller === null || !caller.enabled) return null;
  return caller.expiresAtMs !== null && caller.expiresAtMs <= nowMs ? null : caller;
}

function unavailable(cause?: unknown): GatewayError {
  return new GatewayError('service_unavailable', 'The key cannot be checked: the database is not available.', {
    retryAfterSeconds: 1,
    cause,
  });
}

/** Rejects when `work` takes longer than `ms`; the work itself goes on. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(unavailable()), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

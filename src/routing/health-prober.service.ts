import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Config } from '../config/config.js';
import { ChangeListener } from '../infra/database/change-listener.js';
import {
  BackendHealthRepository,
  type BackendVerdict,
  type DueBackend,
} from '../registry/backend-health.repository.js';
import { Registry } from '../registry/registry.service.js';
import type { BackendEntry } from '../registry/snapshot.js';
import { BackendHealth } from './backend-health.service.js';
import { BackendProbe } from './backend-probe.service.js';

/** Backends one replica probes in one round; the rest come in the next, or on another replica. */
const MAX_PER_ROUND = 64;
/** How much longer than a probe can take its lease lasts. */
const LEASE_GRACE_MS = 2000;
/** Longest wait for the database in a round: one that hangs must not keep backends from being probed. */
const DATABASE_PATIENCE_MS = 2000;

/**
 * Probes backends on a schedule that all replicas share: each backend is claimed by one of them at a time, the verdict is
 * stored and told to the others. While the database is away every replica probes for itself.
 */
@Injectable()
export class HealthProber implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(HealthProber.name);
  private readonly owner = randomUUID();
  /** Counts to go on from while the database is away. */
  private readonly counts = new Map<string, DueBackend & { checkedAt: number }>();
  private timer: NodeJS.Timeout | null = null;
  private stopped = false;
  private databaseAway = false;
  private claiming = false;

  constructor(
    private readonly config: Config,
    private readonly registry: Registry,
    private readonly health: BackendHealth,
    private readonly rows: BackendHealthRepository,
    private readonly probe: BackendProbe,
    private readonly changes: ChangeListener,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.config.health.enabled) return;
    this.changes.listen('og_health', (payload) => this.heard(payload));
    this.changes.onReconnect(() => void this.readAll());
    this.health.onChange((backendId, healthy) => this.tellOthers(backendId, healthy));
    void this.readAll().finally(() => this.schedule(0));
  }

  onModuleDestroy(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  /** Rounds come more often than probes are due, so that a backend added or released meanwhile does not wait a whole interval. */
  private schedule(delayMs: number): void {
    if (this.stopped) return;
    this.timer = setTimeout(() => {
      void this.round().finally(() => this.schedule(Math.max(50, this.config.health.intervalMs / 4)));
    }, delayMs).unref();
  }

  private async round(): Promise<void> {
    const due = await this.claim();
    const backends = await this.backendsWith(due);
    const verdicts = await Promise.all(
      due.flatMap((row) => {
        const backend = backends.get(row.backendId);
        return backend === undefined ? [] : [this.judge(row, backend)];
      }),
    );
    for (const verdict of verdicts) this.health.set(verdict.backendId, verdict.healthy, verdict.lastError ?? 'probe');
    await this.report(verdicts);
  }

  private async claim(): Promise<DueBackend[]> {
    try {
      const due = await this.claimDue();
      if (this.databaseAway) this.logger.log('health verdicts are shared again');
      this.databaseAway = false;
      return due;
    } catch (error) {
      // Nobody is left to probe for, and the database is being left, not lost.
      if (this.stopped) return [];
      if (!this.databaseAway) this.warn('the database is away: probing without the other replicas', error);
      this.databaseAway = true;
      return this.dueHere(this.backends());
    }
  }

  /** What was made this very moment may be due before it is known here; unprobed it would stay claimed for the whole lease. */
  private async backendsWith(due: readonly DueBackend[]): Promise<ReadonlyMap<string, BackendEntry>> {
    const backends = this.backends();
    if (due.every(({ backendId }) => backends.has(backendId))) return backends;
    await withPatience(this.registry.refresh()).catch(() => undefined);
    return this.backends();
  }

  private dueHere(backends: ReadonlyMap<string, BackendEntry>): DueBackend[] {
    const before = performance.now() - this.config.health.intervalMs;
    for (const id of this.counts.keys()) if (!backends.has(id)) this.counts.delete(id);
    return [...backends.keys()]
      .map((id) => this.counts.get(id) ?? this.unknown(id))
      .filter((row) => row.checkedAt <= before)
      .slice(0, MAX_PER_ROUND);
  }

  private unknown(backendId: string): DueBackend & { checkedAt: number } {
    const healthy = this.health.isHealthy(backendId);
    return { backendId, healthy, successes: 0, failures: 0, checkedAt: Number.NEGATIVE_INFINITY };
  }

  private async judge(row: DueBackend, backend: BackendEntry): Promise<BackendVerdict> {
    const { healthyThreshold, unhealthyThreshold } = this.config.health;
    const failure = await this.probe.check(backend);
    const successes = failure === null ? row.successes + 1 : 0;
    const failures = failure === null ? 0 : row.failures + 1;
    // What calls met here counts too: a backend taken out by them has to earn its way back.
    const wasHealthy = row.healthy && this.health.isHealthy(row.backendId);
    const healthy = wasHealthy ? failures < unhealthyThreshold : successes >= healthyThreshold;
    const verdict = { backendId: row.backendId, healthy, successes, failures, lastError: failure };
    this.counts.set(row.backendId, { ...verdict, checkedAt: performance.now() });
    return verdict;
  }

  private async report(verdicts: readonly BackendVerdict[]): Promise<void> {
    if (verdicts.length === 0 || this.databaseAway) return;
    try {
      await withPatience(this.rows.report(verdicts));
    } catch (error) {
      this.warn('health verdicts could not be stored', error);
    }
  }

  /** What is answered too late is dropped; a lease taken with it runs out by itself. Meanwhile nothing more is asked. */
  private async claimDue(): Promise<DueBackend[]> {
    if (this.claiming) throw new Error('the database has not answered yet');
    const { intervalMs, timeoutMs } = this.config.health;
    this.claiming = true;
    const claim = this.rows
      .claimDue(this.owner, intervalMs, 2 * timeoutMs + LEASE_GRACE_MS, MAX_PER_ROUND)
      .finally(() => (this.claiming = false));
    return withPatience(claim);
  }

  /** A change made by calls on this replica; probes report their own. */
  private tellOthers(backendId: string, healthy: boolean): void {
    if (healthy || !this.backends().has(backendId)) return;
    const verdict = { backendId, healthy, successes: 0, failures: 1, lastError: 'failed on calls' };
    this.counts.set(backendId, { ...verdict, checkedAt: performance.now() });
    void this.report([verdict]);
  }

  private heard(payload: string): void {
    const [backendId = '', healthy] = payload.split(':');
    this.health.set(backendId, healthy === '1', 'another replica');
  }

  private async readAll(): Promise<void> {
    try {
      for (const row of await this.rows.all()) this.health.set(row.backendId, row.healthy, 'stored verdict');
    } catch (error) {
      this.warn('stored health verdicts could not be read', error);
    }
  }

  /** A round that the end of the process cuts off is no news. */
  private warn(what: string, error: unknown): void {
    if (!this.stopped) this.logger.warn(`${what}: ${(error as Error).message}`);
  }

  private backends(): Map<string, BackendEntry> {
    const backends = new Map<string, BackendEntry>();
    for (const model of this.registry.current().models.values()) {
      for (const backend of model.backends) backends.set(backend.id, backend);
    }
    return backends;
  }
}

/** Rejects when the database takes too long; the work itself goes on. */
async function withPatience<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${DATABASE_PATIENCE_MS} ms`)), DATABASE_PATIENCE_MS);
  });
  return Promise.race([work, tooLong]).finally(() => clearTimeout(timer));
}

import { Injectable, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { CounterStore } from '../counters/counter.store.js';
import { Exchanges } from '../exchange/exchanges.service.js';
import { Journal } from '../ledger/journal.js';
import { Registry } from '../registry/registry.service.js';

export interface ReadinessReport {
  ready: boolean;
  checks: Record<string, unknown>;
}

/**
 * Whether this replica should get traffic. Losing the database or Redis degrades it: callers it knows are still served, and
 * taking every replica out at once would help nobody. A journal that cannot account for calls, or draining, ends it.
 */
@Injectable()
export class Readiness {
  private readonly indicators: readonly (() => HealthIndicatorResult)[];

  constructor(
    private readonly health: HealthCheckService,
    private readonly indicator: HealthIndicatorService,
    private readonly registry: Registry,
    private readonly journal: Journal,
    private readonly counters: CounterStore,
    private readonly exchanges: Exchanges,
  ) {
    this.indicators = [
      () => this.database(),
      () => this.limits(),
      () => this.catalogue(),
      () => this.records(),
      () => this.traffic(),
    ];
  }

  async check(): Promise<ReadinessReport> {
    try {
      const { details } = await this.health.check([...this.indicators]);
      return { ready: true, checks: details };
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      return { ready: false, checks: (error.getResponse() as { details: Record<string, unknown> }).details };
    }
  }

  /** The registry compares itself with the database every few seconds: asking again here would only add load. */
  private database(): HealthIndicatorResult {
    const check = this.indicator.check('database');
    const { fresh, comparedMsAgo } = this.registry.status();
    return fresh
      ? check.up()
      : check.degraded({ silent_ms: Number.isFinite(comparedMsAgo) ? Math.round(comparedMsAgo) : null });
  }

  /** Without the shared counters each replica decides limits for itself. */
  private limits(): HealthIndicatorResult {
    const check = this.indicator.check('counters');
    const { home, available, replicas, pendingCorrections, lostCorrections } = this.counters.stats();
    if (available) return check.up({ home });
    return check.degraded({
      home,
      replicas,
      pending_corrections: pendingCorrections,
      lost_corrections: lostCorrections,
    });
  }

  private catalogue(): HealthIndicatorResult {
    const check = this.indicator.check('registry');
    const { revision, ageMs, fresh, comparedMsAgo } = this.registry.status();
    if (!Number.isFinite(comparedMsAgo)) return check.down({ reason: 'never read' });
    const data = { revision, age_ms: Math.round(ageMs) };
    return fresh ? check.up(data) : check.degraded(data);
  }

  private records(): HealthIndicatorResult {
    const check = this.indicator.check('journal');
    const { state, recordsWaiting, bytes } = this.journal.status();
    const data = { state, records_waiting: recordsWaiting, bytes };
    if (state === 'full' || state === 'failing') return check.down(data);
    return state === 'filling' ? check.degraded(data) : check.up(data);
  }

  private traffic(): HealthIndicatorResult {
    const check = this.indicator.check('traffic');
    const data = { calls_under_way: this.exchanges.underWay };
    return this.exchanges.draining ? check.down({ ...data, reason: 'draining' }) : check.up(data);
  }
}

import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config.js';
import { GatewayMetrics } from '../infra/telemetry/gateway-metrics.js';
import { Registry } from '../registry/registry.service.js';
import type { RegistrySnapshot } from '../registry/snapshot.js';

interface State {
  healthy: boolean;
  /** Connection failures seen on calls, in a row. */
  unreachable: number;
  /** Server errors, time-outs and broken connections seen on calls, in a row. */
  failures: number;
}

type Listener = (backendId: string, healthy: boolean) => void;

/**
 * Which backends may take calls. Probes decide for all replicas; what calls meet decides at once on the replica that met it.
 * A caller's own error or hang-up is never held against a backend.
 */
@Injectable()
export class BackendHealth {
  private readonly logger = new Logger(BackendHealth.name);
  private readonly states = new Map<string, State>();
  private readonly listeners: Listener[] = [];
  /** Backend id → the models and URL it stands under in the metrics. */
  private gauges = new Map<string, { model: string; url: string }>();

  constructor(
    private readonly config: Config,
    private readonly metrics: GatewayMetrics,
    registry: Registry,
  ) {
    registry.onSwap((snapshot) => this.follow(snapshot));
    this.follow(registry.current());
  }

  isHealthy(backendId: string): boolean {
    return this.states.get(backendId)?.healthy ?? true;
  }

  onChange(listener: Listener): void {
    this.listeners.push(listener);
  }

  /** A call was answered. Clears what was held against the backend, but does not bring it back: probes do. */
  succeeded(backendId: string): void {
    const state = this.states.get(backendId);
    if (state === undefined) return;
    state.unreachable = 0;
    state.failures = 0;
  }

  /** A call found no connection. */
  unreachable(backendId: string): void {
    const state = this.states.get(backendId);
    if (state === undefined) return;
    state.unreachable += 1;
    if (state.unreachable >= this.config.health.unhealthyThreshold) this.set(backendId, false, 'unreachable');
  }

  /** A call met a server error, a time-out or a broken connection. */
  failed(backendId: string): void {
    const state = this.states.get(backendId);
    if (state === undefined) return;
    state.failures += 1;
    if (state.failures >= this.config.health.passiveThreshold) this.set(backendId, false, 'failing');
  }

  /** The verdict of a probe, here or on another replica. */
  set(backendId: string, healthy: boolean, why: string): void {
    const state = this.states.get(backendId);
    if (state === undefined || state.healthy === healthy) return;
    state.healthy = healthy;
    state.unreachable = 0;
    state.failures = 0;
    const gauge = this.gauges.get(backendId);
    if (gauge !== undefined) this.metrics.backendHealth.series(gauge.model, gauge.url).set(healthy ? 1 : 0);
    this.logger.warn({ backend: gauge?.url, model: gauge?.model, healthy, why }, 'backend health changed');
    for (const listener of this.listeners) listener(backendId, healthy);
  }

  private follow(snapshot: RegistrySnapshot): void {
    const gauges = new Map<string, { model: string; url: string }>();
    for (const model of snapshot.models.values()) {
      for (const backend of model.backends) gauges.set(backend.id, { model: model.name, url: backend.url });
    }
    for (const [id, { model, url }] of this.gauges) {
      if (gauges.has(id)) continue;
      this.states.delete(id);
      this.metrics.backendHealth.remove(model, url);
    }
    for (const [id, { model, url }] of gauges) {
      const state = this.states.get(id) ?? { healthy: true, unreachable: 0, failures: 0 };
      this.states.set(id, state);
      this.metrics.backendHealth.series(model, url).set(state.healthy ? 1 : 0);
    }
    this.gauges = gauges;
  }
}

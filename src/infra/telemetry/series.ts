import type { MetricObjectWithValues, MetricValue, Registry } from 'prom-client';

type Labels = Record<string, string>;
type Kind = 'counter' | 'gauge' | 'histogram';

/** Label combinations one metric may have; further ones are counted together under the label value `other`. */
const MAX_SERIES = 20_000;

/**
 * Metrics for the call path. prom-client hashes the labels on every observation, about a microsecond each; here a series is
 * looked up once, kept by whoever observes, and costs one addition. The registry reads them through `get`, as it reads its own.
 */
/* eslint max-params: ['error', 5] -- name, help and labels read best in one line each, as prom-client's own do */
abstract class Metric<S> {
  readonly aggregator = 'sum';
  private readonly all = new Map<string, { labels: Labels; series: S }>();

  constructor(
    readonly name: string,
    readonly help: string,
    readonly type: Kind,
    private readonly labelNames: readonly string[],
    registry: Registry,
  ) {
    registry.registerMetric(this as never);
  }

  /** The series of one label combination; values in the order of the label names. */
  series(...values: readonly string[]): S {
    const full = this.all.size >= MAX_SERIES;
    const key = values.join('\u0000');
    const found = this.all.get(key);
    if (found !== undefined) return found.series;
    if (full) return this.overflow();
    const labels = Object.fromEntries(this.labelNames.map((name, index) => [name, values[index] ?? '']));
    const series = this.create();
    this.all.set(key, { labels, series });
    return series;
  }

  async get(): Promise<MetricObjectWithValues<MetricValue<string>>> {
    const values: MetricValue<string>[] = [];
    for (const { labels, series } of this.all.values()) this.collect(series, labels, values);
    return Promise.resolve({ name: this.name, help: this.help, type: this.type, aggregator: 'sum', values } as never);
  }

  /** Drops one label combination, e.g. of a backend that is gone. */
  remove(...values: readonly string[]): void {
    this.all.delete(values.join('\u0000'));
  }

  reset(): void {
    this.all.clear();
  }

  protected abstract create(): S;
  protected abstract collect(series: S, labels: Labels, into: MetricValue<string>[]): void;

  private overflow(): S {
    const key = this.labelNames.map(() => 'other').join('\u0000');
    const found = this.all.get(key);
    if (found !== undefined) return found.series;
    const series = this.create();
    this.all.set(key, { labels: Object.fromEntries(this.labelNames.map((name) => [name, 'other'])), series });
    return series;
  }
}

/** A number that is read at collection. */
export class NumberSeries {
  value = 0;
  /** Where the number comes from, if it is not counted here. */
  source: (() => number) | null = null;
  add(amount: number): void {
    this.value += amount;
  }
  set(value: number): void {
    this.value = value;
  }
}

abstract class NumberMetric extends Metric<NumberSeries> {
  protected create(): NumberSeries {
    return new NumberSeries();
  }
  protected collect(series: NumberSeries, labels: Labels, into: MetricValue<string>[]): void {
    into.push({ value: series.source?.() ?? series.value, labels });
  }

  /** From now on the number is read from `source` whenever it is asked for. */
  watch(source: () => number, ...values: readonly string[]): void {
    this.series(...values).source = source;
  }
}

export class CounterMetric extends NumberMetric {
  constructor(name: string, help: string, labelNames: readonly string[], registry: Registry) {
    super(name, help, 'counter', labelNames, registry);
  }
}

export class GaugeMetric extends NumberMetric {
  constructor(name: string, help: string, labelNames: readonly string[], registry: Registry) {
    super(name, help, 'gauge', labelNames, registry);
  }
}

export class HistogramSeries {
  readonly counts: Float64Array;
  sum = 0;
  count = 0;

  constructor(private readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const { bounds } = this;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= (bounds[middle] as number)) high = middle;
      else low = middle + 1;
    }
    this.counts[low] = (this.counts[low] as number) + 1;
    this.sum += value;
    this.count += 1;
  }
}

export class HistogramMetric extends Metric<HistogramSeries> {
  constructor(
    name: string,
    help: string,
    labelNames: readonly string[],
    private readonly bounds: readonly number[],
    registry: Registry,
  ) {
    super(name, help, 'histogram', labelNames, registry);
  }

  protected create(): HistogramSeries {
    return new HistogramSeries(this.bounds);
  }

  protected collect(series: HistogramSeries, labels: Labels, into: MetricValue<string>[]): void {
    let seen = 0;
    this.bounds.forEach((le, index) => {
      seen += series.counts[index] as number;
      into.push({ metricName: `${this.name}_bucket`, value: seen, labels: { le: String(le), ...labels } } as never);
    });
    into.push({ metricName: `${this.name}_bucket`, value: series.count, labels: { le: '+Inf', ...labels } } as never);
    into.push({ metricName: `${this.name}_sum`, value: series.sum, labels } as never);
    into.push({ metricName: `${this.name}_count`, value: series.count, labels } as never);
  }
}

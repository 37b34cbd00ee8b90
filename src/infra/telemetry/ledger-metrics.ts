import type { Registry } from 'prom-client';
import { CounterMetric, GaugeMetric, HistogramMetric } from './series.js';

const BATCH = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What moves call records into the database, and what waits there for it. */
export class LedgerMetrics {
  readonly bytes: GaugeMetric;
  readonly limitBytes: GaugeMetric;
  readonly state: GaugeMetric;
  readonly waiting: GaugeMetric;
  readonly oldestSeconds: GaugeMetric;
  readonly leftovers: GaugeMetric;
  readonly lost: CounterMetric;
  readonly damaged: CounterMetric;
  readonly records: CounterMetric;
  readonly failures: CounterMetric;
  readonly batch: HistogramMetric;

  constructor(registry: Registry) {
    const gauge = (name: string, help: string, labels: string[] = []): GaugeMetric =>
      new GaugeMetric(name, help, labels, registry);
    const counter = (name: string, help: string, labels: string[] = []): CounterMetric =>
      new CounterMetric(name, help, labels, registry);
    this.bytes = gauge('gateway_journal_bytes', 'Size of the journals on this disk that this process looks after.');
    this.limitBytes = gauge('gateway_journal_limit_bytes', 'Size at which new calls are refused.');
    this.state = gauge('gateway_journal_state', '1 for the state the journal is in.', ['state']);
    this.waiting = gauge(
      'gateway_journal_waiting_records',
      'Ended calls of this process that the database has not got.',
    );
    this.oldestSeconds = gauge('gateway_journal_oldest_waiting_seconds', 'How long the oldest of them has waited.');
    this.leftovers = gauge('gateway_journal_leftovers', 'Journals of dead processes still to be read.');
    this.lost = counter('gateway_journal_lost_records_total', 'Ended calls that found no room anywhere.');
    this.damaged = counter('gateway_journal_damaged_lines_total', 'Lines that were read back and were no entries.');
    this.records = counter(
      'gateway_ledger_records_total',
      'Call records brought into the database, or refused by it.',
      ['result'],
    );
    this.failures = counter('gateway_ledger_failures_total', 'Attempts at the database that failed and are repeated.');
    this.batch = new HistogramMetric(
      'gateway_ledger_batch_seconds',
      'Time the database takes for a batch of records.',
      [],
      BATCH,
      registry,
    );
  }
}

import { Injectable, type OnModuleInit } from '@nestjs/common';
import { GatewayMetrics } from '../infra/telemetry/gateway-metrics.js';
import type { LedgerMetrics } from '../infra/telemetry/ledger-metrics.js';
import { Journal } from '../ledger/journal.js';
import type { JournalState } from '../ledger/journal-status.js';
import { LedgerWriter } from '../ledger/ledger-writer.js';

const STATES: readonly JournalState[] = ['ok', 'filling', 'full', 'failing'];

/** Shows journal and writer to Prometheus. Everything is read when it is asked for. */
@Injectable()
export class LedgerWatch implements OnModuleInit {
  private readonly metrics: LedgerMetrics;

  constructor(
    metrics: GatewayMetrics,
    private readonly journal: Journal,
    private readonly writer: LedgerWriter,
  ) {
    this.metrics = metrics.ledger;
  }

  onModuleInit(): void {
    const { metrics, journal, writer } = this;
    metrics.bytes.watch(() => journal.status().bytes);
    metrics.limitBytes.watch(() => journal.status().maxBytes);
    for (const state of STATES) metrics.state.watch(() => (journal.state() === state ? 1 : 0), state);
    metrics.waiting.watch(() => journal.status().recordsWaiting);
    metrics.oldestSeconds.watch(() => writer.oldestWaitingMs() / 1000);
    metrics.lost.watch(() => journal.status().unrecorded);
    metrics.damaged.watch(() => journal.status().skipped);
    metrics.leftovers.watch(() => writer.status().leftovers);
    metrics.records.watch(() => writer.status().delivered, 'written');
    metrics.records.watch(() => writer.status().rejected, 'rejected');
    metrics.failures.watch(() => writer.status().failures);
    const batches = metrics.batch.series();
    writer.onBatch = (ms) => batches.observe(ms / 1000);
  }
}

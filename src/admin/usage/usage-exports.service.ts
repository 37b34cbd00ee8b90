import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Readable } from 'node:stream';
import { GatewayError } from '../../../libs/protocol/index.js';
import type { CallRecordFilter } from '../../ledger/call-record.repository.js';
import { exportHead, exportLine } from './export-line.js';
import type { ExportFormat } from './usage-query.dto.js';
import type { UsageRecordView } from './usage-record.view.js';
import { UsageRecords } from './usage-records.service.js';

/** Records read at a time: about as many are in memory twice, once as rows and once as text. */
const PAGE_ROWS = 500;
/** Each holds a connection to the database now and then, and some memory. */
const MAX_AT_ONCE = 4;
const RETRY_AFTER_SECONDS = 10;

/**
 * Call records as a stream that is read from the database no faster than it is taken, a page at a time and with no transaction
 * that would last as long as the slowest reader.
 */
@Injectable()
export class UsageExports implements OnModuleDestroy {
  private readonly underWay = new Set<Readable>();
  private opening = 0;

  constructor(private readonly records: UsageRecords) {}

  onModuleDestroy(): void {
    for (const stream of this.underWay) stream.destroy(new Error('the gateway is shutting down'));
  }

  /** @throws GatewayError `rate_limit_exceeded` when too many are under way; an error of the database before the first byte */
  async open(filter: CallRecordFilter, format: ExportFormat): Promise<Readable> {
    if (this.underWay.size + this.opening >= MAX_AT_ONCE) {
      const message = `${MAX_AT_ONCE} exports are under way, which is as many as there may be.`;
      throw new GatewayError('rate_limit_exceeded', message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
    }
    this.opening += 1;
    try {
      const first = await this.page(filter, null);
      const stream = Readable.from(this.text(first, filter, format), { objectMode: false });
      this.underWay.add(stream);
      stream.once('close', () => this.underWay.delete(stream));
      return stream;
    } finally {
      this.opening -= 1;
    }
  }

  private async *text(first: RecordPage, filter: CallRecordFilter, format: ExportFormat): AsyncGenerator<Buffer> {
    let head = exportHead(format);
    for (let page = first; ; page = await this.page(filter, page.nextCursor)) {
      let text = head;
      head = '';
      for (const record of page.records) text += exportLine(format, record);
      if (text !== '') yield Buffer.from(text);
      if (page.nextCursor === null) return;
    }
  }

  private page(filter: CallRecordFilter, cursor: string | null): Promise<RecordPage> {
    return this.records.list(filter, { limit: PAGE_ROWS, cursor });
  }
}

interface RecordPage {
  records: UsageRecordView[];
  nextCursor: string | null;
}

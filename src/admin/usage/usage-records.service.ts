import { Injectable } from '@nestjs/common';
import { Adjustments } from '../../ledger/adjustment.repository.js';
import type { CallRecord } from '../../ledger/call-record.js';
import {
  CallRecordRepository,
  type CallRecordFilter,
  type CallRecordPage,
} from '../../ledger/call-record.repository.js';
import type { UsageRecordView } from './usage-record.view.js';

/** The call records as administrators see them: with what was charged after all corrections. Newest first. */
@Injectable()
export class UsageRecords {
  constructor(
    private readonly records: CallRecordRepository,
    private readonly adjustments: Adjustments,
  ) {}

  /** @throws RangeError when the cursor is not one of ours. */
  async list(
    filter: CallRecordFilter,
    page: CallRecordPage,
  ): Promise<{ records: UsageRecordView[]; nextCursor: string | null }> {
    const { records, nextCursor } = await this.records.list(filter, page);
    return { records: await this.views(records), nextCursor };
  }

  /** @param sinceMs where to look for an id the caller chose; default: the last week */
  async ofRequest(requestId: string, nowMs: number, sinceMs?: number): Promise<UsageRecordView[]> {
    return this.views(await this.records.findByRequestId(requestId, nowMs, sinceMs));
  }

  private async views(records: CallRecord[]): Promise<UsageRecordView[]> {
    const differences = await this.adjustments.differencesOf(records);
    return records.map((record) => ({ ...record, charged_nano_dollars: charged(record, differences.get(record.id)) }));
  }
}

function charged({ cost_nano_dollars: cost }: CallRecord, difference: bigint | undefined): string | null {
  if (difference === undefined) return cost;
  return (BigInt(cost ?? 0) + difference).toString();
}

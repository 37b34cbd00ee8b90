import type { CallRecord } from '../../src/ledger/call-record.js';
import type { GatewayProcess } from './gateway-process.js';

/** Every call record that the gateway knows, oldest last. */
export async function allRecords(gateway: GatewayProcess): Promise<CallRecord[]> {
  const records: CallRecord[] = [];
  let cursor = '';
  do {
    const page: { data: unknown; next_cursor: string | null } = await gateway.manage(
      'GET',
      `/usage?limit=1000${cursor}`,
    );
    records.push(...(page.data as CallRecord[]));
    cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`;
  } while (cursor !== '');
  return records;
}

/** How often each request id stands in the records. */
export function countById(records: readonly CallRecord[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { request_id: id } of records) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

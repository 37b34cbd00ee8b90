import { setTimeout as sleep } from 'node:timers/promises';
import { aCallRecord } from '../../../test/support/call-records.js';
import { UsageExports } from './usage-exports.service.js';
import type { UsageRecordView } from './usage-record.view.js';
import type { UsageRecords } from './usage-records.service.js';

/** Pages without end, or with a failure at its place. */
class EndlessRecords {
  pages = 0;

  constructor(private readonly failAt = Infinity) {}

  list(_filter: object, { limit }: { limit: number }): Promise<{ records: UsageRecordView[]; nextCursor: string }> {
    this.pages += 1;
    if (this.pages >= this.failAt) return Promise.reject(new Error('the database is gone'));
    const record = { ...aCallRecord(), charged_nano_dollars: null };
    return Promise.resolve({ records: Array.from({ length: limit }, () => record), nextCursor: 'next' });
  }
}

const exportsOf = (records: EndlessRecords): UsageExports => new UsageExports(records as unknown as UsageRecords);

describe('UsageExports', () => {
  it('reads no more than is taken', async () => {
    const records = new EndlessRecords();
    const stream = await exportsOf(records).open({}, 'csv');
    stream.once('readable', () => undefined);
    await sleep(50);
    expect(records.pages).toBeLessThanOrEqual(2);
    for (let taken = 0; taken < 5;) {
      if (stream.read() === null) await sleep(1);
      else taken += 1;
    }
    expect(records.pages).toBeLessThanOrEqual(7);
    stream.destroy();
  });

  it('stops reading when nobody listens any more, and makes room for the next', async () => {
    const records = new EndlessRecords();
    const exports = exportsOf(records);
    const streams = await Promise.all([1, 2, 3, 4].map(() => exports.open({}, 'ndjson')));
    await expect(exports.open({}, 'ndjson')).rejects.toMatchObject({ status: 429, retryAfterSeconds: 10 });
    for (const stream of streams) stream.destroy();
    await sleep(1);
    const { pages } = records;
    (await exports.open({}, 'ndjson')).destroy();
    await sleep(20);
    expect(records.pages).toBe(pages + 1);
  });

  it('fails before the first byte when the database is away, and breaks off when it goes away later', async () => {
    await expect(exportsOf(new EndlessRecords(1)).open({}, 'csv')).rejects.toThrow('the database is gone');
    const stream = await exportsOf(new EndlessRecords(3)).open({}, 'csv');
    const read = async (): Promise<void> => {
      for await (const _chunk of stream);
    };
    await expect(read()).rejects.toThrow('the database is gone');
  });
});

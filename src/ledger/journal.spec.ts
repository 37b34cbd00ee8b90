import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { aCallRecord, beginningOf } from '../../test/support/call-records.js';
import { FailingDisk } from '../../test/support/failing-disk.js';
import type { CallRecord } from './call-record.js';
import { Journal } from './journal.js';
import type { JournalOptions } from './journal-status.js';
import { Leftover } from './leftover.js';
import { rowId } from './record-row.js';
import type { RowSource } from './row-source.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

async function drain(source: RowSource): Promise<string[]> {
  const rows: string[] = [];
  for (let batch = await source.take(1000); batch !== null; batch = await source.take(1000)) {
    rows.push(...batch.rows);
    batch.confirm();
  }
  return rows;
}

const outcomeOf = (row: string): string => row.split('\t')[13] ?? '';

describe('the journal', () => {
  let directory: string;
  let disk: FailingDisk;
  let journals: Journal[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'journal-'));
    disk = new FailingDisk();
    journals = [];
  });
  afterEach(async () => {
    disk.code = null;
    disk.room = Infinity;
    for (const journal of journals) journal.close();
    await sleep(20);
    rmSync(directory, { recursive: true, force: true });
  });

  function started(options: Partial<JournalOptions> = {}): Journal {
    const journal = new Journal({ directory, maxBytes: 4 << 20, log: silent, disk, ...options });
    journal.start();
    journals.push(journal);
    disk.writes = 0;
    return journal;
  }
  const begin = (journal: Journal, record: CallRecord): Promise<Error | null> =>
    new Promise((resolve) => journal.begin(beginningOf(record), resolve));
  const segments = () => readdirSync(directory).filter((name) => name.endsWith('.log'));
  const onDisk = () =>
    segments()
      .map((name) => readFileSync(join(directory, name), 'utf8'))
      .join('');

  it('writes all beginnings and ends of one turn at once, and only then lets the calls go', async () => {
    const journal = started();
    const seen: string[] = [];
    const records = [aCallRecord(), aCallRecord(), aCallRecord()];
    for (const record of records) {
      journal.begin(beginningOf(record), (error) =>
        seen.push(`${String(error)} ${String(onDisk().includes(record.id))}`),
      );
    }
    journal.append(aCallRecord());
    expect(seen).toEqual([]);
    await turn();
    expect(seen).toEqual(['null true', 'null true', 'null true']);
    expect(disk.writes).toBe(1);
  });

  it('does what is to follow when the end of the call is on disk, and also when it cannot be', async () => {
    const journal = started();
    const seen: boolean[] = [];
    const endAndLook = (): void => {
      const record = aCallRecord();
      journal.afterWrite(() => {
        throw new Error('the work of another call fails');
      });
      journal.afterWrite(() => seen.push(onDisk().includes(record.id)));
      journal.append(record);
    };
    endAndLook();
    expect(seen).toEqual([]);
    await turn();
    journal.afterWrite(() => seen.push(true));
    await turn();
    expect(seen).toEqual([true, true]);
    disk.code = 'EIO';
    endAndLook();
    await turn();
    journal.close();
    endAndLook();
    await turn();
    expect(seen).toEqual([true, true, false, false]);
  });

  it('hands ended calls to the writer in the order they ended', async () => {
    const journal = started();
    const records = [aCallRecord(), aCallRecord(), aCallRecord()];
    for (const record of records) journal.append(record);
    await turn();
    expect(journal.status().recordsWaiting).toBe(3);
    expect((await drain(journal)).map(rowId)).toEqual(records.map(({ id }) => id));
    expect(journal.status().recordsWaiting).toBe(0);
  });

  it('keeps a bounded number of rows in memory and reads the others back', async () => {
    const journal = started({ queueRows: 10, segmentBytes: 8000 });
    const ids: string[] = [];
    for (let i = 0; i < 100; i += 1) {
      const record = aCallRecord();
      ids.push(record.id);
      journal.append(record);
      await turn();
      expect(journal['feed'].inMemory).toBeLessThanOrEqual(10);
    }
    expect(journal.status().recordsWaiting).toBe(100);
    expect((await drain(journal)).map(rowId)).toEqual(ids);
    const later = aCallRecord();
    journal.append(later);
    await turn();
    expect(journal['feed'].isBehind).toBe(false);
    expect((await drain(journal)).map(rowId)).toEqual([later.id]);
  });

  it('deletes segments once their rows are confirmed, and carries running calls over', async () => {
    const journal = started({ segmentBytes: 4000 });
    const running = aCallRecord();
    await begin(journal, running);
    for (let i = 0; i < 60; i += 1) {
      journal.append(aCallRecord());
      await turn();
    }
    expect(segments().length).toBeGreaterThan(3);
    await drain(journal);
    expect(segments().length).toBe(1);
    expect(onDisk()).toContain(running.id);
    journal.close();
    const rows = await drain(new Leftover(directory));
    expect(rows.filter((row) => outcomeOf(row) === 'died').map(rowId)).toEqual([running.id]);
  });

  it('lets a leftover journal say which calls died, each once, and repeats no more than a crash made uncertain', async () => {
    const journal = started();
    const [ended, died] = [aCallRecord(), aCallRecord()];
    await begin(journal, ended);
    await begin(journal, died);
    journal.append(ended);
    await turn();
    const rows = await drain(new Leftover(directory));
    expect(rows.map((row) => [rowId(row), outcomeOf(row)])).toEqual([
      [ended.id, 'ok'],
      [died.id, 'died'],
    ]);
    const again = await drain(new Leftover(directory));
    expect(again.map((row) => [rowId(row), outcomeOf(row)])).toEqual([[died.id, 'died']]);
  });

  it('skips torn tails and garbage, counts them, and keeps everything around them', async () => {
    const journal = started();
    const [first, second] = [aCallRecord(), aCallRecord()];
    journal.append(first);
    await turn();
    const file = join(directory, segments()[0] as string);
    const good = readFileSync(file, 'utf8');
    journal.append(second);
    await turn();
    journal.close();
    const whole = readFileSync(file, 'utf8');
    const flipped = good.replace('small', 'smell');
    writeFileSync(file, `${good}garbage\n\0\0\0\n${flipped}${whole.slice(good.length)}E12\tto`);
    const leftover = new Leftover(directory);
    expect((await drain(leftover)).map(rowId)).toEqual([first.id, second.id]);
    expect(leftover.skipped).toBe(4);
  });

  it('gets past a line longer than any record and a tail of zeros', async () => {
    const journal = started({ segmentBytes: 1000 });
    const ids: string[] = [];
    for (let i = 0; i < 8; i += 1) {
      const record = aCallRecord();
      ids.push(record.id);
      journal.append(record);
      await turn();
    }
    journal.close();
    const file = join(directory, segments()[0] as string);
    appendFileSync(file, `${'x'.repeat(3_000_000)}\n`);
    appendFileSync(file, Buffer.alloc(700_000));
    const leftover = new Leftover(directory);
    expect((await drain(leftover)).map(rowId)).toEqual(ids);
    expect(leftover.skipped).toBe(2);
  });

  it('is full when the disk is, refuses new calls, still takes the ends of running ones, and recovers by itself', async () => {
    const journal = started();
    const running = aCallRecord();
    await begin(journal, running);
    disk.room = 0;
    const refused = aCallRecord();
    expect(await begin(journal, refused)).toMatchObject({ name: 'JournalRefusal', state: 'full' });
    journal.append(running);
    journal.append({ ...refused, outcome: 'refused', status: 503 });
    await turn();
    expect(journal.state()).toBe('full');
    expect(journal.status()).toMatchObject({ recordsWaiting: 2, openCalls: 0, unrecorded: 0 });
    disk.room = Infinity;
    await sleep(700);
    expect(journal.state()).toBe('ok');
    expect(await begin(journal, aCallRecord())).toBeNull();
    expect((await drain(journal)).map(rowId)).toEqual([running.id, refused.id]);
    expect(onDisk()).toContain(running.id);
    expect(onDisk()).not.toContain(`B${refused.id}`);
  });

  it('gives up its reserve for the ends of running calls when the disk is full', async () => {
    const journal = started();
    const running = aCallRecord();
    await begin(journal, running);
    const unlink = disk.unlink.bind(disk);
    disk.unlink = (path) => {
      if (path.endsWith('reserve')) disk.room += 4000;
      unlink(path);
    };
    disk.room = 100;
    journal.append(running);
    await turn();
    expect(journal.state()).toBe('full');
    expect(onDisk()).toContain(`\t${running.request_id}`);
    expect(onDisk().match(/^E/gm)).toHaveLength(1);
    expect(await begin(journal, aCallRecord())).toMatchObject({ state: 'full' });
  });

  it.each([true, false])(
    'goes on in a new segment after an error of the disk (half-written bytes cut off: %s)',
    async (cut) => {
      const journal = started();
      disk.truncates = cut;
      const [running, hit, after] = [aCallRecord(), aCallRecord(), aCallRecord()];
      await begin(journal, running);
      disk.code = 'EIO';
      expect(await begin(journal, hit)).toMatchObject({ state: 'failing' });
      journal.append(running);
      await turn();
      expect(journal.state()).toBe('failing');
      disk.code = null;
      await sleep(700);
      expect(journal.state()).toBe('ok');
      expect(segments()).toHaveLength(2);
      expect(await begin(journal, after)).toBeNull();
      expect((await drain(journal)).map(rowId)).toEqual([running.id]);
    },
  );

  it('lets the writer have what the disk does not take', async () => {
    const journal = started();
    disk.code = 'EIO';
    const record = aCallRecord();
    journal.append(record);
    await turn();
    expect((await drain(journal)).map(rowId)).toEqual([record.id]);
    expect(journal.status().recordsWaiting).toBe(0);
  });

  it('bounds what it keeps in memory for a disk that takes nothing, and counts the rest', async () => {
    const journal = started({ unwrittenChars: 2000 });
    disk.code = 'EIO';
    for (let i = 0; i < 10; i += 1) journal.append(aCallRecord());
    await turn();
    const { recordsWaiting, unrecorded } = journal.status();
    expect(recordsWaiting).toBeGreaterThan(2);
    expect(recordsWaiting + unrecorded).toBe(10);
  });

  it('refuses new calls at its allowed size and accepts them when the database has caught up', async () => {
    const journal = started({ maxBytes: 64_000 });
    const states = new Set<string>();
    let refusal: Error | null = null;
    for (let i = 0; i < 300 && refusal === null; i += 1) {
      const record = aCallRecord();
      refusal = await begin(journal, record);
      journal.append({ ...record, outcome: refusal === null ? 'ok' : 'refused' });
      await turn();
      states.add(journal.state());
    }
    expect(refusal).toMatchObject({ state: 'full' });
    expect([...states]).toEqual(['ok', 'filling', 'full']);
    expect(journal.status().bytes).toBeLessThan(64_000 + 8000);
    await drain(journal);
    expect(await begin(journal, aCallRecord())).toBeNull();
    expect(journal.state()).toBe('ok');
  });

  it('refuses calls and counts ends that come after it was closed', async () => {
    const journal = started();
    journal.close();
    expect(await begin(journal, aCallRecord())).not.toBeNull();
    journal.append(aCallRecord());
    await turn();
    expect(journal.status().unrecorded).toBe(1);
  });

  it('says at the end whether everything has reached the database', async () => {
    const journal = started();
    journal.append(aCallRecord());
    await turn();
    await drain(journal);
    expect(journal.close()).toBe(true);
    rmSync(directory, { recursive: true });
    directory = mkdtempSync(join(tmpdir(), 'journal-'));
    const other = started();
    other.append(aCallRecord());
    expect(other.close()).toBe(false);
  });
});

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { InstanceDirectory } from '../../../src/ledger/instance-directory.js';
import { Journal } from '../../../src/ledger/journal.js';
import { LedgerWriter, type LedgerSink } from '../../../src/ledger/ledger-writer.js';
import { rowId } from '../../../src/ledger/record-row.js';
import { aCallRecord, beginningOf } from '../../support/call-records.js';

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };
const mount = (directory: string): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'omnigate-test', directory]).status === 0;

/** A database that is away until it is told otherwise. */
class AwayLedger implements LedgerSink {
  readonly rows: string[] = [];
  away = true;

  insertRows(rows: readonly string[]): Promise<void> {
    if (this.away) return Promise.reject(new Error('away'));
    this.rows.push(...rows);
    return Promise.resolve();
  }
  ensurePartitions(): Promise<void> {
    return Promise.resolve();
  }
  stateOf(): null {
    return null;
  }
}

describe('a disk that runs full', () => {
  const root = mkdtempSync(join(tmpdir(), 'omnigate-full-'));
  const mounted = mount(root);
  afterAll(() => {
    if (mounted) spawnSync('umount', ['-l', root]);
    rmSync(root, { recursive: true, force: true });
  });

  // Only root may mount; the same states on an injected disk are in journal.spec.ts.
  (mounted ? it : it.skip)(
    'refuses calls before it serves one unaccounted, keeps the ends of the running ones, and recovers',
    async () => {
      const ledger = new AwayLedger();
      const home = await InstanceDirectory.create(join(root, 'journal'), Date.now());
      const journal = new Journal({
        directory: home.path,
        maxBytes: 1 << 30,
        log: silent,
        segmentBytes: 64 << 10,
        queueRows: 100,
      });
      // The reserve is 8 MiB on a disk of this size limit: there is no room for it from the start.
      journal.start();
      expect(journal.state()).toBe('full');
      expect(await new Promise((resolve) => journal.begin(beginningOf(aCallRecord()), resolve))).not.toBeNull();
      journal.close();
      await home.release(true);

      const small = await InstanceDirectory.create(join(root, 'journal'), Date.now());
      const options = { maxBytes: 3 << 20, log: silent, segmentBytes: 64 << 10, queueRows: 100 };
      const narrow = new Journal({ directory: small.path, ...options });
      const writer = new LedgerWriter({
        journal: narrow,
        home: small,
        root: join(root, 'journal'),
        sink: ledger,
        log: silent,
        flushMs: 10,
      });
      narrow.start();
      writer.start();
      expect(narrow.state()).toBe('ok');

      const served: string[] = [];
      const running: ReturnType<typeof aCallRecord>[] = [];
      const refused: string[] = [];
      const call = async (): Promise<void> => {
        const record = aCallRecord();
        const error = await new Promise<Error | null>((resolve) => narrow.begin(beginningOf(record), resolve));
        if (error === null) {
          served.push(record.id);
          running.push(record);
        } else {
          refused.push(record.id);
          narrow.append({ ...record, outcome: 'refused', status: 503 });
        }
        if (running.length > 50 || error !== null) {
          const ended = running.shift();
          if (ended !== undefined) narrow.append(ended);
        }
      };
      for (let i = 0; i < 20_000 && refused.length < 60; i += 1) await call();
      await new Promise((resolve) => setImmediate(resolve));
      expect(narrow.state()).toBe('full');
      expect(narrow.status().unrecorded).toBe(0);
      expect(running).toHaveLength(0);
      expect(() => writeFileSync(join(root, 'probe'), Buffer.alloc(600_000))).toThrow('ENOSPC');
      rmSync(join(root, 'probe'), { force: true });

      ledger.away = false;
      for (let waited = 0; narrow.status().recordsWaiting > 0 && waited < 20_000; waited += 20) await sleep(20);
      for (let waited = 0; narrow.state() !== 'ok' && waited < 5000; waited += 20) await sleep(20);
      expect(narrow.state()).toBe('ok');
      expect(await new Promise((resolve) => narrow.begin(beginningOf(aCallRecord()), resolve))).toBeNull();
      const ids = ledger.rows.map(rowId);
      expect([...new Set(ids)].sort()).toEqual([...served, ...refused].sort());
      expect(ids.length).toBeGreaterThan(1000);
      await writer.stop(2000);
      narrow.close();
      await small.release(false);
    },
    60_000,
  );
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { loadConfig } from '../../../src/config/load-config.js';
import { homeOf } from '../../../src/infra/database/home-of.js';
import { CallRecordRepository } from '../../../src/ledger/call-record.repository.js';
import { InstanceDirectory } from '../../../src/ledger/instance-directory.js';
import { Journal } from '../../../src/ledger/journal.js';
import { LedgerWriter } from '../../../src/ledger/ledger-writer.js';
import { aCallRecord, beginningOf } from '../../support/call-records.js';
import { describeServerDatabase } from '../../support/databases.js';
import { eventually } from '../../support/gateway-process.js';
import { TcpGate } from '../../support/tcp-gate.js';

const silent = { log: () => undefined, warn: () => undefined, error: () => undefined };

describe('a database that goes away while calls run', () => {
  // The embedded one goes away with the process only: see kill.spec.ts.
  describeServerDatabase((database) => {
    let root: string;
    beforeAll(() => {
      root = mkdtempSync(join(tmpdir(), 'omnigate-away-'));
    });
    afterAll(() => rmSync(root, { recursive: true, force: true }));

    it('finds every call exactly once when it is back, and no call waited for it', async () => {
      const source = await database.dataSource();
      const url = new URL(database.config.database.url ?? '');
      const gate = new TcpGate(url.hostname, Number(url.port));
      await gate.open();
      url.port = String(gate.port);
      const away = await new DataSource(
        homeOf(loadConfig({ DATABASE_URL: url.href, OMNI_DATABASE_TIMEOUT_MS: '500' })).dataSourceOptions(),
      ).initialize();
      const home = await InstanceDirectory.create(root, Date.now());
      const journal = new Journal({ directory: home.path, maxBytes: 1 << 30, log: silent, queueRows: 1000 });
      const writer = new LedgerWriter({
        ...{ journal, home, root, log: silent, flushMs: 10 },
        sink: new CallRecordRepository(away),
      });
      journal.start();
      writer.start();

      const ids = new Set<string>();
      let asked = 0;
      const callsFor = async (ms: number): Promise<void> => {
        const until = performance.now() + ms;
        while (performance.now() < until) {
          await sleep(1);
          for (let i = 0; i < 10; i += 1) {
            const record = aCallRecord();
            asked += 1;
            journal.begin(beginningOf(record), (error) => {
              if (error !== null) throw error;
              ids.add(record.id);
              journal.append(record);
            });
          }
        }
      };
      for (let outage = 0; outage < 3; outage += 1) {
        await callsFor(200);
        await gate.shut();
        const before = ids.size;
        await callsFor(300);
        // All of them have begun while the database is still away.
        await eventually(() => ids.size === asked && asked > before, 10_000);
        await gate.open();
      }
      await callsFor(100);
      for (let waited = 0; journal.status().recordsWaiting > 0 && waited < 20_000; waited += 20) await sleep(20);

      const rows = await source.query<{ id: string }[]>('SELECT id FROM call_records');
      expect(rows).toHaveLength(ids.size);
      expect(new Set(rows.map(({ id }) => id))).toEqual(ids);
      expect(ids.size).toBeGreaterThan(300);
      expect(journal.state()).toBe('ok');
      await writer.stop(5000);
      await home.release(journal.close());
      await away.destroy();
      await gate.shut();
    }, 60_000);
  });
});

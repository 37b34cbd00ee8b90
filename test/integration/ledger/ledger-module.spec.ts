import { Test, type TestingModule } from '@nestjs/testing';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationModule } from '../../../src/config/configuration.module.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { DatabaseModule } from '../../../src/infra/database/database.module.js';
import { CallRecordRepository } from '../../../src/ledger/call-record.repository.js';
import { Journal } from '../../../src/ledger/journal.js';
import { LedgerModule } from '../../../src/ledger/ledger.module.js';
import { aCallRecord, beginningOf } from '../../support/call-records.js';

describe('the ledger of a gateway', () => {
  const directory = mkdtempSync(join(tmpdir(), 'omnigate-ledger-'));
  const open = async (): Promise<TestingModule> => {
    const config = loadConfig({ OMNI_DATA_DIR: directory });
    const gateway = await Test.createTestingModule({
      imports: [ConfigurationModule.with(config), DatabaseModule, LedgerModule],
    }).compile();
    return gateway.init();
  };
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('has every call in the database after a shutdown, and leaves nothing to read again', async () => {
    const records = [aCallRecord(), aCallRecord({ status: 429, outcome: 'refused' }), aCallRecord()];
    const first = await open();
    const journal = first.get(Journal);
    for (const record of records) journal.append(record);
    expect(journal.status()).toMatchObject({ state: 'ok', unrecorded: 0 });
    await first.close();
    expect(readdirSync(join(directory, 'journal'))).toEqual([]);

    const second = await open();
    expect(await second.get(CallRecordRepository).count()).toBe(3);
    await second.close();
  }, 60_000);

  it('keeps a call that runs at the shutdown for the next start, which says that it died', async () => {
    const record = aCallRecord({ started_at: '2026-11-06T00:00:00.000Z' });
    const first = await open();
    await new Promise((resolve) => first.get(Journal).begin(beginningOf(record), resolve));
    await first.close();
    expect(readdirSync(join(directory, 'journal'))).toHaveLength(1);

    const second = await open();
    const repository = second.get(CallRecordRepository);
    for (let tries = 0; tries < 200 && (await repository.count({ outcome: 'died' })) === 0; tries += 1);
    const { records } = await repository.list({ outcome: 'died' }, { limit: 10 });
    expect(records.map(({ id }) => id)).toEqual([record.id]);
    await second.close();
  }, 60_000);
});

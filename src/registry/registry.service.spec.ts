import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { loadConfig } from '../config/load-config.js';
import { masterKeyFrom } from '../infra/crypto/master-key.js';
import { SecretBox } from '../infra/crypto/secret-box.js';
import type { ChangeListener } from '../infra/database/change-listener.js';
import type { BackendRow, CatalogueRepository, CatalogueRows } from './catalogue.repository.js';
import { PublishedPrices } from './price-list.service.js';
import { Registry } from './registry.service.js';

/** A database whose answers the test gives or withholds. */
class FakeCatalogue {
  now = 1;
  loads = 0;
  running = 0;
  mostRunning = 0;
  away = false;
  latencyMs = 0;
  backends = 0;

  async revision(): Promise<string> {
    await sleep(this.latencyMs);
    if (this.away) throw new Error('away');
    return String(this.now);
  }

  async load(): Promise<CatalogueRows> {
    this.loads += 1;
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    const revision = String(this.now);
    await sleep(this.latencyMs);
    this.running -= 1;
    return {
      revision,
      models: [],
      backends: Array.from({ length: this.backends }, aBackend),
      providers: [],
      credentials: [],
      projectProviders: [],
      prices: [],
    };
  }
}

const aBackend = (_unused: unknown, n: number): BackendRow => ({
  id: `b${n}`,
  model_id: 'none',
  provider_id: null,
  url: 'http://h',
  weight: 1,
  priority: 0,
  timeouts: {},
});

class FakeListener {
  notify: () => void = () => undefined;
  reconnect: () => void = () => undefined;
  listen(_channel: string, callback: () => void): void {
    this.notify = callback;
  }
  onReconnect(callback: () => void): void {
    this.reconnect = callback;
  }
}

async function until(check: () => boolean): Promise<void> {
  for (let waited = 0; !check(); waited += 5) {
    if (waited > 4000) throw new Error('it did not come about');
    await sleep(5);
  }
}

describe('Registry', () => {
  const opened: Registry[] = [];
  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  afterEach(() => opened.splice(0).forEach((registry) => registry.onModuleDestroy()));

  const open = async (pollMs = 60_000) => {
    const [catalogue, listener] = [new FakeCatalogue(), new FakeListener()];
    const config: Config = loadConfig({ OMNI_REGISTRY_POLL_MS: String(pollMs) });
    const registry = new Registry(
      config,
      catalogue as unknown as CatalogueRepository,
      new SecretBox(masterKeyFrom(randomBytes(32).toString('hex'))),
      listener as unknown as ChangeListener,
      new PublishedPrices(),
    );
    opened.push(registry);
    await registry.onModuleInit();
    return { registry, catalogue, listener };
  };

  it('is empty before it was read and never null', () => {
    const registry = new Registry(loadConfig({}), {} as never, {} as never, {} as never, {} as never);
    expect(registry.current().models.size).toBe(0);
    expect(registry.status()).toMatchObject({ fresh: false, models: 0 });
  });

  it('reads once for many notifications, and not at all when nothing changed', async () => {
    const { catalogue, listener, registry } = await open();
    for (let count = 0; count < 50; count += 1) listener.notify();
    await sleep(60);
    expect(catalogue.loads).toBe(1);
    catalogue.now = 2;
    for (let count = 0; count < 50; count += 1) listener.notify();
    await until(() => registry.current().revision === '2');
    expect(catalogue.loads).toBe(2);
  });

  it('answers a refresh with a reading that began after it was asked for, one reading at a time', async () => {
    const { catalogue, registry } = await open();
    catalogue.latencyMs = 15;
    catalogue.now = 2;
    const early = registry.refresh();
    await sleep(20);
    // The running reading has seen revision 2 and would miss this.
    catalogue.now = 3;
    const late = [registry.refresh(), registry.refresh(), registry.refresh()];
    await early;
    expect(registry.current().revision).toBe('2');
    await Promise.all(late);
    expect(registry.current().revision).toBe('3');
    expect(catalogue.mostRunning).toBe(1);
    expect(catalogue.loads).toBe(3);
  });

  it('keeps the last snapshot while the database is away, says it is stale, and comes back by itself', async () => {
    const { catalogue, registry } = await open(50);
    const before = registry.current();
    catalogue.away = true;
    catalogue.now = 2;
    await expect(registry.refresh()).rejects.toThrow('away');
    await until(() => !registry.status().fresh);
    expect(registry.current()).toBe(before);
    catalogue.away = false;
    await until(() => registry.current().revision === '2');
    expect(registry.status().comparedMsAgo).toBeLessThan(150);
  });

  it('compares again after the listener was away', async () => {
    const { catalogue, listener, registry } = await open();
    catalogue.now = 2;
    listener.reconnect();
    await until(() => registry.current().revision === '2');
  });

  it('calls every listener with the new snapshot in force, even if one of them fails', async () => {
    const { catalogue, registry } = await open();
    const seen: boolean[] = [];
    registry.onSwap(() => {
      throw new Error('one listener fails');
    });
    registry.onSwap((snapshot) => seen.push(snapshot === registry.current() && snapshot.revision === '2'));
    catalogue.now = 2;
    await registry.refresh();
    expect(seen).toEqual([true]);
  });

  it('has a change of one’s own in force at once, and soon when the catalogue is large', async () => {
    const { catalogue, registry } = await open();
    catalogue.now = 2;
    catalogue.backends = 2001;
    await registry.catchUp();
    expect(registry.current().revision).toBe('2');
    catalogue.now = 3;
    await registry.catchUp();
    await registry.catchUp();
    expect(registry.current().revision).toBe('2');
    await until(() => registry.current().revision === '3');
    expect(catalogue.loads).toBe(3);
  });

  it('stops with the process: no timer and no notification reads any more', async () => {
    const { catalogue, listener, registry } = await open(50);
    registry.onModuleDestroy();
    catalogue.now = 2;
    listener.notify();
    await sleep(120);
    expect(registry.current().revision).toBe('1');
  });
});

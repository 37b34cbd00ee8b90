import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../config/load-config.js';
import type { ChangeListener } from '../infra/database/change-listener.js';
import type { Caller } from './caller.js';
import type { CallerRepository, FoundCaller } from './caller.repository.js';
import { KeyDirectory } from './key-directory.service.js';
import type { LastUsed } from './last-used.service.js';
import { newSecret, secretHash } from './secret.js';

const NO_LIMIT = { rpm: null, tpm: null, concurrency: null };
const NO_BUDGET = { dailyNanoDollars: null, monthlyNanoDollars: null, enforcement: 'hard', alertPercents: [] } as const;
const KEY = '0197a000-0000-7000-8000-000000000001';
const PROJECT = '0197a000-0000-7000-8000-000000000002';
const ORG = '0197a000-0000-7000-8000-000000000003';

function aCaller(overrides: Partial<Caller> = {}): Caller {
  return {
    keyId: KEY,
    keyName: 'test',
    keyPrefix: 'og-12345678',
    projectId: PROJECT,
    projectName: 'project',
    orgId: ORG,
    orgName: 'org',
    scopes: new Set(['inference']),
    allowedModels: null,
    allowedIps: null,
    expiresAtMs: null,
    enabled: true,
    limits: { key: NO_LIMIT, project: NO_LIMIT, org: NO_LIMIT },
    budgets: { key: NO_BUDGET, project: NO_BUDGET, org: NO_BUDGET },
    modelLimits: { key: null, project: null, org: null },
    timeZone: 'UTC',
    ...overrides,
  };
}

/** A database in memory that can be slow or away. */
class FakeRows {
  readonly callers = new Map<string, Caller>();
  lookups = 0;
  running = 0;
  mostRunning = 0;
  away = false;
  revisionNow = 1;
  gate: Promise<void> = Promise.resolve();

  async byHash(hash: string): Promise<FoundCaller> {
    this.lookups += 1;
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    const found = { caller: this.callers.get(hash) ?? null, revision: this.revisionNow };
    await this.gate;
    await new Promise((resolve) => setImmediate(resolve));
    this.running -= 1;
    if (this.away) throw new Error('connect ECONNREFUSED');
    return found;
  }

  ofStaticToken(): Promise<FoundCaller> {
    this.lookups += 1;
    return this.answer({ caller: aCaller({ keyId: null }), revision: this.revisionNow });
  }

  revision(): Promise<number> {
    return this.answer(this.revisionNow);
  }

  private answer<T>(value: T): Promise<T> {
    return this.away ? Promise.reject(new Error('connect ECONNREFUSED')) : Promise.resolve(value);
  }
}

class FakeListener {
  notify: (payload: string) => void = () => undefined;
  reconnect: () => void = () => undefined;
  listen(_channel: string, onPayload: (payload: string) => void): void {
    this.notify = onPayload;
  }
  onReconnect(callback: () => void): void {
    this.reconnect = callback;
  }
}

const running: KeyDirectory[] = [];

function open(env: Record<string, string> = {}) {
  const rows = new FakeRows();
  const listener = new FakeListener();
  const config = loadConfig({ OMNI_REGISTRY_POLL_MS: '60000', OMNI_DATABASE_POOL_SIZE: '8', ...env });
  const directory = new KeyDirectory(
    config,
    rows as unknown as CallerRepository,
    listener as unknown as ChangeListener,
    { touch: () => undefined } as unknown as LastUsed,
  );
  directory.onModuleInit();
  running.push(directory);
  /** The database tells of a change, as it is told with the revision it makes. */
  const tell = (what: string, skipped = 0): void => {
    rows.revisionNow += 1 + skipped;
    listener.notify(`${what}:${rows.revisionNow}`);
  };
  const issue = (overrides: Partial<Caller> = {}): string => {
    const { secret, hash } = newSecret('og-');
    rows.callers.set(hash, aCaller(overrides));
    return secret;
  };
  return { rows, listener, directory, issue, tell };
}

afterEach(() => {
  for (const directory of running.splice(0)) directory.onModuleDestroy();
});

describe('KeyDirectory', () => {
  it('answers at once for a key it has read before', async () => {
    const { directory, issue, rows } = open();
    const secret = issue();
    await directory.find(secret);
    expect(directory.find(secret)).toMatchObject({ keyId: KEY });
    expect(rows.lookups).toBe(1);
  });

  it('reads a key once when many calls bring it at the same time', async () => {
    const { directory, issue, rows } = open();
    const secret = issue();
    const found = await Promise.all(Array.from({ length: 50 }, () => Promise.resolve(directory.find(secret))));
    expect(found.every((caller) => caller?.keyId === KEY)).toBe(true);
    expect(rows.lookups).toBe(1);
  });

  it('refuses what cannot be a key without asking the database', () => {
    const { directory, rows } = open();
    for (const secret of ['', 'og-', 'sk-abc', `og-${'x'.repeat(44)}`, 'og-1234 \0', 'x'.repeat(10_000)]) {
      expect(directory.find(secret)).toBeNull();
    }
    expect(rows.lookups).toBe(0);
  });

  it('remembers unknown keys, and lets few of a flood of them ask the database at the same time', async () => {
    const { directory, rows } = open();
    const flood = Array.from({ length: 500 }, () => newSecret('og-').secret);
    await Promise.all(flood.map(async (secret) => directory.find(secret)));
    expect(rows.mostRunning).toBe(2);
    expect(directory.find(flood[7] ?? '')).toBeNull();
    expect(rows.lookups).toBe(500);
  });

  it('turns away with 503 what a flood of unknown keys leaves no room for', async () => {
    const { directory } = open();
    const flood = Array.from({ length: 1100 }, () => newSecret('og-').secret);
    const answers = await Promise.allSettled(flood.map(async (secret) => directory.find(secret)));
    const refused = answers.filter((answer) => answer.status === 'rejected');
    expect(refused).toHaveLength(1100 - 1002);
    expect(refused[0]?.reason).toMatchObject({ kind: 'service_unavailable' });
  });

  it('finds a key that was created after it was refused as unknown', async () => {
    const { directory, rows, tell } = open();
    const { secret, hash } = newSecret('og-');
    expect(await directory.find(secret)).toBeNull();
    rows.callers.set(hash, aCaller());
    tell(`key:${KEY}`);
    expect(await directory.find(secret)).toMatchObject({ keyId: KEY });
  });

  it('forgets a key by notification', async () => {
    const { directory, rows, tell, issue } = open();
    const secret = issue();
    await directory.find(secret);
    rows.callers.clear();
    tell(`key:${KEY}`);
    expect(await directory.find(secret)).toBeNull();
  });

  it.each([`project:${PROJECT}`, `org:${ORG}`])('takes over what changed after a change of %s', async (payload) => {
    const { directory, rows, tell, issue } = open();
    const secret = issue();
    await directory.find(secret);
    rows.callers.set(secretHash(secret), aCaller({ orgName: 'renamed' }));
    tell(payload);
    expect(await directory.find(secret)).toMatchObject({ orgName: 'renamed' });
  });

  it('does not remember what it read while the key was being revoked', async () => {
    const { directory, rows, tell, issue } = open();
    const secret = issue();
    let openGate = (): void => undefined;
    rows.gate = new Promise((resolve) => (openGate = resolve));
    const racing = directory.find(secret);
    await new Promise((resolve) => setImmediate(resolve));
    rows.callers.clear();
    tell(`key:${KEY}`);
    openGate();
    await racing;
    expect(await directory.find(secret)).toBeNull();
  });

  it('keeps what it read after a change when the notification of that change comes late', async () => {
    const { directory, rows, listener, issue } = open();
    const secret = issue();
    rows.revisionNow = 2;
    await directory.find(secret);
    listener.notify(`key:${KEY}:2`);
    expect(directory.find(secret)).toMatchObject({ keyId: KEY });
    expect(rows.lookups).toBe(1);
  });

  it('reads everything again when the database was restored to an earlier state', async () => {
    const { directory, rows, issue } = open({ OMNI_REGISTRY_POLL_MS: '50' });
    rows.revisionNow = 9;
    const secret = issue();
    await directory.find(secret);
    await sleep(100);
    rows.callers.clear();
    rows.revisionNow = 3;
    await sleep(150);
    expect(await directory.find(secret)).toBeNull();
  });

  it('stops finding a key the moment it expires', async () => {
    const { directory, issue } = open();
    const soon = Date.now() + 60_000;
    const secret = issue({ expiresAtMs: soon });
    await directory.find(secret);
    expect(directory.find(secret, soon - 1)).not.toBeNull();
    expect(directory.find(secret, soon)).toBeNull();
  });

  it('does not find a disabled key', async () => {
    const { directory, issue } = open();
    expect(await directory.find(issue({ enabled: false }))).toBeNull();
  });

  it('reads again after the listener was cut off, before the key is used', async () => {
    const { directory, rows, listener, issue } = open();
    const secret = issue();
    await directory.find(secret);
    rows.callers.clear();
    listener.reconnect();
    expect(await directory.find(secret)).toBeNull();
  });

  it('goes on with callers already known while the database is away, and asks for no more than one of them a second', async () => {
    const { directory, rows, listener, issue } = open();
    const secrets = [issue(), issue()];
    for (const secret of secrets) await directory.find(secret);
    rows.away = true;
    listener.reconnect();
    expect(await directory.find(secrets[0] ?? '')).toMatchObject({ keyId: KEY });
    expect(directory.find(secrets[1] ?? '')).toMatchObject({ keyId: KEY });
    expect(rows.lookups).toBe(3);
  });

  it('says 503 for an unknown key while the database is away', async () => {
    const { directory, rows, issue } = open();
    const secret = issue();
    rows.away = true;
    await expect(directory.find(secret)).rejects.toMatchObject({ kind: 'service_unavailable', retryAfterSeconds: 1 });
  });

  it('notices by poll that a notification was lost', async () => {
    const { directory, rows, issue } = open({ OMNI_REGISTRY_POLL_MS: '50' });
    const secret = issue();
    await directory.find(secret);
    await sleep(100);
    rows.callers.clear();
    rows.revisionNow = 2;
    await sleep(150);
    expect(await directory.find(secret)).toBeNull();
  });

  it('notices by the revision of the next notification that one was lost', async () => {
    const { directory, rows, tell, issue } = open();
    const secret = issue();
    await directory.find(secret);
    await sleep(20);
    rows.callers.clear();
    tell('key:0197a000-0000-7000-8000-00000000000f', 1);
    expect(await directory.find(secret)).toBeNull();
  });

  it('keeps what is in memory when a notification about another key comes in order', async () => {
    const { directory, rows, tell, issue } = open();
    await sleep(20);
    const secret = issue();
    await directory.find(secret);
    tell('key:0197a000-0000-7000-8000-00000000000f');
    expect(directory.find(secret)).toMatchObject({ keyId: KEY });
    expect(rows.lookups).toBe(1);
  });

  it('takes static tokens for the default project', async () => {
    const { directory, rows } = open({ OMNI_AUTH_TOKENS: 'alpha, beta' });
    expect(await directory.find('beta')).toMatchObject({ keyId: null });
    expect(directory.find('beta')).toMatchObject({ keyId: null });
    expect(directory.find('gamma')).toBeNull();
    expect(rows.lookups).toBe(1);
  });

  it('keeps no more keys in memory than configured', async () => {
    const { directory, rows, issue } = open({ OMNI_KEY_CACHE_SIZE: '100' });
    const secrets = Array.from({ length: 150 }, () => issue());
    for (const secret of secrets) await directory.find(secret);
    expect(directory.find(secrets[149] ?? '')).not.toBeInstanceOf(Promise);
    expect(directory.find(secrets[0] ?? '')).toBeInstanceOf(Promise);
    expect(rows.lookups).toBe(151);
  });
});

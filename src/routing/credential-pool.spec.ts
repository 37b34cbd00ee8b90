import type { CredentialEntry, ProviderEntry } from '../registry/snapshot.js';
import { CredentialPool, type Lease } from './credential-pool.js';

const POLICY = { coolDownMs: 60_000, breakerFailures: 5, breakerMs: 30_000 };

function aProvider(...credentials: Partial<CredentialEntry>[]): ProviderEntry {
  return {
    id: 'p',
    name: 'openai',
    kind: 'openai',
    baseUrl: 'https://api.openai.com/v1',
    options: {},
    active: true,
    credentials: credentials.map((fields, index) => ({
      id: `c${index}`,
      label: `l${index}`,
      secret: `s${index}`,
      rpmLimit: null,
      tpmLimit: null,
      ...fields,
    })),
  };
}

describe('CredentialPool', () => {
  let now: number;
  let pool: CredentialPool;
  beforeEach(() => {
    now = 1_000_000;
    pool = new CredentialPool(POLICY, () => now);
  });

  const take = (provider: ProviderEntry, tokens = 10, tried: string[] = [], model = 'm') =>
    pool.take(provider, model, tokens, tried);
  const idOf = (lease: Lease | null) => lease?.credential.id ?? null;
  const fail = (lease: Lease | null, ...how: [Parameters<CredentialPool['failed']>[1], (number | null)?]) =>
    pool.failed(lease as Lease, how[0], how[1] ?? null);

  it('takes credentials in turn', () => {
    const provider = aProvider({}, {}, {});
    expect([1, 2, 3, 4].map(() => idOf(take(provider)))).toEqual(['c0', 'c1', 'c2', 'c0']);
  });

  it('leaves out those that failed the call already', () => {
    const provider = aProvider({}, {});
    expect(idOf(take(provider, 10, ['c0']))).toBe('c1');
    expect(take(provider, 10, ['c0', 'c1'])).toBeNull();
  });

  it('holds requests per minute of every credential, and says when there is room', () => {
    const provider = aProvider({ rpmLimit: 2 }, { rpmLimit: 1 });
    expect([1, 2, 3, 4].map(() => idOf(take(provider)))).toEqual(['c0', 'c1', 'c0', null]);
    const wait = pool.waitMs(provider, 'm', 10);
    expect(wait).toBeGreaterThan(59_000);
    expect(wait).toBeLessThanOrEqual(61_000);
    now += wait - 1;
    expect(take(provider)).toBeNull();
    now += 1;
    expect(take(provider)).not.toBeNull();
    expect(pool.waitMs(provider, 'm', 10)).toBe(0);
  });

  it('holds tokens per minute by what was estimated until what was used is known', () => {
    const provider = aProvider({ tpmLimit: 100 });
    const first = take(provider, 60);
    expect(take(provider, 60)).toBeNull();
    pool.settle(first as Lease, 20);
    expect(take(provider, 60)).not.toBeNull();
    expect(take(provider, 21)).toBeNull();
    expect(take(provider, 20)).not.toBeNull();
  });

  it('lets a call through that is larger than the limit when nothing else runs, and waits for no other minute', () => {
    const provider = aProvider({ tpmLimit: 100 });
    expect(take(provider, 5000)).not.toBeNull();
    expect(take(provider, 1)).toBeNull();
    expect(pool.waitMs(provider, 'm', 5000)).toBeLessThanOrEqual(61_000);
  });

  it('uses nothing of a limit of nothing', () => {
    expect(take(aProvider({ rpmLimit: 0 }))).toBeNull();
    expect(pool.waitMs(aProvider({ rpmLimit: 0 }), 'm', 1)).toBe(60_000);
  });

  it('gives a failed attempt’s tokens back', () => {
    const provider = aProvider({ tpmLimit: 100 });
    pool.settle(take(provider, 100) as Lease, 0);
    expect(take(provider, 100)).not.toBeNull();
  });

  it('cools down for as long as the vendor says, for that model alone', () => {
    const provider = aProvider({}, {});
    fail(take(provider), 'rate-limit', 5_000);
    expect([1, 2].map(() => idOf(take(provider)))).toEqual(['c1', 'c1']);
    expect(['a', 'b'].map((model) => idOf(take(provider, 10, [], model)))).toEqual(['c0', 'c1']);
    now += 4_999;
    expect(idOf(take(provider, 10, ['c1']))).toBeNull();
    now += 1;
    expect(idOf(take(provider, 10, ['c1']))).toBe('c0');
  });

  it('cools down for a minute where the vendor does not say, and tells the least wait', () => {
    const provider = aProvider({}, {});
    fail(take(provider), 'rate-limit');
    fail(take(provider), 'rate-limit', 7_000);
    expect(take(provider)).toBeNull();
    expect(pool.waitMs(provider, 'm', 10)).toBe(7_000);
    now += 7_000;
    expect(idOf(take(provider))).toBe('c1');
  });

  it('prefers others to a key that is refused, tries it again later, and ever later', () => {
    const provider = aProvider({}, {});
    fail(take(provider), 'authentication');
    expect([1, 2, 3].map(() => idOf(take(provider)))).toEqual(['c1', 'c1', 'c1']);
    now += 30_000;
    const again = take(provider);
    expect(idOf(again)).toBe('c0');
    fail(again, 'authentication');
    now += 59_999;
    expect([1, 2].map(() => idOf(take(provider)))).toEqual(['c1', 'c1']);
    now += 1;
    expect(['c0', 'c1']).toContain(idOf(take(provider)));
    for (let time = 0; time < 20; time += 1) fail(take(provider, 1, ['c1']), 'quota');
    now += 600_000;
    expect([idOf(take(provider)), idOf(take(provider))].sort()).toEqual(['c0', 'c1']);
  });

  it('still uses a refused key where there is no other', () => {
    const provider = aProvider({});
    fail(take(provider), 'authentication');
    fail(take(provider), 'permission');
    expect(idOf(take(provider))).toBe('c0');
    expect(pool.waitMs(provider, 'm', 10)).toBe(0);
  });

  it('holds a refused permission against the model alone', () => {
    const provider = aProvider({}, {});
    fail(take(provider, 1, [], 'special'), 'permission');
    expect([1, 2].map(() => idOf(take(provider, 1, [], 'special')))).toEqual(['c1', 'c1']);
    expect(idOf(take(provider, 1, [], 'other'))).toBe('c0');
  });

  it('forgets what it held against a key whose secret was replaced', () => {
    fail(take(aProvider({}, {})), 'authentication');
    const renewed = aProvider({ secret: 'new' }, {});
    expect([idOf(take(renewed)), idOf(take(renewed))].sort()).toEqual(['c0', 'c1']);
  });

  it('trips after five failures in a row, and lets one call at a time try', () => {
    const provider = aProvider({});
    for (let time = 0; time < 4; time += 1) fail(take(provider), 'server');
    expect(take(provider)).not.toBeNull();
    fail(take(provider), 'timeout');
    expect(take(provider)).toBeNull();
    expect(take(provider, 10, [], 'another model')).not.toBeNull();
    expect(pool.waitMs(provider, 'm', 10)).toBe(30_000);
    now += 30_000;
    const trial = take(provider);
    expect(trial).not.toBeNull();
    expect(take(provider)).toBeNull();
    fail(trial, 'server');
    now += 29_999;
    expect(take(provider)).toBeNull();
    now += 1;
    const second = take(provider) as Lease;
    pool.succeeded(second);
    expect([take(provider), take(provider)]).not.toContain(null);
  });

  it('opens the trial to the next call when its caller left', () => {
    const provider = aProvider({});
    for (let time = 0; time < 5; time += 1) fail(take(provider), 'server');
    now += 30_000;
    const trial = take(provider) as Lease;
    expect(take(provider)).toBeNull();
    pool.abandoned(trial);
    expect(take(provider)).not.toBeNull();
  });

  it('holds nothing against anybody for what the caller did wrong', () => {
    const provider = aProvider({});
    for (let time = 0; time < 50; time += 1) {
      for (const kind of ['invalid-request', 'not-found', 'too-large', 'context-length', 'content-filter'] as const) {
        fail(take(provider), kind, 60_000);
      }
    }
    expect(take(provider)).not.toBeNull();
  });

  it('a success between failures starts the count anew', () => {
    const provider = aProvider({});
    for (let time = 0; time < 20; time += 1) {
      fail(take(provider), 'server');
      if (time % 4 === 3) pool.succeeded(take(provider) as Lease);
    }
    expect(take(provider)).not.toBeNull();
  });

  it('keeps no more than a hundred models a credential', () => {
    const provider = aProvider({});
    for (let model = 0; model < 150; model += 1) fail(take(provider, 1, [], `m${model}`), 'rate-limit');
    expect(take(provider, 1, [], 'm149')).toBeNull();
    expect(take(provider, 1, [], 'm0')).not.toBeNull();
  });

  it('forgets what the catalogue no longer has', () => {
    const provider = aProvider({ rpmLimit: 1 });
    take(provider);
    pool.keepOnly([provider]);
    expect(take(provider)).toBeNull();
    pool.keepOnly([]);
    expect(take(provider)).not.toBeNull();
  });
});

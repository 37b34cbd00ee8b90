import { priceCard, RATE_NAMES, type PriceCard } from '../../libs/protocol/index.js';
import { PriceBook, type PublishedPriceList } from './price-book.js';
import { cardAt, type PricePeriod } from './price-period.js';
import type { PriceRow } from './price-row.js';
import type { ModelEntry, ProviderEntry } from './snapshot.js';

const PROVIDER = { id: 'p1', name: 'acme' } as ProviderEntry;
const NO_RATES = Object.fromEntries(Object.values(RATE_NAMES).map((name) => [name, null]));

const aRow = (fields: Partial<PriceRow>): PriceRow => ({
  ...(NO_RATES as unknown as PriceRow),
  id: 'row',
  provider_id: null,
  model: 'm',
  input: '1',
  output: '1',
  per_request: null,
  per_web_search: null,
  per_audio_hour: null,
  tiers: [],
  from_ms: null,
  to_ms: null,
  ...fields,
});
const aModel = (upstreamModel: string) => ({ upstreamModel }) as ModelEntry;
const aCard = (id: string): PriceCard =>
  priceCard({ id, source: 'published', provider: 'acme', model: 'm', rates: { input: 1, output: 1 } });
const always = (id: string): PricePeriod => ({ fromMs: -Infinity, toMs: Infinity, daily: null, card: aCard(id) });

class FakeList implements PublishedPriceList {
  asked = 0;

  find(): readonly PricePeriod[] {
    this.asked += 1;
    return [always('published')];
  }
}

describe('PriceBook', () => {
  const list = new FakeList();
  const book = (...rows: PriceRow[]) => new PriceBook(rows, new Map([['p1', PROVIDER]]), list);
  const idAt = (prices: PriceBook, model: string, provider: ProviderEntry | null, atMs = 0) =>
    prices.priceAt(aModel(model), provider, atMs)?.id;

  it('takes the provider before the name, the name before a pattern, and the longer pattern first', () => {
    const prices = book(
      aRow({ id: 'any', model: '*' }),
      aRow({ id: 'short', model: 'gpt-*' }),
      aRow({ id: 'long', model: 'gpt-4*' }),
      aRow({ id: 'exact', model: 'GPT-4o' }),
      aRow({ id: 'of acme', model: 'gpt-4o*', provider_id: 'p1' }),
      aRow({ id: 'of a provider that is not active', model: '*', provider_id: 'p2' }),
    );
    expect(idAt(prices, 'gpt-4o', PROVIDER)).toBe('of acme');
    expect(idAt(prices, 'gpt-4o', null)).toBe('exact');
    expect(idAt(prices, 'gpt-4-turbo', PROVIDER)).toBe('long');
    expect(idAt(prices, 'gpt-5', PROVIDER)).toBe('short');
    expect(idAt(prices, 'claude', { ...PROVIDER, id: 'p2' })).toBe('any');
  });

  it('falls back to what is behind while a price does not hold', () => {
    const prices = book(
      aRow({ id: 'march', from_ms: '3000', to_ms: '4000' }),
      aRow({ id: 'later', from_ms: '5000' }),
      aRow({ id: 'pattern', model: '*', to_ms: '4500' }),
    );
    const at = (atMs: number) => idAt(prices, 'm', null, atMs);
    expect([2999, 3000, 3999, 4000, 4499, 4500, 4999, 5000].map(at)).toEqual([
      'pattern',
      'march',
      'march',
      'pattern',
      'pattern',
      'published',
      'published',
      'later',
    ]);
  });

  it('looks a model up once, however many calls it serves', () => {
    const prices = book();
    const model = aModel('m');
    list.asked = 0;
    for (let call = 0; call < 100; call += 1) {
      prices.priceAt(model, PROVIDER, call);
      prices.priceAt(model, null, call);
    }
    expect(list.asked).toBe(2);
  });
});

describe('a price by the time of day', () => {
  const night = (fromSecond: number, toSecond: number): PricePeriod[] => [
    { ...always('night'), daily: { fromSecond, toSecond } },
    always('day'),
  ];
  const at = (periods: PricePeriod[], time: string) => cardAt(periods, Date.parse(`2026-11-01T${time}Z`))?.id;

  it('holds from its first second to before its last, over midnight too', () => {
    const over = night(23 * 3600, 3600);
    expect(['22:59:59.999', '23:00:00', '00:00:00', '00:59:59.999', '01:00:00'].map((time) => at(over, time))).toEqual([
      'day',
      'night',
      'night',
      'night',
      'day',
    ]);
    expect(at(night(3600, 7200), '01:30:00')).toBe('night');
    expect(cardAt(night(23 * 3600, 3600), -1)?.id).toBe('night');
  });
});

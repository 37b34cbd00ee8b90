import type { PriceCard } from '../../libs/protocol/index.js';
import { cardAt, type PricePeriod } from './price-period.js';
import { periodOf, type PriceRow } from './price-row.js';
import type { ModelEntry, PriceLookup, ProviderEntry } from './snapshot.js';

/** The published prices of a model, the one that wins first; empty: none is known. */
export interface PublishedPriceList {
  find(provider: ProviderEntry | null, model: string): readonly PricePeriod[];
}

/** Own prices of one provider, or of any: by exact name, and by prefix with the longest first. */
interface Shelf {
  readonly exact: Map<string, PricePeriod[]>;
  readonly prefixes: (readonly [prefix: string, PricePeriod])[];
}

const ANY_PROVIDER = '';

/**
 * Which price holds for a model at a provider at a moment: an own price for both, else an own price for the model, else a published
 * one; an exact name before a pattern, a longer pattern before a shorter. What was found is kept with the model, so that a call
 * costs two lookups and a comparison of dates. Immutable, as the snapshot it belongs to.
 */
export class PriceBook implements PriceLookup {
  private readonly shelves = new Map<string, Shelf>();
  /** Held by the models of the snapshot and freed with them. */
  private readonly found = new WeakMap<ModelEntry, Map<ProviderEntry | null, readonly PricePeriod[]>>();

  constructor(
    rows: readonly PriceRow[],
    providersById: ReadonlyMap<string, ProviderEntry>,
    private readonly published: PublishedPriceList,
  ) {
    for (const row of rows) {
      const provider = row.provider_id === null ? null : providersById.get(row.provider_id);
      // A provider that is not active serves nothing.
      if (provider !== undefined) this.add(row, periodOf(row, provider?.name ?? null));
    }
    for (const { prefixes } of this.shelves.values()) prefixes.sort(([a], [b]) => b.length - a.length);
  }

  priceAt(model: ModelEntry, provider: ProviderEntry | null, atMs: number): PriceCard | null {
    let byProvider = this.found.get(model);
    if (byProvider === undefined) {
      byProvider = new Map();
      this.found.set(model, byProvider);
    }
    let periods = byProvider.get(provider);
    if (periods === undefined) {
      periods = this.find(provider, model.upstreamModel);
      byProvider.set(provider, periods);
    }
    return cardAt(periods, atMs);
  }

  private find(provider: ProviderEntry | null, model: string): readonly PricePeriod[] {
    const name = model.toLowerCase();
    const own = provider === null ? [] : onShelf(this.shelves.get(provider.id), name);
    return [...own, ...onShelf(this.shelves.get(ANY_PROVIDER), name), ...this.published.find(provider, model)];
  }

  private add(row: PriceRow, period: PricePeriod): void {
    const key = row.provider_id ?? ANY_PROVIDER;
    let shelf = this.shelves.get(key);
    if (shelf === undefined) {
      shelf = { exact: new Map(), prefixes: [] };
      this.shelves.set(key, shelf);
    }
    const model = row.model.toLowerCase();
    if (model.endsWith('*')) shelf.prefixes.push([model.slice(0, -1), period]);
    else shelf.exact.set(model, [...(shelf.exact.get(model) ?? []), period]);
  }
}

function onShelf(shelf: Shelf | undefined, model: string): PricePeriod[] {
  if (shelf === undefined) return [];
  const byPrefix = shelf.prefixes.filter(([prefix]) => model.startsWith(prefix)).map(([, period]) => period);
  return [...(shelf.exact.get(model) ?? []), ...byPrefix];
}

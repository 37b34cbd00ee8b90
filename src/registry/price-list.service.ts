import { Injectable, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { latestNames, listedElsewhere, onlyVendorOf, type ListedName } from './price-aliases.js';
import type { PublishedPriceList } from './price-book.js';
import { publishedPeriods } from './price-list-card.js';
import type { PricePeriod } from './price-period.js';
import type { ProviderEntry } from './snapshot.js';

/** Models looked up and kept, over all providers. */
const MAX_FOUND = 20_000;
type Library = typeof import('@pydantic/genai-prices');

/**
 * The prices vendors publish, as `@pydantic/genai-prices` collects them, with its rules of which name is which model. The list is
 * loaded while the database is being opened (about 30 ms); without it nothing has a published price.
 */
@Injectable()
export class PublishedPrices implements PublishedPriceList, OnModuleInit {
  private library: Library | null = null;
  private readonly found = new LRUCache<string, readonly PricePeriod[]>({ max: MAX_FOUND });

  async onModuleInit(): Promise<void> {
    this.library ??= await import('@pydantic/genai-prices');
  }

  /**
   * A provider is known by its base URL, else by its name.
   * @param model the upstream's name for it
   */
  find(provider: ProviderEntry | null, model: string): readonly PricePeriod[] {
    if (this.library === null) return [];
    const key = `${provider?.baseUrl ?? ''} ${provider?.name ?? ''} ${model}`;
    let periods = this.found.get(key);
    if (periods === undefined) {
      periods = this.lookUp(this.library, provider, model);
      this.found.set(key, periods);
    }
    return periods;
  }

  private lookUp(library: Library, provider: ProviderEntry | null, model: string): readonly PricePeriod[] {
    const known = vendorOf(library, provider);
    const vendor = known ?? onlyVendorOf(model);
    const names = [...(vendor === undefined ? [] : [{ vendor, model }]), ...listedElsewhere(known, provider, model)];
    for (const name of names) {
      const periods = listed(library, name);
      if (periods.length > 0) return periods;
    }
    return [];
  }
}

function listed(library: Library, { vendor, model }: ListedName): readonly PricePeriod[] {
  // Without usage it costs nothing to ask; what is wanted is the model its rules find.
  const priced = library.calcPrice({}, model, { providerId: vendor });
  if (priced !== null) return publishedPeriods(priced.provider.id, priced.model);
  const entry = library.findProvider({ providerId: vendor });
  if (entry === undefined) return [];
  const names = latestNames(
    model,
    entry.models.map(({ id }) => id),
  );
  return names.flatMap(({ model: name, fromMs }) => {
    const found = entry.models.find(({ id }) => id === name);
    const periods = found === undefined ? [] : publishedPeriods(entry.id, found);
    return periods.map((period) => ({ ...period, fromMs: Math.max(period.fromMs, fromMs) }));
  });
}

function vendorOf({ findProvider }: Library, provider: ProviderEntry | null): string | undefined {
  if (provider === null) return undefined;
  return (findProvider({ providerApiUrl: provider.baseUrl }) ?? findProvider({ providerId: provider.name }))?.id;
}

import { Injectable } from '@nestjs/common';
import { GatewayError, nanoDollars, priceCard, type PriceCard } from '../../libs/protocol/index.js';
import { Config } from '../config/config.js';
import { Registry } from './registry.service.js';
import type { ModelEntry, ProviderEntry } from './snapshot.js';

/** What calls are charged: by the catalogue or, where that knows no price, by the policy for unknown prices. */
@Injectable()
export class Prices {
  private readonly unknown: PriceCard;
  private readonly refusesUnknown: boolean;

  constructor(
    private readonly registry: Registry,
    config: Config,
  ) {
    this.unknown = unknownPrice(config.pricing);
    this.refusesUnknown = config.pricing.unknownPolicy === 'refuse';
  }

  /**
   * The price that holds at `atMs` (epoch ms), the start of the call. Its `source` says whether it is known (`own`, `published`) or
   * what the policy puts in its place (`default`, or `unknown`: nothing is charged).
   */
  priceAt(model: ModelEntry, provider: ProviderEntry | null, atMs: number): PriceCard {
    return this.registry.current().prices.priceAt(model, provider, atMs) ?? this.unknown;
  }

  /**
   * To be asked before a call is sent.
   * @throws GatewayError 403 `price_unknown` when the policy is to refuse, and the price is unknown at a backend of the model
   */
  expectKnown(model: ModelEntry, atMs: number): void {
    if (!this.refusesUnknown) return;
    for (const { provider } of model.backends) {
      if (isKnownPrice(this.priceAt(model, provider, atMs))) continue;
      throw new GatewayError('model_not_allowed', `The price of "${model.name}" is unknown, so it may not be called.`, {
        code: 'price_unknown',
        param: 'model',
      });
    }
  }
}

/** Whether somebody published the price or wrote it down, as opposed to the policy for unknown prices. */
export function isKnownPrice(card: PriceCard): boolean {
  return card.source === 'own' || card.source === 'published';
}

function unknownPrice({ unknownPolicy, defaultInput, defaultOutput }: Config['pricing']): PriceCard {
  if (unknownPolicy !== 'default') {
    return priceCard({ id: 'unknown', source: 'unknown', provider: null, model: '*', rates: { input: 0, output: 0 } });
  }
  const rates = { input: nanoDollars(defaultInput) ?? 0, output: nanoDollars(defaultOutput) ?? 0 };
  return priceCard({ id: 'default', source: 'default', provider: null, model: '*', rates });
}

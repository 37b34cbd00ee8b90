import type { RateKind, TierSpec } from '../../libs/protocol/index.js';
import type { Patch, Stamped } from './catalogue.js';

/** Nano-dollars per million tokens; `null`: none of its own. */
type OptionalRates = { readonly [K in RateKind]: number | null };

/** A price the administrator wrote down. */
export interface Price extends Stamped, OptionalRates {
  /** `null`: whoever serves the model. */
  readonly providerId: string | null;
  /** The upstream's name for the model, in any case; one ending in `*` means all that begin so. */
  readonly model: string;
  readonly input: number;
  readonly output: number;
  /** Nano-dollars each. */
  readonly perRequest: number | null;
  readonly perWebSearch: number | null;
  readonly perAudioHour: number | null;
  readonly tiers: readonly TierSpec[];
  /** `null`: since ever. */
  readonly effectiveFrom: Date | null;
  /** The first moment it does not hold any more; `null`: until further notice. */
  readonly effectiveTo: Date | null;
}

export type PricePatch = Patch<Price>;
export type PriceDraft = PricePatch & Pick<Price, 'model' | 'input' | 'output'>;

import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Config } from '../config/config.js';
import type { Exchange } from '../exchange/exchange.js';
import { exchangeOf, requestOf } from '../exchange/exchange-opening.js';
import type { StatedClaim } from '../exchange/stated-claim.js';
import type { ModelEntry } from '../registry/snapshot.js';
import type { Caller } from '../tenancy/caller.js';
import { claimSheet, NO_MODEL, type DefaultLimits } from './claim-sheet.js';

/** States what a call claims of its requests, tokens and slots. Decides nothing: AdmissionGuard takes all claims at once. */
@Injectable()
export class RateLimitGuard implements CanActivate {
  /** Callers and models are immutable and replaced when they change, so what was worked out for them stays true. */
  private readonly sheets = new WeakMap<Caller, WeakMap<ModelEntry, readonly StatedClaim[]>>();
  private readonly defaults: DefaultLimits;

  constructor(private readonly config: Config) {
    const { limits } = config;
    this.defaults = {
      key: { rpm: limits.defaultRpm, tpm: limits.defaultTpm, concurrency: limits.defaultConcurrency },
      project: { rpm: limits.projectRpm, tpm: limits.projectTpm, concurrency: limits.projectConcurrency },
      org: { rpm: limits.orgRpm, tpm: limits.orgTpm, concurrency: limits.orgConcurrency },
    };
  }

  canActivate(context: ExecutionContext): boolean {
    const exchange = exchangeOf(requestOf(context));
    const { caller, modelEntry } = exchange;
    if (caller === null || modelEntry === null) throw new Error('AuthGuard and DecodeGuard come first');
    const claims = this.sheet(caller, modelEntry);
    if (claims.length > 0) exchange.state(claims, amountsOf(claims, exchange));
    return true;
  }

  /** The limits of a caller that hold whatever the model. */
  generalClaims(caller: Caller): readonly StatedClaim[] {
    return claimSheet(caller, NO_MODEL, this.defaults, this.config.limits.whenCountersDown);
  }

  private sheet(caller: Caller, model: ModelEntry): readonly StatedClaim[] {
    let ofCaller = this.sheets.get(caller);
    if (ofCaller === undefined) {
      ofCaller = new WeakMap();
      this.sheets.set(caller, ofCaller);
    }
    let sheet = ofCaller.get(model);
    if (sheet === undefined) {
      sheet = claimSheet(caller, model, this.defaults, this.config.limits.whenCountersDown);
      ofCaller.set(model, sheet);
    }
    return sheet;
  }
}

/**
 * One request, one slot, and tokens by estimate. An answer's length is a guess, and one above the whole limit could never be
 * admitted: the guess is cut to what the limit holds, as long as the prompt itself fits.
 */
function amountsOf(claims: readonly StatedClaim[], { promptTokensEstimate, outputTokensCap }: Exchange): number[] {
  const estimate = promptTokensEstimate + outputTokensCap;
  const amounts: number[] = [];
  for (const { subject, limit } of claims) {
    if (subject !== 'tokens') amounts.push(1);
    else amounts.push(estimate <= limit ? estimate : Math.max(Number(limit), promptTokensEstimate));
  }
  return amounts;
}

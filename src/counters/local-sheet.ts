import type { Amount } from './amount.js';
import { checkLimits, commonPrefix, leaseOf, type Claim } from './claim.js';
import type { LocalCounter } from './local-counter.js';

/** What the store of a process works out for a list of claims once, to have it at hand when the same list comes again. */
export class LocalSheet {
  /** Where each claim's counter was found last; `null`: not yet. It may have been dropped since. */
  readonly counters: (LocalCounter | null)[];
  readonly limits: readonly Amount[];
  readonly kinds: readonly Claim['window']['kind'][];
  /** 0: no slots among them. */
  readonly leaseMs: number;
  /** Whether the end of a hold's life gives anything back, then or later. */
  readonly releases: boolean;
  readonly lingers: boolean;

  /** @throws TypeError for claims that are mistakes in the program */
  constructor(readonly claims: readonly Claim[]) {
    commonPrefix(claims);
    checkLimits(claims);
    this.counters = claims.map(() => null);
    this.limits = claims.map(({ limit }) => limit);
    this.kinds = claims.map(({ window }) => window.kind);
    this.leaseMs = leaseOf(claims);
    this.releases = claims.some(({ onExpiry, window }) => onExpiry !== 'charge' && window.kind !== 'slots');
    this.lingers = claims.some(({ onExpiry }) => onExpiry === 'linger');
  }
}

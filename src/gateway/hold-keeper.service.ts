import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CounterStore } from '../counters/counter.store.js';
import type { Exchange } from '../exchange/exchange.js';
import { Exchanges } from '../exchange/exchanges.service.js';
import type { StatedClaim } from '../exchange/stated-claim.js';

/** How often the counters hear what running streams have used so far. */
const TRACK_MS = 250;
/** How often holds and slots of running calls are renewed: several times within the life of a hold. */
const RENEW_MS = 15_000;

/**
 * Keeps the counters true while calls run: a stream's tokens count before it ends, as soon as they are more than were claimed,
 * and no hold of a living call runs out.
 */
@Injectable()
export class HoldKeeper implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | null = null;
  private renewedAt = performance.now();

  constructor(
    private readonly counters: CounterStore,
    private readonly exchanges: Exchanges,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.round(), TRACK_MS).unref();
  }

  onModuleDestroy(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  private round(): void {
    const now = performance.now();
    const renews = now - this.renewedAt >= RENEW_MS;
    if (renews) this.renewedAt = now;
    for (const exchange of this.exchanges.running()) {
      if (exchange.hold === null) continue;
      if (!this.track(exchange) && renews) this.counters.renew(exchange.hold);
    }
  }

  /** Says whether the counters were told; that renews the hold as well. */
  private track(exchange: Exchange): boolean {
    const { hold, meter, claims } = exchange;
    if (hold === null || meter === null) return false;
    const tokens = meter.tokensSoFar();
    if (tokens <= exchange.trackedTokens) return false;
    exchange.trackedTokens = tokens;
    if (!claims.some((claim) => claim.subject === 'tokens' && tokens > Number(claim.amount))) return false;
    this.counters.adjust(
      hold,
      claims.map((claim) => soFar(claim, tokens)),
    );
    return true;
  }
}

/** Never less than was claimed: what is not used is given back at the end, not before. */
function soFar(claim: StatedClaim, tokens: number): number | null {
  return claim.subject === 'tokens' ? Math.max(tokens, Number(claim.amount)) : null;
}

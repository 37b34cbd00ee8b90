import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { costOf, usageOf } from '../../libs/protocol/index.js';
import { LOST_COUNTERS_CHANNEL } from '../budget/lost-counters.repository.js';
import { CounterStore, type Actual } from '../counters/counter.store.js';
import type { Exchange } from '../exchange/exchange.js';
import { Exchanges } from '../exchange/exchanges.service.js';
import { ChangeListener } from '../infra/database/change-listener.js';

/** How often the counters hear what running streams have used so far. */
const TRACK_MS = 250;
/** How often holds and slots of running calls are renewed: several times within the life of a hold. */
const RENEW_MS = 15_000;

/**
 * Keeps the counters true while calls run: a stream's tokens and their cost count before it ends, as soon as they are more than
 * were claimed, no hold of a living call runs out, and counters that were lost hear at once what calls under way reserve.
 */
@Injectable()
export class HoldKeeper implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | null = null;
  private renewedAt = performance.now();

  constructor(
    private readonly counters: CounterStore,
    private readonly exchanges: Exchanges,
    private readonly listener: ChangeListener,
  ) {}

  onApplicationBootstrap(): void {
    this.listener.listen(LOST_COUNTERS_CHANNEL, (orgId) => this.sayAgain(orgId));
    this.timer = setInterval(() => this.round(), TRACK_MS).unref();
  }

  onModuleDestroy(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  private sayAgain(orgId: string): void {
    this.exchanges.forEachRunning(({ caller, hold }) => {
      if (hold !== null && caller?.orgId === orgId) this.counters.renew(hold);
    });
    void this.counters.flush();
  }

  private round(): void {
    const now = performance.now();
    const renews = now - this.renewedAt >= RENEW_MS;
    if (renews) this.renewedAt = now;
    this.exchanges.forEachRunning((exchange) => {
      if (exchange.hold === null) return;
      if (!this.track(exchange) && renews) this.counters.renew(exchange.hold);
    });
  }

  /** Says whether the counters were told; that renews the hold as well. */
  private track(exchange: Exchange): boolean {
    const { hold, meter } = exchange;
    if (hold === null || meter === null) return false;
    const tokens = meter.tokensSoFar();
    if (tokens <= exchange.trackedTokens) return false;
    exchange.trackedTokens = tokens;
    const costNanoDollars = costSoFar(exchange, tokens);
    const used = beyondClaims(exchange, tokens, costNanoDollars);
    if (used === null) return false;
    this.counters.adjust(hold, used);
    return true;
  }
}

/** What the answer costs as far as it has come; 0 where nobody knows the price. */
function costSoFar({ price, promptTokensEstimate }: Exchange, tokens: number): number {
  if (price === null || price.source === 'unknown') return 0;
  const promptTokens = Math.min(promptTokensEstimate, tokens);
  return costOf(usageOf({ promptTokens, completionTokens: tokens - promptTokens }), price);
}

/**
 * What is used so far, one a claim; `null` while it is within what was claimed, for what is not used is given back at the end,
 * not before. `null` altogether when that is so of every claim.
 */
function beyondClaims({ claims, amounts }: Exchange, tokens: number, costNanoDollars: number): Actual | null {
  const used = claims.map(({ subject }, i) => {
    const soFar = subject === 'tokens' ? tokens : subject === 'budget' ? costNanoDollars : 0;
    return soFar > (amounts[i] as number) ? soFar : null;
  });
  return used.every((amount) => amount === null) ? null : used;
}

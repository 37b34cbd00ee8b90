import type { ExecutionContext } from '@nestjs/common';
import type { BudgetAlerts } from '../budget/budget-alerts.service.js';
import { InProcessCounterStore } from '../counters/in-process-counter.store.js';
import type { Claim } from '../counters/claim.js';
import type { TakeOptions, TakeResult } from '../counters/counter.store.js';
import { Exchange } from '../exchange/exchange.js';
import type { Exchanges } from '../exchange/exchanges.service.js';
import type { StatedClaim } from '../exchange/stated-claim.js';
import type { CallBeginning } from '../ledger/call-record.js';
import type { Journal } from '../ledger/journal.js';
import { AdmissionGuard } from './admission.guard.js';

const BUDGET: StatedClaim = {
  counter: 'og:{o}:budget:key:k',
  amount: 0,
  limit: 100,
  window: { kind: 'calendar', bucket: '2026-11-21', expiresAtMs: Date.now() + 1000 },
  onExpiry: 'charge',
  onUnavailable: 'closed',
  subject: 'budget',
  level: 'key',
  model: null,
  period: 'daily',
  softLimit: null,
  watchFrom: Number.POSITIVE_INFINITY,
};

/** Counters that answer when they are let. */
class SlowCounters extends InProcessCounterStore {
  answer: () => void = () => undefined;

  override take(claims: readonly Claim[], options: TakeOptions): Promise<TakeResult> {
    const gate = new Promise<void>((resolve) => (this.answer = resolve));
    return gate.then(() => super.take(claims, options));
  }
}

describe('AdmissionGuard', () => {
  const began: CallBeginning[] = [];
  const journal = {
    begin: (beginning: CallBeginning, onDurable: (error: Error | null) => void) => {
      began.push(beginning);
      onDurable(null);
    },
    afterWrite: (work: () => void) => setImmediate(work),
  } as unknown as Journal;
  const alerts = { ended: () => undefined, refused: () => undefined } as unknown as BudgetAlerts;
  let counters: SlowCounters;
  let guard: AdmissionGuard;

  beforeEach(() => {
    began.length = 0;
    counters = new SlowCounters();
    guard = new AdmissionGuard(journal, { draining: false } as unknown as Exchanges, counters, alerts);
  });

  function opened(): { exchange: Exchange; context: ExecutionContext } {
    const exchange = new Exchange({
      id: 'x',
      requestId: 'x',
      path: '/',
      dialect: 'openai-chat',
      method: 'POST',
      startedAtMs: 0,
    });
    exchange.state([BUDGET], [70]);
    const context = { getArgByIndex: () => ({ exchange }) } as unknown as ExecutionContext;
    return { exchange, context };
  }

  it('tells the journal what the budgets keep should the call die', async () => {
    const { context } = opened();
    const admitted = guard.canActivate(context);
    counters.answer();
    await expect(admitted).resolves.toBe(true);
    expect(began).toMatchObject([{ id: 'x', cost_nano_dollars: '70' }]);
  });

  it('gives everything back, and begins nothing, when the caller leaves while the counters are asked', async () => {
    const { exchange, context } = opened();
    const admitted = guard.canActivate(context);
    exchange.finish({ outcome: 'hung_up', usage: null, usageSource: 'none' }, () => undefined);
    counters.answer();
    await admitted;
    await new Promise((resolve) => setImmediate(resolve));
    expect(began).toEqual([]);
    expect(counters.read([BUDGET])).toMatchObject([{ used: 0 }]);
  });
});

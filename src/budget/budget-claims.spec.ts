import { Calendar } from '../tenancy/calendar.js';
import { budgetClaims } from './budget-claims.js';

const NOW = new Calendar().at('UTC', Date.UTC(2026, 10, 21));

describe('claims of budgets', () => {
  const hard = { dailyNanoDollars: 5, monthlyNanoDollars: null, enforcement: 'hard', alertPercents: [] } as const;
  const soft = { ...hard, enforcement: 'soft' } as const;

  it('say what becomes of them while Redis is away and when the process dies, as it is set', () => {
    const terms = (
      budgetsWhenCountersDown: 'open' | 'closed',
      budgetsOfDeadCalls: 'release' | 'charge',
      key: typeof hard | typeof soft = hard,
    ) => {
      const none = { ...hard, dailyNanoDollars: null };
      const budgets = { key, project: none, org: none };
      const caller = { orgId: 'o', projectId: 'p', keyId: 'k', keyPrefix: 'og-1', budgets };
      const claims = budgetClaims(caller, NOW, { budgetsWhenCountersDown, budgetsOfDeadCalls });
      expect(claims).toHaveLength(1);
      return [claims[0]?.onUnavailable, claims[0]?.onExpiry];
    };
    expect(terms('closed', 'release')).toEqual(['closed', 'linger']);
    expect(terms('open', 'charge')).toEqual(['open', 'charge']);
    expect(terms('closed', 'charge', soft)).toEqual(['open', 'charge']);
  });
});

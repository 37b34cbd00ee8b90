/** Tokens for an effort, as Google publishes them for its OpenAI-compatible surface, and twice that above. */
const BUDGETS: Readonly<Record<string, number>> = {
  minimal: 1024,
  low: 1024,
  medium: 8192,
  high: 24_576,
  xhigh: 32_768,
  max: 65_536,
};

/** A budget in tokens for an effort; `undefined` for a word nobody knows. */
export function budgetOfEffort(effort: string): number | undefined {
  return Object.hasOwn(BUDGETS, effort) ? BUDGETS[effort] : undefined;
}

/** The effort whose budget is not above the given one; it says less than the number, so that is a loss. */
export function effortOfBudget(tokens: number): 'low' | 'medium' | 'high' {
  return tokens < 8192 ? 'low' : tokens < 24_576 ? 'medium' : 'high';
}

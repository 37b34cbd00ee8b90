/** The claims of a call whose key, project and organisation all have limits and budgets, none of which is ever reached. */
const DAY = { kind: 'calendar', bucket: '2026-11-21', expiresAtMs: Date.now() + 43_200_000 };
const MONTH = { kind: 'calendar', bucket: '2026-11', expiresAtMs: Date.now() + 900_000_000 };
const MINUTE = { kind: 'sliding', ms: 60_000 };
const SLOT = { kind: 'slots', leaseMs: 60_000 };
const AMOUNTS = { requests: 1, tokens: 1_500, concurrency: 1, spend: 9_000_123 };

/** As the gateway names counters: level and id first, so that one thing's counters stand together. */
export function claimsOf(org, project, key) {
  const claims = [];
  for (const [level, id] of [
    ['key', key],
    ['project', project],
    ['org', org],
  ]) {
    const claim = (what, limit, window, onExpiry) => ({
      counter: `og:{${org}}:${level}:${id}:${what}`,
      amount: AMOUNTS[what],
      limit,
      window,
      onExpiry,
      onUnavailable: 'open',
    });
    claims.push(
      claim('requests', 1e9, MINUTE, 'charge'),
      claim('concurrency', 1e6, SLOT, 'release'),
      claim('tokens', 1e12, MINUTE, 'release'),
      claim('spend', 1e15, DAY, 'charge'),
      claim('spend', 2e15, MONTH, 'charge'),
    );
  }
  return claims;
}

/** `count` keys in ten organisations; a negative count: as many organisations with one key each. */
export function callers(count, { prefix }) {
  return Array.from({ length: Math.abs(count) }, (_unused, i) => {
    const org = `${prefix}-o${count < 0 ? i : i % 10}`;
    const claims = claimsOf(org, `${prefix}-p${i % 100}-${org}`, `${prefix}-k${i}`);
    return { claims, amounts: claims.map(({ amount }) => amount) };
  });
}

/** What the call used: fewer tokens and less money than were claimed. */
export function actualOf(claims) {
  const actual = [];
  for (let i = 0; i < claims.length; i += 1) actual.push(i % 5 === 2 ? 300 : i % 5 > 2 ? 2_000_017 : null);
  return actual;
}

import { CircuitBreaker } from './circuit-breaker.js';

describe('the breaker of the counters', () => {
  let now = 0;
  const aBreaker = (): CircuitBreaker => {
    now = 0;
    return new CircuitBreaker(
      () => now,
      () => 1,
    );
  };
  const fail = (breaker: CircuitBreaker, times: number): void => {
    for (let i = 0; i < times; i += 1) breaker.failed();
  };

  it('opens at the third failure in a row', () => {
    const breaker = aBreaker();
    fail(breaker, 2);
    breaker.succeeded();
    fail(breaker, 2);
    expect(breaker.allows()).toBe(true);
    expect(breaker.failed()).toBe(true);
    expect(breaker.allows()).toBe(false);
  });

  it('lets one trial through after the pause, and all after its success', () => {
    const breaker = aBreaker();
    fail(breaker, 3);
    now = 250;
    expect([breaker.allows(), breaker.allows()]).toEqual([true, false]);
    expect(breaker.succeeded()).toBe(true);
    expect([breaker.allows(), breaker.allows()]).toEqual([true, true]);
  });

  it('doubles the pause with every failed trial, up to five seconds', () => {
    const breaker = aBreaker();
    fail(breaker, 3);
    const pauses: number[] = [];
    for (let i = 0; i < 7; i += 1) {
      const began = now;
      while (!breaker.allows()) now += 50;
      pauses.push(now - began);
      breaker.failed();
    }
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  it('is not kept open by calls that were sent before and fail late', () => {
    const breaker = aBreaker();
    fail(breaker, 3);
    now = 200;
    fail(breaker, 20);
    now = 250;
    expect(breaker.allows()).toBe(true);
  });
});

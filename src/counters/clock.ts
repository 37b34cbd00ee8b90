/** The two clocks counters need; replaced in tests. */
export interface CounterClock {
  /** Never goes back, ms with fractions. */
  monotonicMs(): number;
  /** Epoch ms. */
  wallMs(): number;
}

export const SYSTEM_CLOCK: CounterClock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};

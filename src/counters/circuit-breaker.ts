const FAILURES_IN_A_ROW = 3;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Stops asking a server that does not answer. After three failures in a row nothing is tried for a pause that doubles from
 * 250 ms to 5 s, with jitter so that a fleet does not come back in one moment; then one trial at a time.
 */
export class CircuitBreaker {
  private failures = 0;
  private pauseMs = FIRST_PAUSE_MS;
  /** `null`: closed, all may pass. */
  private retryAt: number | null = null;
  private trialRunning = false;

  constructor(
    private readonly monotonicMs: () => number,
    private readonly random: () => number = Math.random,
  ) {}

  get closed(): boolean {
    return this.retryAt === null;
  }

  /** Whether to try. Whoever is told yes must report `succeeded` or `failed`. */
  allows(): boolean {
    if (this.retryAt === null) return true;
    if (this.trialRunning || this.monotonicMs() < this.retryAt) return false;
    this.trialRunning = true;
    return true;
  }

  /** Returns whether this closed the breaker. */
  succeeded(): boolean {
    const wasOpen = this.retryAt !== null;
    this.failures = 0;
    this.pauseMs = FIRST_PAUSE_MS;
    this.retryAt = null;
    this.trialRunning = false;
    return wasOpen;
  }

  /** Returns whether this opened the breaker. */
  failed(): boolean {
    this.failures += 1;
    if (this.retryAt === null) {
      if (this.failures < FAILURES_IN_A_ROW) return false;
      this.pause();
      return true;
    }
    // Calls sent before the breaker opened fail late; only the trial says something new.
    if (this.trialRunning) {
      this.trialRunning = false;
      this.pauseMs = Math.min(LONGEST_PAUSE_MS, this.pauseMs * 2);
      this.pause();
    }
    return false;
  }

  private pause(): void {
    this.retryAt = this.monotonicMs() + this.pauseMs * (0.5 + this.random() / 2);
  }
}

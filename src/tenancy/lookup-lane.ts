import { GatewayError } from '../../libs/protocol/index.js';

/** Runs at most `maxRunning` lookups at the same time and lets at most `maxWaiting` wait for their turn; more is a 503. */
export class LookupLane {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly maxRunning: number,
    private readonly maxWaiting: number,
  ) {}

  /** @throws GatewayError `service_unavailable` when too many wait already */
  async run<T>(lookup: () => Promise<T>): Promise<T> {
    if (this.running < this.maxRunning) this.running += 1;
    else await this.turn();
    try {
      return await lookup();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }

  /** The slot is handed over: `running` stays as it is. */
  private turn(): Promise<void> {
    if (this.waiting.length >= this.maxWaiting) {
      throw new GatewayError('service_unavailable', 'Too many unknown keys are being looked up.', {
        retryAfterSeconds: 1,
      });
    }
    return new Promise((resolve) => {
      this.waiting.push(resolve);
    });
  }
}

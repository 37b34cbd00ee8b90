import type { Amount } from './amount.js';
import type { SpendSource } from './counter.store.js';

/** After a failure the source is left alone this long, so that an outage does not make every call wait. */
const PAUSE_MS = 1_000;

/** Asks the ledger what was spent: once for all who wait for the same counter, and never longer than the time-out. */
export class Hydration {
  private source: SpendSource | null = null;
  /** Bounded by the calls in flight. */
  private readonly running = new Map<string, Promise<Amount | null>>();
  private pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly timeoutMs: number,
    private readonly monotonicMs: () => number,
  ) {}

  get configured(): boolean {
    return this.source !== null;
  }

  use(source: SpendSource): void {
    this.source = source;
  }

  /** `null`: the source failed or is too slow. 0 when there is no source. */
  async spent(counter: string, bucket: string, lost = false): Promise<Amount | null> {
    if (this.source === null) return 0;
    // Whoever must wait for what others say again does not make do with an answer that did not.
    const key = `${counter} ${bucket} ${lost}`;
    const running = this.running.get(key);
    if (running !== undefined) return running;
    if (this.monotonicMs() < this.pausedUntil) return null;
    const asked = this.ask(this.source, [counter, bucket, lost]).finally(() => this.running.delete(key));
    this.running.set(key, asked);
    return asked;
  }

  private async ask(source: SpendSource, question: Parameters<SpendSource>): Promise<Amount | null> {
    let timer: NodeJS.Timeout | undefined;
    const tooSlow = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, this.timeoutMs, null);
    });
    const answer = await Promise.race([askSafely(source, question), tooSlow]);
    clearTimeout(timer);
    if (answer === null) this.pausedUntil = this.monotonicMs() + PAUSE_MS;
    return answer;
  }
}

async function askSafely(source: SpendSource, question: Parameters<SpendSource>): Promise<Amount | null> {
  try {
    return await source(...question);
  } catch {
    return null;
  }
}

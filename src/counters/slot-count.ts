import { LocalCounter } from './local-counter.js';

const KEEP_IDLE_MS = 60_000;

/** Counts what is going on now. A slot is given back by its hold, or by the store when the lease of the hold runs out. */
export class SlotCount extends LocalCounter {
  private held = 0;

  constructor(readonly name: string) {
    super();
  }

  override used(): number {
    return this.held;
  }

  override resetMs(): number {
    return 0;
  }

  override freesInMs(): number {
    return 0;
  }

  override add(): void {
    this.held += 1;
  }

  free(): void {
    this.held -= 1;
  }

  override idleAgainAt(now: number): number | null {
    return this.held === 0 ? null : now + KEEP_IDLE_MS;
  }
}

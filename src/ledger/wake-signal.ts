/** Lets one waiter sleep until it is rung for or a time is over. A ring that finds nobody waiting is remembered, once. */
export class WakeSignal {
  private rung = false;
  private wake: (() => void) | null = null;

  ring(): void {
    if (this.wake === null) this.rung = true;
    else this.wake();
  }

  /** Resolves at the next ring, after `ms` at the latest. */
  wait(ms: number): Promise<void> {
    if (this.rung) {
      this.rung = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.wake = null;
        resolve();
      };
      const timer = setTimeout(done, ms).unref();
      this.wake = done;
    });
  }
}

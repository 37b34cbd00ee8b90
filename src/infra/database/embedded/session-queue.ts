/** Why a place in the session was not had; `code` is the SQLSTATE a PostgreSQL server would give. */
export class SessionRefusedError extends Error {
  constructor(
    readonly code: '57014' | '53300',
    message: string,
  ) {
    super(message);
    this.name = 'SessionRefusedError';
  }
}

interface Waiter {
  readonly holder: object;
  readonly admit: () => void;
}

/** Connections that may wait for the session at once; more are refused. */
const MAX_WAITING = 1000;

/**
 * Who may use the one session of the embedded database. A holder keeps it until it gives it back, which it does when no
 * transaction is open; the others wait in order of arrival.
 */
export class SessionQueue {
  private holder: object | null = null;
  private readonly waiters: Waiter[] = [];

  /** @param timeoutMs longest wait for the session. */
  constructor(private readonly timeoutMs: number) {}

  holds(holder: object): boolean {
    return this.holder === holder;
  }

  /**
   * Returns nothing when the session is had at once.
   * @throws SessionRefusedError after the timeout, or at once when too many wait.
   */
  take(holder: object): Promise<void> | undefined {
    if (this.holder === null || this.holder === holder) {
      this.holder = holder;
      return undefined;
    }
    if (this.waiters.length >= MAX_WAITING) {
      return Promise.reject(
        new SessionRefusedError('53300', `${MAX_WAITING} statements already wait for the embedded database`),
      );
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        holder,
        admit: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        reject(
          new SessionRefusedError(
            '57014',
            `canceling statement due to statement timeout: another transaction held the embedded database for ${this.timeoutMs} ms`,
          ),
        );
      }, this.timeoutMs);
      this.waiters.push(waiter);
    });
  }

  /** Gives the session to the next in line. Does nothing when called by one who does not hold it. */
  giveBack(holder: object): void {
    if (this.holder !== holder) return;
    const next = this.waiters.shift();
    this.holder = next?.holder ?? null;
    next?.admit();
  }
}

import { settleCall } from './counter-messages.js';
import { isOutage, ScriptNotSent, type ScriptCall } from '../infra/redis/script-pipeline.js';
import type { SharedHold } from './shared-hold.js';

interface Correction {
  readonly hold: SharedHold;
  readonly over: boolean;
  /** When it was sent for the first time, monotonic ms; it may have been carried out since. */
  sentAt: number | null;
}

export interface CorrectionPort {
  /** Whether trying makes sense now. */
  ready(): boolean;
  send(call: ScriptCall): Promise<unknown>;
  readonly monotonicMs: () => number;
  readonly nowMs: () => number | '';
}

/** Corrections that may wait; each is about 300 bytes. Beyond, the oldest is given up and its hold left to its expiry. */
const MOST_WAITING = 100_000;
const AT_ONCE = 512;
const LIVE_DELAY_MS = 200;
const RETRY_MS = 250;
/** How long Redis knows that a hold is settled. A hold that was decided locally may wait for Redis through a long outage. */
const REMEMBER_MS = 120_000;
const REMEMBER_LOCAL_MS = 3_600_000;

/** Carries corrections to Redis: all of one moment together, again after a failure, and only the newest of each hold. */
export class CorrectionQueue {
  private waiting = new Map<string, Correction>();
  private timer: NodeJS.Timeout | null = null;
  private due = false;
  private running: Promise<void> | null = null;
  lost = 0;

  constructor(private readonly port: CorrectionPort) {}

  get size(): number {
    return this.waiting.size;
  }

  /** `hold.stated` travels as it stands when it is sent. */
  push(hold: SharedHold, over: boolean): void {
    const before = this.waiting.get(hold.id);
    if (before !== undefined) this.waiting.delete(hold.id);
    else if (this.waiting.size >= MOST_WAITING) this.giveUpOldest();
    this.waiting.set(hold.id, { hold, over, sentAt: before?.sentAt ?? null });
    if (over) this.soon();
    else this.later(LIVE_DELAY_MS);
  }

  /** Sends now instead of at the next occasion. */
  async flush(): Promise<void> {
    await this.pump();
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private soon(): void {
    if (this.due) return;
    this.due = true;
    setImmediate(() => {
      this.due = false;
      void this.pump();
    });
  }

  private later(delayMs: number): void {
    if (this.timer !== null) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.pump();
    }, delayMs);
    this.timer.unref();
  }

  private pump(): Promise<void> {
    this.running ??= this.sendAll().finally(() => {
      this.running = null;
      if (this.waiting.size > 0) this.later(RETRY_MS);
    });
    return this.running;
  }

  private async sendAll(): Promise<void> {
    while (this.waiting.size > 0 && this.port.ready()) {
      const batch: Correction[] = [];
      for (const correction of this.waiting.values()) {
        this.waiting.delete(correction.hold.id);
        if (batch.push(correction) === AT_ONCE) break;
      }
      const sent = await Promise.all(batch.map((correction) => this.send(correction)));
      if (sent.includes(false)) return;
    }
  }

  private async send(correction: Correction): Promise<boolean> {
    const { hold, over } = correction;
    const now = this.port.monotonicMs();
    const rememberMs = hold.local === null ? REMEMBER_MS : REMEMBER_LOCAL_MS;
    // A correction sent long ago may have been carried out and forgotten: it must not be counted as a new hold.
    const restore = correction.sentAt === null || now - correction.sentAt < rememberMs / 2;
    try {
      await this.port.send(settleCall(hold, { over, restore, rememberMs }, this.port.nowMs()));
      return true;
    } catch (error) {
      if (!(error instanceof ScriptNotSent)) correction.sentAt ??= now;
      if (isOutage(error)) this.putBack(correction);
      else this.lost += 1;
      return false;
    }
  }

  private putBack(correction: Correction): void {
    const newer = this.waiting.get(correction.hold.id);
    if (newer !== undefined) newer.sentAt ??= correction.sentAt;
    else if (this.waiting.size < MOST_WAITING) this.waiting.set(correction.hold.id, correction);
    else this.lost += 1;
  }

  private giveUpOldest(): void {
    for (const id of this.waiting.keys()) {
      this.waiting.delete(id);
      this.lost += 1;
      return;
    }
  }
}

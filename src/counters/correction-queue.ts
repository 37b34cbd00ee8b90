import { isOutage, ScriptNotSent } from '../infra/redis/script-pipeline.js';
import type { SharedHold } from './shared-hold.js';
import { OVER, RESTORE, STEPS, WireStep } from './wire-step.js';

export interface CorrectionPort {
  /** Whether trying makes sense now. */
  ready(): boolean;
  /** Posts the step; what becomes of it the step is told, perhaps at once. */
  post(step: WireStep): void;
  readonly monotonicMs: () => number;
}

/** Corrections that may wait; each is about 300 bytes. Beyond, the oldest is given up and its hold left to its expiry. */
const MOST_WAITING = 100_000;
/** So many that waited are on their way at once: what they are for is past, and calls come first. */
const AT_ONCE = 512;
const LIVE_DELAY_MS = 200;
const RETRY_MS = 250;
/** How long Redis knows of an unsettled hold after its expiry, so that a late settlement still corrects, ms. */
export const KEEP_RECORD_MS = 3_600_000;
/** How long Redis knows that a hold is settled. A hold that was decided locally may wait for Redis through a long outage. */
const REMEMBER_MS = 120_000;
const REMEMBER_LOCAL_MS = 3_600_000;

/**
 * Carries corrections to Redis, only the newest of each hold. Those of calls that are over leave at once, together with everything
 * else of the same moment; others wait a little for newer ones. What could not be delivered is tried again.
 */
export class CorrectionQueue {
  private readonly waiting = new Set<SharedHold>();
  private timer: NodeJS.Timeout | null = null;
  private onTheWay = 0;
  /** The last answer was none: what comes now waits for the next trial. */
  private failing = false;
  /** More waits than may be on its way at once. */
  private hasMore = false;
  private whenDone: (() => void)[] = [];
  lost = 0;

  constructor(private readonly port: CorrectionPort) {}

  /** Corrections that have not arrived. */
  get size(): number {
    return this.waiting.size + this.onTheWay;
  }

  /** What was stated last for the hold, and whether it is settled, travels as it stands when it is sent. */
  push(hold: SharedHold): void {
    const waited = this.waiting.delete(hold);
    if (hold.settled && !this.failing && this.port.ready()) {
      this.send(hold);
      return;
    }
    if (!waited && this.waiting.size >= MOST_WAITING) this.giveUpOldest();
    this.waiting.add(hold);
    this.later(hold.settled ? RETRY_MS : LIVE_DELAY_MS);
  }

  /** Sends now instead of at the next occasion; resolves when everything has arrived or failed. */
  async flush(): Promise<void> {
    this.pump();
    if (this.onTheWay > 0) await new Promise<void>((resolve) => this.whenDone.push(resolve));
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private later(delayMs: number): void {
    if (this.timer !== null) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      this.pump();
    }, delayMs);
    this.timer.unref();
  }

  private pump(): void {
    const batch: SharedHold[] = [];
    if (this.port.ready()) {
      for (const hold of this.waiting) {
        if (this.onTheWay + batch.length >= AT_ONCE) break;
        batch.push(hold);
      }
    }
    for (const hold of batch) this.waiting.delete(hold);
    this.hasMore = batch.length > 0 && this.waiting.size > 0;
    // Whatever fails at once waits again.
    for (const hold of batch) this.send(hold);
    if (this.waiting.size > 0) this.later(RETRY_MS);
  }

  private send(hold: SharedHold): void {
    const sentAtMs = this.port.monotonicMs();
    const rememberMs = hold.local === null ? REMEMBER_MS : REMEMBER_LOCAL_MS;
    // A correction sent long ago may have been carried out and forgotten: it must not be counted as a new hold.
    const restore = hold.sentAt === null || sentAtMs - hold.sentAt < rememberMs / 2;
    const over = hold.settled;
    const parts = {
      op: STEPS.settle,
      flags: (over ? OVER : 0) + (restore ? RESTORE : 0),
      holdId: hold.id,
      ttlMs: hold.ttlMs,
      keepMs: over ? rememberMs : KEEP_RECORD_MS,
      amounts: hold.stated,
    };
    this.onTheWay += 1;
    this.port.post(
      new WireStep(
        hold.sheet,
        parts,
        () => this.arrived(hold),
        (error) => this.failed(hold, over, error, sentAtMs),
      ),
    );
  }

  private arrived(hold: SharedHold): void {
    hold.sentAt = null;
    this.failing = false;
    this.ended();
  }

  private failed(hold: SharedHold, over: boolean, error: Error, sentAtMs: number): void {
    if (!(error instanceof ScriptNotSent)) hold.sentAt ??= sentAtMs;
    if (!isOutage(error)) this.lost += 1;
    else {
      this.failing = true;
      // Otherwise a newer one, that the call is over, is on its way or has arrived.
      if (over || !hold.settled) this.putBack(hold);
    }
    this.ended();
  }

  private ended(): void {
    this.onTheWay -= 1;
    if (this.onTheWay > 0) return;
    if (this.hasMore && !this.failing) this.pump();
    if (this.onTheWay === 0) for (const tell of this.whenDone.splice(0)) tell();
  }

  private putBack(hold: SharedHold): void {
    if (!this.waiting.has(hold) && this.waiting.size >= MOST_WAITING) this.lost += 1;
    else this.waiting.add(hold);
    this.later(RETRY_MS);
  }

  private giveUpOldest(): void {
    for (const hold of this.waiting) {
      this.waiting.delete(hold);
      this.lost += 1;
      return;
    }
  }
}

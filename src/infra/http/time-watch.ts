import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Roster, type Seated } from '../memory/roster.js';

/** Something that may have waited too long. */
export interface Watched extends Seated {
  /** @param nowMs monotonic, as `performance.now()` */
  check(nowMs: number): void;
}

/** How exact the time-outs of calls are: one fires up to this much late, never early. */
export const WATCH_MS = 25;

/**
 * Looks after all running calls with one timer. A timer of its own for each wait of each call would be made, moved and thrown
 * away several times a call, and timers that live a moment only are what a young-generation collector is worst at.
 */
@Injectable()
export class TimeWatch implements OnApplicationShutdown {
  private readonly watched = new Roster<Watched>();
  private timer: NodeJS.Timeout | null = null;

  add(one: Watched): void {
    this.watched.add(one);
    // It keeps running while the process lives: starting it for each call would be the timer that it saves.
    this.timer ??= setInterval(() => this.sweep(), WATCH_MS).unref();
  }

  delete(one: Watched): void {
    this.watched.delete(one);
  }

  onApplicationShutdown(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private sweep(): void {
    if (this.watched.size === 0) return;
    const nowMs = performance.now();
    this.watched.forEach((one) => one.check(nowMs));
  }
}

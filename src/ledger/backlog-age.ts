/** Calls that end within this time of each other are noted as one moment, the first; ms. */
const EVERY_MS = 250;
/** Notes kept; beyond them every other one is dropped, now and from then on: an hour is known to the second, a day to a minute. */
const MAX_NOTES = 4096;

/** Tells how long the oldest call that waits has waited, from nothing but two counts: calls that have ended, and those settled. */
export class BacklogAge {
  private notes: { ended: number; atMs: number }[] = [];
  private everyMs = EVERY_MS;

  /** To be called whenever calls have ended. `nowMs` is monotonic. */
  note(ended: number, nowMs: number): void {
    const last = this.notes.at(-1);
    if (last !== undefined && nowMs - last.atMs < this.everyMs) {
      last.ended = ended;
      return;
    }
    this.notes.push({ ended, atMs: nowMs });
    if (this.notes.length <= MAX_NOTES) return;
    this.notes = this.notes.filter((_note, i) => i % 2 === 0);
    this.everyMs *= 2;
  }

  /** ms; 0 when nothing waits. */
  oldestMs(ended: number, settled: number, nowMs: number): number {
    if (settled >= ended) {
      this.notes.length = 0;
      this.everyMs = EVERY_MS;
      return 0;
    }
    let from = 0;
    while (from < this.notes.length && (this.notes[from]?.ended ?? 0) <= settled) from += 1;
    this.notes.splice(0, from);
    const first = this.notes[0];
    return first === undefined ? 0 : nowMs - first.atMs;
  }
}

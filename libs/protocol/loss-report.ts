import type { AnyFormatId } from './format.js';

/** One thing the target could not carry. */
export interface LossReason {
  /** Where, in names of the canonical model, e.g. `messages[2].parts[0].detail`; an extension by its own name. */
  readonly path: string;
  readonly reason: string;
}

export interface LossSummary {
  /** Whether source and target speak different formats. */
  readonly bridged: boolean;
  readonly lossy: boolean;
  /** By path, then reason; none twice. */
  readonly reasons: readonly LossReason[];
}

const MAX_REASONS = 64;
const MAX_CHARS = 200;

/**
 * Collects what a conversion could not carry. At most 64 reasons of 200 characters are kept; of further ones only their
 * number is told.
 */
export class LossReport {
  readonly bridged: boolean;
  readonly #reasons = new Map<string, LossReason>();
  #left = 0;

  constructor(source: AnyFormatId | undefined, target: AnyFormatId) {
    this.bridged = source !== target;
  }

  get lossy(): boolean {
    return this.#reasons.size > 0;
  }

  add(path: string, reason: string): void {
    const kept = { path: path.slice(0, MAX_CHARS), reason: reason.slice(0, MAX_CHARS) };
    const key = `${kept.path}\n${kept.reason}`;
    if (this.#reasons.has(key)) return;
    if (this.#reasons.size < MAX_REASONS) this.#reasons.set(key, kept);
    else this.#left++;
  }

  summary(): LossSummary {
    const reasons = [...this.#reasons.values()].sort(
      (one, other) => compare(one.path, other.path) || compare(one.reason, other.reason),
    );
    if (this.#left > 0) reasons.push({ path: '', reason: `and ${String(this.#left)} more` });
    return { bridged: this.bridged, lossy: this.lossy, reasons };
  }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

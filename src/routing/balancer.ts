import type { BackendEntry } from '../registry/snapshot.js';

/**
 * Smooth weighted round robin, as nginx does it: every candidate gains its weight, the highest is taken and pays the sum.
 * The running weights are kept by backend id, so that a new snapshot of the catalogue does not start the cycle anew.
 */
export class Balancer {
  private readonly running = new Map<string, number>();

  /** One of `candidates`, or `null` when there is none. */
  pick(candidates: readonly BackendEntry[]): BackendEntry | null {
    if (candidates.length <= 1) return candidates[0] ?? null;
    let best: BackendEntry | null = null;
    let bestWeight = Number.NEGATIVE_INFINITY;
    let total = 0;
    for (const backend of candidates) {
      const weight = (this.running.get(backend.id) ?? 0) + backend.weight;
      this.running.set(backend.id, weight);
      total += backend.weight;
      if (weight > bestWeight) {
        best = backend;
        bestWeight = weight;
      }
    }
    if (best !== null) this.running.set(best.id, bestWeight - total);
    return best;
  }

  /** A backend that was taken out starts from nothing when it comes back. */
  forget(backendId: string): void {
    this.running.delete(backendId);
  }

  /** Drops the weights of backends that are no longer in the catalogue. */
  keepOnly(backendIds: ReadonlySet<string>): void {
    for (const id of this.running.keys()) if (!backendIds.has(id)) this.running.delete(id);
  }
}

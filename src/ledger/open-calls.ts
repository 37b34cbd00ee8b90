interface OpenCall {
  readonly id: string;
  readonly row: string;
}

const BUCKETS = 256;

/**
 * The rows of running calls by id. Not a `Map`, because it changes twice a call: see `Roster` for what that costs. The last
 * two digits of an id, which are random, choose one of 256 short lists; memory grows with the calls under way alone.
 */
export class OpenCalls {
  private readonly buckets: (OpenCall[] | undefined)[] = new Array<OpenCall[] | undefined>(BUCKETS).fill(undefined);
  private count = 0;

  get size(): number {
    return this.count;
  }

  add(id: string, row: string): void {
    this.delete(id);
    (this.buckets[bucketOf(id)] ??= []).push({ id, row });
    this.count += 1;
  }

  delete(id: string): void {
    const bucket = this.buckets[bucketOf(id)];
    const found = bucket === undefined ? -1 : bucket.findIndex((call) => call.id === id);
    if (bucket === undefined || found < 0) return;
    this.count -= 1;
    const last = bucket.pop() as OpenCall;
    if (found < bucket.length) bucket[found] = last;
  }

  *rows(): Generator<string> {
    for (const bucket of this.buckets) {
      if (bucket === undefined) continue;
      for (const { row } of bucket) yield row;
    }
  }
}

function bucketOf(id: string): number {
  const end = id.length;
  return (nibble(id.charCodeAt(end - 1)) << 4) | nibble(id.charCodeAt(end - 2));
}

/** The value of a hexadecimal digit. Anything else makes some number from 0 to 15. */
function nibble(code: number): number {
  return (code + (code >> 6) * 9) & 15;
}

import type { Part, StreamEvent } from '../../protocol/index.js';

/** Parts open at a time; more are no answer. */
const MAX_OPEN_PARTS = 1024;

type Kind = 'text' | 'reasoning' | 'plan' | 'call' | 'opaque';

export interface OpenPart {
  readonly kind: Kind;
  readonly wireIndex: number;
  readonly index: number;
}

/**
 * The parts of a stream that are open. Content and calls are counted apart. A text stays open to the next part, because its
 * citations may come behind its end; calls stay open side by side.
 */
export class StreamParts {
  /** More parts were open than any answer has. */
  overflow = false;

  readonly #emit: (event: StreamEvent) => void;
  readonly #open: OpenPart[] = [];
  #count = 0;

  constructor(emit: (event: StreamEvent) => void) {
    this.#emit = emit;
  }

  /** How many there have been. */
  get count(): number {
    return this.#count;
  }

  begin(kind: Kind, wireIndex: number, part: Part): OpenPart | null {
    for (const open of this.#open.filter((one) => !isCall(one))) this.end(open);
    const before = kind === 'call' ? this.call(wireIndex) : undefined;
    if (before !== undefined) this.end(before);
    if (this.#open.length >= MAX_OPEN_PARTS) {
      this.overflow = true;
      return null;
    }
    const open = { kind, wireIndex, index: this.#count++ };
    this.#open.push(open);
    this.#emit({ type: 'part-start', choice: 0, index: open.index, part });
    return open;
  }

  end(open: OpenPart): void {
    this.#emit({ type: 'part-end', choice: 0, index: open.index });
    this.#open.splice(this.#open.indexOf(open), 1);
  }

  endAll(): void {
    for (const open of [...this.#open]) this.end(open);
  }

  /** The call of this number; without one, the call begun last. */
  call(wireIndex: number | undefined): OpenPart | undefined {
    return this.#open.findLast((one) => isCall(one) && (wireIndex === undefined || one.wireIndex === wireIndex));
  }

  /** The same of content. */
  content(wireIndex: number | undefined): OpenPart | undefined {
    return this.#open.findLast(
      (one) => !isCall(one) && one.kind !== 'plan' && (wireIndex === undefined || one.wireIndex === wireIndex),
    );
  }

  of(kind: Kind): OpenPart | undefined {
    return this.#open.findLast((one) => one.kind === kind);
  }
}

function isCall({ kind }: OpenPart): boolean {
  return kind === 'call';
}

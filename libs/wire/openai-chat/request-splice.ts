import { ByteEdits, cutEnd, cutStart, type ObjectScan, skipSpace, CLOSE_BRACE } from '../../streaming/index.js';

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly replacement: Buffer | null;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

const EDITS = new ByteEdits();

/** Changes to one JSON text, noted in any order and made at once; every byte they do not touch stays as it is. */
export class RequestSplice {
  readonly #raw: Buffer;
  readonly #objectEnd: number;
  readonly #splices: Splice[] = [];
  #added = '';

  /** @param objectEnd behind the closing brace of an object that keeps at least one member */
  constructor(raw: Buffer, objectEnd: number) {
    this.#raw = raw;
    this.#objectEnd = objectEnd;
  }

  /** Replaces `[start, end)`; with `start === end` inserts. */
  replace(start: number, end: number, text: string): void {
    const replacement = Buffer.from(text);
    if (this.#raw.compare(replacement, 0, replacement.length, start, end) === 0) return;
    this.#splices.push({ start, end, replacement });
  }

  /** Adds a member behind the last one. */
  addMember(name: string, json: string): void {
    this.#added += `,${JSON.stringify(name)}:${json}`;
  }

  /**
   * Writes one member of an object nested in the text, keeping its other members as they are.
   * @param scan asked for that member alone
   * @returns `false` when the member stands there more than once, so that no single place could be written
   */
  setNested(object: Span, scan: ObjectScan, json: string): boolean {
    scan.runAt(this.#raw, object.start, object.end);
    if (scan.duplicate >= 0) return false;
    if (scan.has(0)) {
      this.replace(scan.valueStart(0), scan.valueEnd(0), json);
      return true;
    }
    const isEmpty = this.#raw[skipSpace(this.#raw, object.start + 1, object.end)] === CLOSE_BRACE;
    const brace = object.end - 1;
    this.replace(brace, brace, `${isEmpty ? '' : ','}${JSON.stringify(scan.name(0))}:${json}`);
    return true;
  }

  /** Takes top-level members out, each from its key to the end of its value, in the order in which they stand. */
  removeMembers(members: readonly Span[]): void {
    const cuts: Span[] = [];
    for (const member of members) {
      let start = member.start;
      const end = cutEnd(this.#raw, member.end, this.#objectEnd);
      if (end === member.end) {
        // The last member goes with the comma before it, which stands before any cut that reaches up to here.
        while (cuts.at(-1)?.end === start) start = cuts.pop()!.start;
        start = cutStart(this.#raw, start, member.end, this.#objectEnd);
      }
      cuts.push({ start, end });
    }
    for (const { start, end } of cuts) this.#splices.push({ start, end, replacement: null });
  }

  /** The changed text; the original buffer when there is nothing to change. */
  build(): Buffer {
    if (this.#added !== '') {
      const brace = this.#objectEnd - 1;
      this.#splices.push({ start: brace, end: brace, replacement: Buffer.from(this.#added) });
    }
    if (this.#splices.length === 0) return this.#raw;
    this.#splices.sort((one, other) => one.start - other.start);
    EDITS.clear();
    for (const { start, end, replacement } of this.#splices) EDITS.add(start, end, replacement);
    return EDITS.apply(this.#raw, 0, this.#raw.length);
  }
}

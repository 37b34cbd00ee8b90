/** A stretch of bytes that was replaced by one of another length. */
export interface MovedStretch {
  readonly start: number;
  readonly end: number;
  readonly length: number;
}

/**
 * The lengths of chunks after stretches of the bytes were replaced: a cut between chunks stays where it was in the text around
 * it, one inside a replaced stretch moves no further than to its end. Stretches are in order and apart.
 */
export function movedCuts(lengths: readonly number[], moved: readonly MovedStretch[]): number[] {
  const out: number[] = [];
  let at = 0;
  let before = 0;
  for (const length of lengths) {
    at += length;
    const now = moveOf(at, moved);
    if (now > before) out.push(now - before);
    before = now;
  }
  return out;
}

function moveOf(position: number, moved: readonly MovedStretch[]): number {
  let shift = 0;
  for (const { start, end, length } of moved) {
    if (position <= start) break;
    if (position < end) return start + shift + Math.min(position - start, length);
    shift += length - (end - start);
  }
  return position + shift;
}

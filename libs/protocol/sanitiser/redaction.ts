/** A piece of a text that must not stay, and what stands there instead. Positions are UTF-16 code units. */
export interface Redaction {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** What stands in the place of something: `<redacted:api_key>`. It tells what was there and nothing about it. */
export function marker(what: string): string {
  return `<redacted:${what.toLowerCase().replace(/[^a-z0-9_-]/g, '_')}>`;
}

/** Whether a value is a marker already: what was sanitised once stays as it is. */
export function isMarker(text: string): boolean {
  return /^<redacted:[a-z0-9_-]{1,200}>$/.test(text);
}

/** In ascending order and apart from one another; of those that overlap the first stays, as wide as both together. */
export function settled(redactions: readonly Redaction[]): Redaction[] {
  const sorted = redactions.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start || b.end - a.end);
  const out: Redaction[] = [];
  for (const next of sorted) {
    const last = out.at(-1);
    if (last === undefined || next.start >= last.end) out.push(next);
    else if (next.end > last.end) out[out.length - 1] = { ...last, end: next.end };
  }
  return out;
}

/** The text without what the redactions cover. They must be settled. */
export function redacted(text: string, redactions: readonly Redaction[]): string {
  if (redactions.length === 0) return text;
  const parts: string[] = [];
  let from = 0;
  for (const { start, end, replacement } of redactions) {
    parts.push(text.slice(from, start), replacement);
    from = end;
  }
  parts.push(text.slice(from));
  return parts.join('');
}

/**
 * Redactions of pieces laid end to end, given those of the whole: one that spans pieces leaves its replacement in the first of
 * them and nothing in the others.
 */
export function dealtOut(lengths: readonly number[], redactions: readonly Redaction[]): Redaction[][] {
  let first = 0;
  let start = 0;
  return lengths.map((length) => {
    const end = start + length;
    while ((redactions[first]?.end ?? Infinity) <= start) first++;
    const own: Redaction[] = [];
    for (let index = first; (redactions[index]?.start ?? Infinity) < end; index++) {
      own.push(clipped(redactions[index] as Redaction, start, end));
    }
    start = end;
    return own;
  });
}

/** The part of a redaction that lies in the piece `[start, end)`, counted from its start. */
function clipped(redaction: Redaction, start: number, end: number): Redaction {
  return {
    start: Math.max(redaction.start, start) - start,
    end: Math.min(redaction.end, end) - start,
    replacement: redaction.start >= start ? redaction.replacement : '',
  };
}

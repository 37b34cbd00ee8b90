const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;

/**
 * Whether more than `most` objects and arrays of a JSON text lie within one another. Deeper values can be read and not be
 * written again: `JSON.stringify` and every other recursion over them runs out of stack.
 */
export function isDeeperThan(text: string, most: number): boolean {
  if (text.length <= 2 * most || !hasMoreOpenings(text, most)) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
    if (depth > most) return true;
  }
  return false;
}

/** Nearly every text has too few to be deep, which a native search finds out. */
function hasMoreOpenings(text: string, most: number): boolean {
  let found = 0;
  for (const opening of ['{', '[']) {
    for (let at = text.indexOf(opening); at >= 0 && found <= most; at = text.indexOf(opening, at + 1)) found++;
  }
  return found > most;
}

/** The closing quote of the string that opens at `start`, or the end of a text that has none. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}

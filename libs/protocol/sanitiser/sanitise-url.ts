import { isMarker, redacted, type Redaction, settled } from './redaction.js';
import { isSecretParameter } from './secret-names.js';
import { namedMarker } from './secret-patterns.js';
import { textRedactions } from './sanitise-text.js';

/**
 * A URL, or the path and query of one, without credentials: those of its query by their names, a user and password before its
 * host, ids of projects and accounts in its path, and whatever looks like a secret anywhere.
 */
export function sanitiseUrl(url: string): string {
  const query = url.indexOf('?');
  const path = segmentRedactions(url.slice(0, query < 0 ? url.length : query));
  const named = query < 0 ? [] : pairRedactions(url, query + 1);
  return redacted(url, settled([...path, ...named, ...textRedactions(url)]));
}

/** What shows in the segments of a path once percent signs are read. */
function segmentRedactions(path: string): Redaction[] {
  if (!path.includes('%')) return [];
  const found: Redaction[] = [];
  let start = 0;
  for (const segment of path.split('/')) {
    const value = decoded(segment);
    if (value !== segment) found.push(...hidden(value, start, start + segment.length));
    start += segment.length + 1;
  }
  return found;
}

/** What must not stay of `name=value&…` that begins at `from`. */
export function pairRedactions(text: string, from: number): Redaction[] {
  const found: Redaction[] = [];
  let start = from;
  for (const pair of text.slice(from).split(/[&;#]/)) {
    const equals = pair.indexOf('=');
    const valueStart = start + equals + 1;
    const end = start + pair.length;
    if (equals >= 0 && end > valueStart) {
      const name = decoded(pair.slice(0, equals));
      const value = decoded(pair.slice(equals + 1));
      const secret = isSecretParameter(name) && !isMarker(value);
      if (secret) found.push({ start: valueStart, end, replacement: namedMarker(name) });
      else if (value !== pair.slice(equals + 1)) found.push(...hidden(value, valueStart, end));
    }
    start = end + 1;
  }
  return found;
}

/** A secret that only shows once percent signs are read takes the whole value with it. */
function hidden(value: string, start: number, end: number): Redaction[] {
  const [first] = textRedactions(value);
  return first === undefined ? [] : [{ start, end, replacement: first.replacement }];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

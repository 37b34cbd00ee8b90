import { patternRedactions } from './secret-patterns.js';
import { assignmentRedactions } from './secret-assignments.js';
import { marker, redacted, type Redaction, settled } from './redaction.js';

/** The longest text that is looked through, UTF-16 code units; a longer one is replaced whole. */
export const MAX_SANITISED_CHARACTERS = 16_777_216;

/** What in any text looks like a secret, or stands behind a name that says it is one. */
export function textRedactions(text: string): Redaction[] {
  if (text.length > MAX_SANITISED_CHARACTERS) return oversize(text);
  return settled([...patternRedactions(text), ...assignmentRedactions(text)]);
}

/**
 * A text without secrets: keys and tokens of known forms, values behind telling names, ids of organisations, projects and users.
 * Everything else stays as it is. For log lines, messages and texts of no known format.
 */
export function sanitiseText(text: string): string {
  return redacted(text, textRedactions(text));
}

/** The one redaction of a text too long to be looked through. */
export function oversize(text: string): Redaction[] {
  return [{ start: 0, end: text.length, replacement: marker('oversize') }];
}

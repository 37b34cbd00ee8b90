import { multipartRedactions } from './multipart.js';
import { marker, redacted, type Redaction, settled } from './redaction.js';
import { jsonTextRedactions, ndjsonRedactions, sseRedactions } from './sanitise-events.js';
import { MAX_SANITISED_CHARACTERS, oversize, textRedactions } from './sanitise-text.js';
import { pairRedactions } from './sanitise-url.js';

/** How a body is read. */
export type BodyKind = 'json' | 'sse' | 'ndjson' | 'form' | 'multipart' | 'text' | 'binary';

export interface SanitisedBody {
  readonly text: string;
  /** What was replaced where in the given text, in ascending order. */
  readonly redactions: readonly Redaction[];
}

const KINDS: readonly (readonly [RegExp, BodyKind])[] = [
  [/^text\/event-stream$/, 'sse'],
  [/ndjson|jsonl|json-?seq|json-lines/, 'ndjson'],
  [/[/+]json$/, 'json'],
  [/^application\/x-www-form-urlencoded$/, 'form'],
  [/^multipart\//, 'multipart'],
  [/^text\/(?!plain)|xml|javascript|yaml|graphql/, 'text'],
];

/** How a body of this content type is read; of none, or one that says nothing, as its beginning looks. */
export function kindOfBody(contentType: string | null, text = ''): BodyKind {
  const type = (contentType ?? '').replace(/;.*$/s, '').trim().toLowerCase();
  if (type === '' || type === 'text/plain') return kindByLook(text);
  const kind = KINDS.find(([expression]) => expression.test(type))?.[1] ?? 'binary';
  // Gemini refuses a stream with plain JSON under the content type of a stream.
  return kind === 'sse' && /^\s*[{[]/.test(text) ? 'json' : kind;
}

function kindByLook(text: string): BodyKind {
  const start = text.slice(0, 200).trimStart();
  if (/^(?:data|event|id|retry|:)[:\s]/.test(start)) return 'sse';
  return /^[{["]/.test(start) ? 'json' : 'text';
}

/**
 * A body without secrets, read as its content type says: JSON at any depth, JSON in its strings too, event streams and JSON
 * lines event by event and joined over them, forms, texts. What is no secret stays to the character; what was JSON still is.
 * A body that is no text is replaced whole.
 */
export function sanitiseBody(text: string, contentType: string | null): SanitisedBody {
  const redactions = text.length > MAX_SANITISED_CHARACTERS ? oversize(text) : redactionsOf(text, contentType);
  return { text: redacted(text, redactions), redactions };
}

function redactionsOf(text: string, contentType: string | null): Redaction[] {
  switch (kindOfBody(contentType, text)) {
    case 'sse':
      return sseRedactions(text);
    case 'ndjson':
      return ndjsonRedactions(text);
    case 'json':
      return jsonTextRedactions(text);
    case 'form':
      return settled([...pairRedactions(text, 0), ...textRedactions(text)]);
    case 'multipart':
      return settled(multipartRedactions(text, contentType ?? ''));
    case 'text':
      return textRedactions(text);
    case 'binary':
      return text === '' ? [] : [{ start: 0, end: text.length, replacement: marker('binary_blob') }];
  }
}

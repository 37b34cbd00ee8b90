import { isMarker, type Redaction } from './redaction.js';
import { isSecretParameter, kindOfName } from './secret-names.js';
import { isProse, namedMarker } from './secret-patterns.js';

/** A name that may stand before a value; longer ones are nobody's. */
const NAME = '[A-Za-z][\\w.-]{0,80}';
/** In quotes it may have spaces. */
const QUOTED_NAME = '[A-Za-z][\\w. -]{0,80}';
const QUOTE = '\\\\{0,16}["\']';

/** A way to write a name before a value. The first group of `head` is the name. */
interface Assignment {
  readonly head: RegExp;
  /** Where the value ends that begins at `start`. */
  readonly end: (text: string, start: number, head: RegExpExecArray) => number;
  readonly isSecret: (name: string, value: string, before: string) => boolean;
}

const ASSIGNMENTS: readonly Assignment[] = [
  {
    // `"name": "value"` at any depth of escaping, the value cut off as well; `'name': 'value'` as other languages print it.
    head: new RegExp(
      `(?<!\\\\)(?<open>${QUOTE})(?<name>${QUOTED_NAME})\\k<open>\\s{0,20}[:=]\\s{0,20}(?<quote>${QUOTE})`,
      'g',
    ),
    end: endOfQuoted,
    isSecret: (name) => kindOfName(name) !== null,
  },
  {
    // `"name": 12345`
    head: new RegExp(
      `(?<!\\\\)(?<open>${QUOTE})(?<name>${QUOTED_NAME})\\k<open>\\s{0,20}[:=]\\s{0,20}(?=[\\w+./-])`,
      'g',
    ),
    end: endBy(/[\w+./-]{1,2000}/y),
    isSecret: (name, value) =>
      /^(?:secret|identity)$/.test(kindOfName(name) ?? '') && !/^(?:null|true|false)$/.test(value),
  },
  {
    // `name=value`, as in a query, a form, an environment or a cookie.
    head: new RegExp(`(?<![\\w.%-])(?<name>${NAME})=["']?`, 'g'),
    end: endBy(/[^\s&"'<>\\;,(){}[\]]{1,2000}/y),
    isSecret: (name, value, before) => {
      if (before === '?' || before === '&') return isSecretParameter(name);
      const kind = kindOfName(name);
      return kind === 'secret' || (kind === 'ambiguous' && !isWord(value));
    },
  },
  {
    // `name: value` of headers, settings and sentences.
    head: new RegExp(`(?<![\\w.%-])(?<name>${NAME})[ \\t]{0,5}:[ \\t]{0,5}`, 'g'),
    end: endBy(/[^\s"'<>\\,(){}[\]]{4,2000}/y),
    isSecret: (name, value) => kindOfName(name) === 'secret' && !isWord(value) && !isScheme(value),
  },
  {
    // Headers that are secret to the end of their line.
    head: /(?<![\w-])(?<name>(?:proxy-)?authorization|(?:set-)?cookie)[ \t]{0,5}:[ \t]{0,5}/gi,
    end: endBy(/[^\r\n"'\\<>]{4,4000}/y),
    isSecret: (name, value) => (/cookie$/i.test(name) ? /^[^\s=;]{1,200}=/.test(value) : SCHEME.test(value)),
  },
];
const SCHEME = /^(?:bearer|basic|token|apikey|digest|negotiate|aws4-hmac-sha256)\s+\S/i;

/** Finds values that stand behind a name that says what they are. Looks at every name: values may hold further ones. */
export function assignmentRedactions(text: string): Redaction[] {
  return ASSIGNMENTS.flatMap((assignment) => redactionsOf(text, assignment));
}

function redactionsOf(text: string, assignment: Assignment): Redaction[] {
  const { head } = assignment;
  const found: Redaction[] = [];
  head.lastIndex = 0;
  for (let match = head.exec(text); match !== null; match = head.exec(text)) {
    const end = endOfSecret(text, assignment, match);
    if (end === null) continue;
    found.push({ start: head.lastIndex, end, replacement: namedMarker(match.groups?.['name'] ?? '') });
    head.lastIndex = end;
  }
  return found;
}

/** Where the secret ends that begins behind a head; `null` when there is none. */
function endOfSecret(text: string, { head, end, isSecret }: Assignment, match: RegExpExecArray): number | null {
  const name = match.groups?.['name'] ?? '';
  if (kindOfName(name) === null && !isSecretParameter(name)) return null;
  const until = end(text, head.lastIndex, match);
  const value = text.slice(head.lastIndex, until);
  if (value === '' || isMarker(value)) return null;
  return isSecret(name, value, text[match.index - 1] ?? '') ? until : null;
}

function endBy(value: RegExp): Assignment['end'] {
  return (text, start) => {
    value.lastIndex = start;
    return value.test(text) ? value.lastIndex : start;
  };
}

/** The quote that opened the value, at the same depth of escaping, or the end of a text that was cut off. */
function endOfQuoted(text: string, start: number, head: RegExpExecArray): number {
  const quote = head.groups?.['quote'] ?? '"';
  for (let at = text.indexOf(quote, start); at >= 0; at = text.indexOf(quote, at + 1)) {
    if (at === start || text[at - 1] !== '\\') return at;
  }
  return text.length;
}

/** What may stand behind a colon in any sentence: a word, a number, a variable of a shell or a template. */
function isWord(value: string): boolean {
  return isProse(value) || /^-?\d{1,15}(?:[.,]\d{1,15})?$/.test(value) || /^[$%]/.test(value);
}

/** The first word of a header whose secret comes behind it. */
function isScheme(value: string): boolean {
  return /^(?:bearer|basic|token|apikey|digest|negotiate|aws4-hmac-sha256)$/i.test(value);
}

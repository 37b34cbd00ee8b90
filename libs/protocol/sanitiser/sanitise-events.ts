import { dealtOut, type Redaction, settled } from './redaction.js';
import { type JsonDocument, jsonRedactions } from './sanitise-json.js';
import { textRedactions } from './sanitise-text.js';

/** A stretch of a text. */
interface Piece {
  readonly start: number;
  readonly end: number;
}

/** An event of a stream: its data, one piece a line. */
type EventData = Piece[];

/** What must not stay of a `text/event-stream`: of its data, read as JSON where it is, and of all other lines. */
export function sseRedactions(text: string): Redaction[] {
  const events: EventData[] = [];
  const found: Redaction[] = [];
  let data: EventData = [];
  for (const line of linesOf(text)) {
    const value = dataOf(text, line);
    if (value !== null) data.push(value);
    else if (line.end > line.start) found.push(...within(textRedactions(text.slice(line.start, line.end)), line.start));
    if (line.end === line.start && data.length > 0) {
      events.push(data);
      data = [];
    }
  }
  if (data.length > 0) events.push(data);
  return settled([...found, ...eventRedactions(text, events)]);
}

/** What must not stay of JSON lines. */
export function ndjsonRedactions(text: string): Redaction[] {
  const lines = [...linesOf(text)].filter(({ start, end }) => end > start);
  return settled(
    eventRedactions(
      text,
      lines.map((line) => [line]),
    ),
  );
}

/** What must not stay of a JSON text. What only claims to be one is read as text. */
export function jsonTextRedactions(text: string): Redaction[] {
  const [found] = jsonRedactions([{ text, offset: 0 }]);
  if (!found) return textRedactions(text);
  return settled(found);
}

function eventRedactions(text: string, events: readonly EventData[]): Redaction[] {
  const documents: JsonDocument[] = events.map((lines) => ({
    text: lines.map(({ start, end }) => text.slice(start, end)).join('\n'),
    offset: 0,
  }));
  const json = jsonRedactions(documents);
  const texts = documents.filter((_document, index) => json[index] === null);
  const spread = spreadRedactions(texts);
  return events.flatMap((lines, index) => {
    const document = documents[index];
    const found =
      json[index] ??
      (document === undefined ? [] : [...textRedactions(document.text), ...(spread.get(document) ?? [])]);
    return placed(lines, settled(found));
  });
}

/** Of events that are no JSON, what shows when they are read one behind the other. */
function spreadRedactions(documents: readonly JsonDocument[]): Map<JsonDocument, Redaction[]> {
  const found = textRedactions(documents.map(({ text }) => text).join(''));
  const dealt = dealtOut(
    documents.map(({ text }) => text.length),
    found,
  );
  return new Map(documents.map((document, index) => [document, dealt[index] ?? []]));
}

/** Redactions of lines joined by line feeds, as those of the whole text. */
function placed(lines: EventData, redactions: readonly Redaction[]): Redaction[] {
  if (redactions.length === 0) return [];
  // A line feed counts as the last character of the line before it; no line gives it up.
  const dealt = dealtOut(
    lines.map(({ start, end }) => end - start + 1),
    redactions,
  );
  return lines.flatMap(({ start, end }, index) =>
    within(dealt[index] ?? [], start).map((redaction) => ({ ...redaction, end: Math.min(redaction.end, end) })),
  );
}

function within(redactions: readonly Redaction[], offset: number): Redaction[] {
  return redactions.map(({ start, end, replacement }) => ({ start: start + offset, end: end + offset, replacement }));
}

/** Lines without what ends them: CRLF, LF or CR. */
function* linesOf(text: string): Generator<Piece> {
  let start = text.startsWith('\uFEFF') ? 1 : 0;
  const ends = /\r\n|\n|\r/g;
  for (const match of text.matchAll(ends)) {
    if (match.index < start) continue;
    yield { start, end: match.index };
    start = match.index + match[0].length;
  }
  if (start < text.length) yield { start, end: text.length };
}

/** The value of a `data` line; `null` of any other. */
function dataOf(text: string, { start, end }: Piece): Piece | null {
  if (!text.startsWith('data', start) || end < start + 4) return null;
  if (end === start + 4) return { start: end, end };
  if (text[start + 4] !== ':') return null;
  const from = start + 5;
  return { start: text[from] === ' ' && from < end ? from + 1 : from, end };
}

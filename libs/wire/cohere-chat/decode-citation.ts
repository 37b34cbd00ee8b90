import type { Citation, JsonFields, Part, TextPart } from '../../protocol/index.js';
import { isFields, listOf, numberOf, objectOf, textOf } from '../fields.js';
import { FORMAT } from './shapes.js';

/** A citation of the answer's text; what it cites is a document of the request or the result of a tool. */
export function decodeCitation(value: unknown): Citation {
  const fields = isFields(value) ? value : {};
  const [source = {}] = (listOf(fields, 'sources') ?? []).filter(isFields);
  const document = objectOf(source, 'document') ?? {};
  const url = textOf(document, 'url');
  return {
    kind: url !== undefined ? 'url' : source['type'] === 'document' ? 'document' : 'other',
    url,
    title: textOf(document, 'title'),
    fileId: textOf(source, 'id'),
    quote: textOf(document, 'text') ?? textOf(document, 'snippet'),
    ...(isOfText(fields) ? { start: numberOf(fields, 'start'), end: numberOf(fields, 'end') } : {}),
    raw: { format: FORMAT, value: fields },
  };
}

function isOfText(fields: JsonFields): boolean {
  const type = fields['type'];
  return type === undefined || type === null || type === 'TEXT_CONTENT';
}

/**
 * Puts the citations of a message on the texts they stand in; those of plans and thoughts on the first text, without a place.
 * @returns `null` where no text is there to take them
 */
export function withCitations(content: readonly Part[], citations: readonly unknown[]): Part[] | null {
  const first = content.findIndex(({ type }) => type === 'text');
  if (first < 0) return null;
  const parts = [...content];
  for (const citation of citations) {
    const at = placeOf(citation, content, first);
    const part = parts[at] as TextPart;
    parts[at] = { ...part, citations: [...(part.citations ?? []), decodeCitation(citation)] };
  }
  return parts;
}

function placeOf(citation: unknown, content: readonly Part[], first: number): number {
  const index = isFields(citation) ? citation['content_index'] : undefined;
  return typeof index === 'number' && content[index]?.type === 'text' ? index : first;
}

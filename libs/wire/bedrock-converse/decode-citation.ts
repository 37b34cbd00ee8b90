import type { Citation, JsonFields } from '../../protocol/index.js';
import { isFields, listOf, numberOf, objectOf, textOf } from '../fields.js';
import { FORMAT } from './shapes.js';

const UNITS = [
  ['documentChar', 'char'],
  ['documentPage', 'page'],
  ['documentChunk', 'block'],
] as const;

export function decodeCitation(value: unknown): Citation {
  const fields = isFields(value) ? value : {};
  const location = objectOf(fields, 'location') ?? {};
  const url = textOf(objectOf(location, 'web') ?? {}, 'url');
  const inDocument = documentIn(location);
  return {
    kind: url !== undefined ? 'url' : inDocument === undefined ? 'other' : 'document',
    url,
    title: textOf(fields, 'title'),
    quote: quoteOf(fields),
    ...inDocument,
    raw: { format: FORMAT, value: fields },
  };
}

function documentIn(location: JsonFields): Pick<Citation, 'documentIndex' | 'source'> | undefined {
  for (const [name, unit] of UNITS) {
    const place = objectOf(location, name);
    if (place === undefined) continue;
    const from = numberOf(place, 'start');
    const to = numberOf(place, 'end');
    const source = from === undefined || to === undefined ? undefined : { unit, from, to };
    return { documentIndex: numberOf(place, 'documentIndex'), source };
  }
  return undefined;
}

function quoteOf(fields: JsonFields): string | undefined {
  const pieces = listOf(fields, 'sourceContent');
  const texts = pieces?.flatMap((piece) => (isFields(piece) ? (textOf(piece, 'text') ?? []) : []));
  return texts === undefined || texts.length === 0 ? undefined : texts.join('');
}

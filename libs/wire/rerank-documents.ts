import type { AnyFormatId, JsonFields, LossReport, RerankDocument, RerankRequest } from '../protocol/index.js';
import { isFields, jsonText, listOf, refuse, reportExtensions, textOf } from './fields.js';

/** More than any vendor puts in order in one call. */
const MAX_DOCUMENTS = 10_000;

/**
 * Reads the documents of a request: texts, or objects of which the fields in `rankFields` are read, else `text`, else all.
 * @throws GatewayError 400 that names the field at fault
 */
export function decodeDocuments(body: JsonFields): Pick<RerankRequest, 'documents' | 'rankFields'> {
  const list = listOf(body, 'documents');
  if (list === undefined) refuse('documents', "'documents' is required.");
  if (list.length === 0) refuse('documents', "'documents' must not be empty.");
  if (list.length > MAX_DOCUMENTS) refuse('documents', `'documents' has more than ${String(MAX_DOCUMENTS)} entries.`);
  const rankFields = listOf(body, 'rank_fields')?.map((name, at) => {
    if (typeof name !== 'string')
      refuse(`rank_fields[${String(at)}]`, `'rank_fields[${String(at)}]' must be a string.`);
    return name;
  });
  const documents = list.map((value, at): RerankDocument => {
    if (typeof value === 'string') return { text: value };
    const path = `documents[${String(at)}]`;
    if (!isFields(value)) refuse(path, `'${path}' must be a string or an object.`);
    return { text: textOfFields(value, rankFields), fields: value };
  });
  return { documents, rankFields };
}

/** A structured document as text: a field a line, as in YAML. */
function textOfFields(fields: JsonFields, rankFields: readonly string[] | undefined): string {
  const names = rankFields ?? (typeof fields['text'] === 'string' ? ['text'] : Object.keys(fields));
  if (names.length === 1 && names[0] === 'text') return textOf(fields, 'text') ?? '';
  return names
    .filter((name) => Object.hasOwn(fields, name))
    .map((name) => `${name}: ${typeof fields[name] === 'string' ? fields[name] : jsonText(fields[name])}`)
    .join('\n');
}

/** How a result of an answer names its document: a text, or an object with one. */
export function decodeResultDocument(value: unknown): RerankDocument | undefined {
  if (typeof value === 'string') return { text: value, form: 'text' };
  return isFields(value) ? { text: textOf(value, 'text') ?? '', fields: value } : undefined;
}

/** A document in a result, as an object. */
export function resultDocument({ text, fields, form }: RerankDocument, own: boolean): unknown {
  if (own && form === 'text') return text;
  return fields ?? { text };
}

export function reportDocuments(report: LossReport, { documents }: RerankRequest, format: AnyFormatId): void {
  for (const [at, { extensions }] of documents.entries())
    reportExtensions(report, extensions, format, `documents[${String(at)}]`);
}

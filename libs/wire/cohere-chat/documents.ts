import type { FilePart, JsonFields, Message, Part } from '../../protocol/index.js';
import { given, isFields, objectOf, restOf, textOf, withInner, writeExtensions } from '../fields.js';
import { DOCUMENT, DOCUMENT_DATA, FORMAT } from './shapes.js';

/**
 * The documents of a request stand beside its messages; in the canonical model they are what the last user shows first. Their
 * form says where they were.
 */
const FORM = 'documents';

export function withDocuments(messages: readonly Message[], documents: readonly unknown[] | undefined): Message[] {
  if (documents === undefined || documents.length === 0) return [...messages];
  const parts = documents.map(decodeDocument);
  const at = messages.findLastIndex(({ role }) => role === 'user');
  const user = messages[at];
  if (user === undefined) return [...messages, { role: 'user', parts, form: FORM }];
  return messages.with(at, { ...user, parts: [...parts, ...user.parts] });
}

/** A text, or an object of any fields, of which title and text have names. */
function decodeDocument(value: unknown): Part {
  if (typeof value === 'string') {
    return { type: 'file', source: { kind: 'text', text: value }, citable: true, form: `${FORM} string` };
  }
  const data = isFields(value) ? objectOf(value, 'data') : undefined;
  if (!isFields(value) || data === undefined) return { type: 'opaque', format: FORMAT, value, form: FORM };
  const text = textOf(data, 'text');
  const outer = restOf(value, DOCUMENT, FORMAT);
  if (text === undefined) {
    // As a whole, because only its author knows which field says what.
    const source = { kind: 'parts', parts: [{ type: 'json', value: data }] } as const;
    return { type: 'file', source, citable: true, extensions: outer, form: `${FORM} data` };
  }
  return {
    type: 'file',
    source: { kind: 'text', text },
    title: textOf(data, 'title'),
    citable: true,
    extensions: withInner(outer, FORMAT, 'data', restOf(data, DOCUMENT_DATA, FORMAT)),
    form: FORM,
  };
}

export function isDocument(part: Part): boolean {
  return part.form === FORM || part.form?.startsWith(`${FORM} `) === true;
}

/** Whether the message was made for documents alone. */
export function isForDocuments({ form }: Message): boolean {
  return form === FORM;
}

/** A document as it came. */
export function encodeOwnDocument(part: Part): unknown {
  if (part.type === 'opaque') return part.value;
  if (part.type !== 'file') return undefined;
  if (part.form === `${FORM} string`) return textIn(part);
  const out: Record<string, unknown> = { data: part.form === FORM ? dataOf(part) : valueIn(part) };
  writeExtensions(out, part.extensions, FORMAT);
  return out;
}

/** A text for the request's documents; `undefined` for what is none. */
export function documentOf(part: FilePart): JsonFields | undefined {
  const text = textIn(part);
  return text === undefined ? undefined : { data: given({ title: part.title ?? part.filename, text }) };
}

function dataOf(part: FilePart): JsonFields {
  return given({ title: part.title, text: textIn(part) });
}

function valueIn({ source }: FilePart): unknown {
  const only = source.kind === 'parts' ? source.parts[0] : undefined;
  return only?.type === 'json' ? only.value : undefined;
}

/** Texts as they are, texts in base64 read. */
function textIn({ source }: FilePart): string | undefined {
  if (source.kind === 'text') return source.text;
  if (source.kind === 'data' && source.mediaType?.startsWith('text/') === true)
    return Buffer.from(source.data, 'base64').toString('utf8');
  if (source.kind !== 'parts') return undefined;
  const texts = source.parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  return texts.length === 0 ? undefined : texts.join('\n');
}

import type { Extensible, ImagePart, JsonFields, OpaquePart, Part } from '../../protocol/index.js';
import { isFields, objectOf, restOf, type Shape, textOf, withInner } from '../fields.js';
import { sourceOfUrl } from '../media.js';
import { DOCUMENT, FORMAT, IMAGE, IMAGE_URL, RESULT_DOCUMENT, TEXT, THINKING } from './shapes.js';

/** Content as it stands in a message: a bare string, or a list of parts. */
export function decodeContent(content: unknown): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return Array.isArray(content) ? content.map(decodePart) : [];
}

const DECODERS: Readonly<Record<string, (value: JsonFields) => Part | null>> = {
  text: (value) => {
    const text = textOf(value, 'text');
    return text === undefined ? null : { type: 'text', text, ...kept(value, TEXT) };
  },
  thinking: (value) => {
    const text = textOf(value, 'thinking');
    return text === undefined ? null : { type: 'reasoning', text, ...kept(value, THINKING) };
  },
  image_url: decodeImage,
  document: decodeResultDocument,
};

/** One part of content; what is none of the known kinds is kept as it is. */
export function decodePart(value: unknown): Part {
  if (!isFields(value)) return opaque(value);
  const type = textOf(value, 'type');
  const decode = type !== undefined && Object.hasOwn(DECODERS, type) ? DECODERS[type] : undefined;
  return decode?.(value) ?? opaque(value);
}

function opaque(value: unknown): OpaquePart {
  return { type: 'opaque', format: FORMAT, value };
}

function kept(value: JsonFields, table: Shape): Pick<Extensible, 'extensions'> {
  return { extensions: restOf(value, table, FORMAT) };
}

function decodeImage(value: JsonFields): ImagePart | null {
  const inner = objectOf(value, 'image_url') ?? {};
  const url = textOf(inner, 'url');
  if (url === undefined) return null;
  return {
    type: 'image',
    source: sourceOfUrl(url),
    detail: textOf(inner, 'detail'),
    extensions: withInner(restOf(value, IMAGE, FORMAT), FORMAT, 'image_url', restOf(inner, IMAGE_URL, FORMAT)),
  };
}

/** What a tool found, an object or a text. */
function decodeResultDocument(value: JsonFields): Part | null {
  const inner = objectOf(value, 'document');
  const data = inner?.['data'];
  if (inner === undefined || (typeof data !== 'string' && !isFields(data))) return null;
  const outer = restOf(value, RESULT_DOCUMENT, FORMAT);
  const extensions = withInner(outer, FORMAT, 'document', restOf(inner, DOCUMENT, FORMAT));
  return typeof data === 'string'
    ? { type: 'text', text: data, extensions, form: 'document' }
    : { type: 'json', value: data, extensions, form: 'document' };
}

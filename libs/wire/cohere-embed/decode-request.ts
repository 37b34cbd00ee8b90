import {
  type EmbeddingEncoding,
  type EmbeddingInput,
  type EmbeddingPart,
  type EmbeddingRequest,
  type JsonFields,
} from '../../protocol/index.js';
import { checkInputs } from '../embedding-inputs.js';
import { isFields, listOf, objectOf, refuse, restOf, textOf, withExtension, withInner } from '../fields.js';
import { sourceOfUrl } from '../media.js';
import { countIn, modelOf, requestFields } from '../whole-request.js';
import type { RequestOrigin } from '../wire-format.js';
import { type CohereEmbedId, IMAGE_PART, IMAGE_URL, INPUT, PURPOSES, REQUEST, TEXT_PART, TYPES } from './shapes.js';

/**
 * Reads a request body of `POST /v2/embed`, parsed.
 * @throws GatewayError 400 that names the field at fault
 */
export function decodeRequest(format: CohereEmbedId, body: unknown, origin: RequestOrigin = {}): EmbeddingRequest {
  const fields = requestFields(body, REQUEST);
  const model = modelOf(fields, origin);
  const purpose = known(fields, 'input_type', PURPOSES);
  const truncate = known(fields, 'truncate', TRUNCATIONS);
  let extensions = restOf(fields, REQUEST, format);
  for (const { name, value, word } of [purpose, truncate])
    if (value === undefined) extensions = withExtension(extensions, format, name, word);
  return {
    source: format,
    model,
    inputs: decodeInputs(format, fields),
    dimensions: countIn(fields, 'output_dimension'),
    encodings: decodeTypes(listOf(fields, 'embedding_types')),
    purpose: purpose.value,
    truncate: truncate.value,
    extensions,
    forms: truncate.word === undefined ? {} : { truncate: truncate.word },
  };
}

/** A word of a field, and what it means where the table has it. */
function known<T>(
  fields: JsonFields,
  name: string,
  table: ReadonlyMap<string, T>,
): { readonly name: string; readonly value: T | undefined; readonly word: string | undefined } {
  const word = textOf(fields, name);
  return { name, value: word === undefined ? undefined : table.get(word), word };
}

/** Embed v4 on Bedrock calls the ends otherwise. */
const TRUNCATIONS: ReadonlyMap<string, 'none' | 'start' | 'end'> = new Map([
  ['NONE', 'none'],
  ['START', 'start'],
  ['LEFT', 'start'],
  ['END', 'end'],
  ['RIGHT', 'end'],
]);

const KNOWN: ReadonlySet<unknown> = new Set(TYPES);

function decodeTypes(types: readonly unknown[] | undefined): readonly EmbeddingEncoding[] | undefined {
  const unknown = types?.findIndex((type) => !KNOWN.has(type)) ?? -1;
  if (unknown >= 0) refuse(`embedding_types[${String(unknown)}]`, `'embedding_types' may have ${TYPES.join(', ')}.`);
  return types as readonly EmbeddingEncoding[] | undefined;
}

/** Exactly one of the three fields is given. */
function decodeInputs(format: CohereEmbedId, body: JsonFields): readonly EmbeddingInput[] {
  const given = (['texts', 'images', 'inputs'] as const).filter((name) => (listOf(body, name)?.length ?? 0) > 0);
  const [name, other] = given;
  if (name === undefined) refuse('texts', "'texts', 'images' or 'inputs' is required.");
  if (other !== undefined) refuse(other, `'${other}' cannot be given together with '${name}'.`);
  const list = listOf(body, name) ?? [];
  checkInputs(list, name);
  return list.map((value, at) => {
    const path = `${name}[${String(at)}]`;
    if (name === 'inputs') return decodeInput(format, value, path);
    if (typeof value !== 'string') refuse(path, `'${path}' must be a string.`);
    const part: EmbeddingPart =
      name === 'texts' ? { type: 'text', text: value } : { type: 'image', source: sourceOfUrl(value) };
    return { parts: [part], form: name };
  });
}

function decodeInput(format: CohereEmbedId, value: unknown, path: string): EmbeddingInput {
  const content = isFields(value) ? listOf(value, 'content') : undefined;
  if (!isFields(value) || content === undefined) refuse(path, `'${path}' must be an object with 'content'.`);
  checkInputs(content, `${path}.content`);
  return {
    parts: content.map((part, at) => decodePart(format, part, `${path}.content[${String(at)}]`)),
    extensions: restOf(value, INPUT, format),
    form: 'inputs',
  };
}

function decodePart(format: CohereEmbedId, value: unknown, path: string): EmbeddingPart {
  if (!isFields(value)) refuse(path, `'${path}' must be an object.`);
  const text = textOf(value, 'text');
  if (text !== undefined && restOf(value, TEXT_PART, format) === undefined) return { type: 'text', text };
  const image = objectOf(value, 'image_url');
  const url = textOf(value, 'image_url') ?? (image === undefined ? undefined : textOf(image, 'url'));
  if (url === undefined) refuse(path, `'${path}' must be of the type 'text' or 'image_url'.`);
  const inner = image === undefined ? undefined : restOf(image, IMAGE_URL, format);
  const extensions = withInner(restOf(value, IMAGE_PART, format), format, 'image_url', inner);
  return { type: 'image', source: sourceOfUrl(url), extensions };
}

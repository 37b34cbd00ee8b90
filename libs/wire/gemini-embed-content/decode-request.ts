import {
  type EmbeddingInput,
  type EmbeddingPart,
  type EmbeddingRequest,
  type Extensions,
  GatewayError,
  type JsonFields,
  type MediaSource,
} from '../../protocol/index.js';
import { checkInputs } from '../embedding-inputs.js';
import {
  checkShape,
  isFields,
  listOf,
  numberOf,
  objectOf,
  refuse,
  restOf,
  textOf,
  withExtension,
  withInner,
} from '../fields.js';
import { camelNames } from '../gemini-generate-content/field-names.js';
import type { RequestOrigin } from '../wire-format.js';
import { BATCH, BLOB, BLOB_PART, CONTENT, FILE, FILE_PART, FORMAT, PURPOSES, REQUEST, TEXT_PART } from './shapes.js';

/**
 * Reads a request body of `:embedContent` or `:batchEmbedContents`, parsed.
 * @throws GatewayError 400 that names the field at fault
 */
export function decodeRequest(body: unknown, origin: RequestOrigin = {}): EmbeddingRequest {
  if (!isFields(body)) throw new GatewayError('invalid_request', 'The request body must be a JSON object.');
  const fields = camelNames(body);
  const isBatch = fields['requests'] !== undefined;
  const requests = isBatch ? requestsIn(fields) : [single(body, '')];
  const purpose = sameIn(requests.map((one) => PURPOSES.get(textOf(one, 'taskType') ?? '')));
  const dimensions = sameIn(requests.map((one) => numberOf(one, 'outputDimensionality')));
  const told = { purpose: purpose !== undefined, dimensions: dimensions !== undefined };
  return {
    source: FORMAT,
    model: modelIn(requests, origin),
    inputs: requests.map((one, at) => decodeInput(one, told, isBatch ? `requests[${String(at)}].content` : 'content')),
    dimensions,
    purpose,
    extensions: isBatch ? restOf(fields, BATCH, FORMAT) : undefined,
    forms: { inputs: isBatch ? 'batch' : 'single' },
  };
}

function modelIn([first = {}]: readonly JsonFields[], origin: RequestOrigin): string {
  const model = origin.model ?? textOf(first, 'model')?.replace(/^models\//, '') ?? '';
  if (model === '') refuse('model', "'model' is required.");
  return model;
}

function requestsIn(fields: JsonFields): readonly JsonFields[] {
  checkShape(fields, BATCH, '');
  const list = listOf(fields, 'requests') ?? [];
  checkInputs(list, 'requests');
  return list.map((value, at) => single(value, `requests[${String(at)}]`));
}

function single(value: unknown, path: string): JsonFields {
  if (!isFields(value)) refuse(path, `'${path}' must be an object.`);
  const fields = camelNames(value);
  checkShape(fields, REQUEST, path);
  return fields;
}

/** The value, where all have the same. */
function sameIn<T>([first, ...others]: readonly (T | undefined)[]): T | undefined {
  return others.every((other) => other === first) ? first : undefined;
}

/** What all requests say the same stands in the canonical request, what they say differently stays with each. */
function decodeInput(
  fields: JsonFields,
  told: { readonly purpose: boolean; readonly dimensions: boolean },
  path: string,
): EmbeddingInput {
  const content = objectOf(fields, 'content');
  if (content === undefined) refuse(path, `'${path}' is required.`);
  const parts = listOf(content, 'parts') ?? [];
  checkInputs(parts, `${path}.parts`);
  let extensions = restOf(fields, REQUEST, FORMAT);
  if (!told.purpose) extensions = withExtension(extensions, FORMAT, 'taskType', textOf(fields, 'taskType'));
  if (!told.dimensions)
    extensions = withExtension(extensions, FORMAT, 'outputDimensionality', numberOf(fields, 'outputDimensionality'));
  return {
    parts: parts.map((part, at) => decodePart(part, `${path}.parts[${String(at)}]`)),
    title: textOf(fields, 'title'),
    extensions: withInner(extensions, FORMAT, 'content', restOf(content, CONTENT, FORMAT)),
  };
}

function decodePart(value: unknown, path: string): EmbeddingPart {
  const fields = isFields(value) ? camelNames(value) : {};
  const text = textOf(fields, 'text');
  if (text !== undefined && restOf(fields, TEXT_PART, FORMAT) === undefined) return { type: 'text', text };
  const blob = objectOf(fields, 'inlineData');
  if (blob !== undefined) {
    const { mimeType, data } = camelNames(blob);
    if (typeof data !== 'string') refuse(`${path}.inlineData`, `'${path}.inlineData' must have 'data'.`);
    const source = { kind: 'data', data, mediaType: wordOf(mimeType) } as const;
    return media(source, restOf(fields, BLOB_PART, FORMAT), restOf(camelNames(blob), BLOB, FORMAT), 'inlineData');
  }
  const file = objectOf(fields, 'fileData');
  if (file === undefined) refuse(path, `'${path}' must have 'text', 'inlineData' or 'fileData'.`);
  const { mimeType, fileUri } = camelNames(file);
  if (typeof fileUri !== 'string') refuse(`${path}.fileData`, `'${path}.fileData' must have 'fileUri'.`);
  const source = { kind: 'url', url: fileUri, mediaType: wordOf(mimeType) } as const;
  return media(source, restOf(fields, FILE_PART, FORMAT), restOf(camelNames(file), FILE, FORMAT), 'fileData');
}

const wordOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function media(
  source: MediaSource,
  outer: Extensions | undefined,
  inner: Extensions | undefined,
  name: string,
): EmbeddingPart {
  const kind = /^(image|audio|video)\//.exec(source.mediaType ?? '')?.[1] as 'image' | 'audio' | 'video' | undefined;
  return { type: kind ?? 'file', source, extensions: withInner(outer, FORMAT, name, inner) };
}

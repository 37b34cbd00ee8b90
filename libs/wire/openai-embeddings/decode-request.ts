import {
  type EmbeddingInput,
  type EmbeddingPart,
  type EmbeddingPurpose,
  type EmbeddingRequest,
  type Extensions,
  type JsonFields,
} from '../../protocol/index.js';
import { checkInputs } from '../embedding-inputs.js';
import { isFields, listOf, objectOf, refuse, restOf, textOf, withExtension } from '../fields.js';
import { sourceOfUrl } from '../media.js';
import { countIn, modelOf, requestFields } from '../whole-request.js';
import type { RequestOrigin } from '../wire-format.js';
import { CONTENT_INPUT, FORMAT, IMAGE_INPUT, IMAGE_PART, REQUEST, TEXT_INPUT, TEXT_PART } from './shapes.js';

/**
 * Reads a request body of `POST /v1/embeddings`, parsed. Beside what OpenAI takes: `input_type` in the words of several vendors, and
 * inputs that are objects (`{text}`, `{image}`, `{content: […]}`), as compatible servers of models that see know them.
 * @throws GatewayError 400 that names the field at fault
 */
export function decodeRequest(body: unknown, origin: RequestOrigin = {}): EmbeddingRequest {
  const fields = requestFields(body, REQUEST);
  const model = modelOf(fields, origin);
  const { inputs, form } = decodeInputs(fields['input']);
  const { purpose, word, extensions } = decodePurpose(fields, restOf(fields, REQUEST, FORMAT));
  return {
    source: FORMAT,
    model,
    inputs,
    dimensions: countIn(fields, 'dimensions'),
    encodings: decodeEncoding(textOf(fields, 'encoding_format')),
    purpose,
    user: textOf(fields, 'user'),
    extensions,
    forms: { inputs: form, ...(word !== undefined && { purpose: word }) },
  };
}

function decodeEncoding(format: string | undefined): EmbeddingRequest['encodings'] {
  if (format === undefined) return undefined;
  if (format !== 'float' && format !== 'base64')
    refuse('encoding_format', "'encoding_format' must be 'float' or 'base64'.");
  return [format];
}

/** Cohere's, NVIDIA's, Voyage's and Google's words. */
const PURPOSES: ReadonlyMap<string, EmbeddingPurpose> = new Map([
  ['query', 'query'],
  ['search_query', 'query'],
  ['retrieval_query', 'query'],
  ['document', 'document'],
  ['passage', 'document'],
  ['search_document', 'document'],
  ['retrieval_document', 'document'],
  ['classification', 'classification'],
  ['clustering', 'clustering'],
  ['semantic_similarity', 'similarity'],
  ['question_answering', 'question-answering'],
  ['fact_verification', 'fact-verification'],
  ['code_retrieval_query', 'code-query'],
  ['image', 'image'],
]);

function decodePurpose(
  body: JsonFields,
  extensions: Extensions | undefined,
): { purpose?: EmbeddingPurpose; word?: string; extensions: Extensions | undefined } {
  const word = textOf(body, 'input_type');
  if (word === undefined) return { extensions };
  const purpose = PURPOSES.get(word.toLowerCase());
  if (purpose === undefined) return { extensions: withExtension(extensions, FORMAT, 'input_type', word) };
  return { purpose, word, extensions };
}

type Inputs = { readonly inputs: readonly EmbeddingInput[]; readonly form: string };

function decodeInputs(input: unknown): Inputs {
  if (input === undefined || input === null) refuse('input', "'input' is required.");
  if (typeof input === 'string') return { inputs: [{ parts: [{ type: 'text', text: input }] }], form: 'string' };
  const list = input as readonly unknown[];
  checkInputs(list, 'input');
  if (typeof list[0] === 'number') return { inputs: [tokensInput(list, 'input')], form: 'tokens' };
  return { inputs: list.map((one, at) => decodeInput(one, `input[${String(at)}]`)), form: 'list' };
}

function decodeInput(value: unknown, path: string): EmbeddingInput {
  if (typeof value === 'string') return { parts: [{ type: 'text', text: value }] };
  if (Array.isArray(value)) return tokensInput(value, path);
  if (!isFields(value)) refuse(path, `'${path}' must be a string, an array of integers or an object.`);
  const content = listOf(value, 'content');
  if (content !== undefined) {
    checkInputs(content, `${path}.content`);
    const parts = content.map((part, at) => decodePart(part, `${path}.content[${String(at)}]`));
    return { parts, extensions: restOf(value, CONTENT_INPUT, FORMAT), form: 'content' };
  }
  const text = textOf(value, 'text');
  if (text !== undefined)
    return { parts: [{ type: 'text', text }], extensions: restOf(value, TEXT_INPUT, FORMAT), form: 'object' };
  const image = textOf(value, 'image');
  if (image === undefined) refuse(path, `'${path}' must have 'text', 'image' or 'content'.`);
  return { parts: [imageOf(image)], extensions: restOf(value, IMAGE_INPUT, FORMAT), form: 'object' };
}

function tokensInput(value: readonly unknown[], path: string): EmbeddingInput {
  if (value.length === 0) refuse(path, `'${path}' must not be empty.`);
  if (!value.every((one) => Number.isInteger(one) && (one as number) >= 0))
    refuse(path, `'${path}' must be a string or an array of integers.`);
  return { parts: [{ type: 'tokens', tokens: value as readonly number[] }] };
}

function decodePart(value: unknown, path: string): EmbeddingPart {
  if (!isFields(value)) refuse(path, `'${path}' must be an object.`);
  const text = textOf(value, 'text');
  if (text !== undefined && restOf(value, TEXT_PART, FORMAT) === undefined) return { type: 'text', text };
  const image = objectOf(value, 'image_url');
  const url = image === undefined ? undefined : textOf(image, 'url');
  if (url === undefined) refuse(path, `'${path}' must be of the type 'text' or 'image_url'.`);
  return { type: 'image', source: sourceOfUrl(url), extensions: restOf(value, IMAGE_PART, FORMAT) };
}

/** A URL, or base64 with or without the head of a `data:` URL. */
function imageOf(image: string): EmbeddingPart {
  const source = sourceOfUrl(image);
  if (source.kind === 'url' && !/^[a-z][a-z0-9+.-]*:/i.test(image))
    return { type: 'image', source: { kind: 'data', data: image } };
  return { type: 'image', source };
}

import {
  type AnswerHeaders,
  type Embedding,
  type EmbeddingAnswer,
  type EmbeddingEncoding,
  type EmbeddingRequest,
  type JsonFields,
  NO_USAGE,
  type Usage,
  wireError,
} from '../../protocol/index.js';
import { errorInside, parseObject } from '../answer-bytes.js';
import { floatsOf, isText, numbersIn, textOfInput, vectorAs } from '../embedding-inputs.js';
import { given, isFields, listOf, objectOf, reportExtensions, restOf, textOf, writeExtensions } from '../fields.js';
import { readCohereUsage } from '../usage/cohere.js';
import { bedrockTokens } from '../usage/bedrock-invoke.js';
import type { EncodeWholeContext } from '../whole-format.js';
import type { Decoded } from '../wire-format.js';
import { ANSWER, type CohereEmbedId, TYPES } from './shapes.js';

type Out = Record<string, unknown>;
type Vectors = { -readonly [K in EmbeddingEncoding]?: K extends 'base64' ? string : readonly number[] };

/** Reads an answer of `POST /v2/embed`; Amazon tells its usage in a header. Never throws. */
export function decodeAnswer(
  format: CohereEmbedId,
  body: Buffer,
  headers: AnswerHeaders = {},
): Decoded<EmbeddingAnswer> {
  const parsed = parseObject(body);
  if (!parsed.ok) return parsed;
  const fields = parsed.value;
  const embeddings = decodeVectors(fields['embeddings']);
  if (embeddings === null) return { ok: false, error: errorIn(format, fields) };
  const meta = objectOf(fields, 'meta');
  const { texts, images, response_type } = fields;
  return {
    ok: true,
    value: {
      source: format,
      id: textOf(fields, 'id'),
      embeddings,
      usage: usageOfMeta(meta) ?? bedrockTokens(headers),
      rawUsage: meta === undefined ? undefined : { format, value: meta },
      extensions: restOf(fields, ANSWER, format),
      echo: { format, value: given({ texts, images, response_type }) },
      form: Array.isArray(fields['embeddings']) ? 'list' : undefined,
    },
  };
}

function usageOfMeta(meta: JsonFields | undefined): Usage | null {
  return meta === undefined ? null : readCohereUsage(meta);
}

function errorIn(format: CohereEmbedId, fields: JsonFields): ReturnType<typeof errorInside> {
  if (typeof fields['message'] === 'string') return errorInside(format, fields);
  return wireError('malformed', 'The answer has no embeddings.');
}

/** One list a type; the first version has floats alone. `null` for what is no vectors. */
function decodeVectors(value: unknown): Embedding[] | null {
  const lists: JsonFields | null = Array.isArray(value) ? { float: value } : isFields(value) ? value : null;
  if (lists === null) return null;
  const found: { index: number; vectors: Vectors }[] = [];
  for (const type of TYPES) {
    for (const [index, one] of (listOf(lists, type) ?? []).entries()) {
      const { vectors } = (found[index] ??= { index, vectors: {} });
      if (!takeVector(vectors, type, one)) return null;
    }
  }
  return found.length === 0 ? null : found;
}

function takeVector(into: Vectors, type: EmbeddingEncoding, value: unknown): boolean {
  if (type === 'base64') {
    if (typeof value === 'string') into.base64 = value;
    return typeof value === 'string';
  }
  const numbers = numbersIn(value);
  if (numbers !== undefined) into[type] = numbers;
  return numbers !== undefined;
}

/** Writes an answer of `POST /v2/embed`: a list of vectors for each type that was asked for. */
export function encodeAnswer(
  format: CohereEmbedId,
  answer: EmbeddingAnswer,
  context: EncodeWholeContext<EmbeddingRequest>,
): JsonFields {
  const { report, request } = context;
  const embeddings = [...answer.embeddings].sort((one, other) => one.index - other.index);
  const isList = answer.source === format && answer.form === 'list';
  const out: Out = {
    id: answer.id ?? context.id,
    embeddings: isList ? embeddings.map(floatsOf) : lists(embeddings, request),
    ...(answer.echo?.format === format ? answer.echo.value : echoOf(request)),
    ...given({ meta: metaOf(format, answer) }),
  };
  writeExtensions(out, answer.extensions, format);
  reportExtensions(report, answer.extensions, format, '');
  for (const [at, { extensions }] of embeddings.entries())
    reportExtensions(report, extensions, format, `embeddings[${String(at)}]`);
  return out;
}

function lists(embeddings: readonly Embedding[], request: EmbeddingRequest | undefined): Out {
  const there = TYPES.filter((type) => embeddings.every(({ vectors }) => vectors[type] !== undefined));
  const wanted = request === undefined ? there : (request.encodings ?? ['float']);
  const out: Out = {};
  for (const type of wanted) {
    const vectors = embeddings.map((embedding) => vectorAs(embedding, type));
    if (!vectors.includes(undefined)) out[type] = vectors;
  }
  // Better the floats than nothing: that the type is not there was told with the request.
  if (Object.keys(out).length === 0) out['float'] = embeddings.map(floatsOf);
  return out;
}

function echoOf(request: EmbeddingRequest | undefined): Out {
  const texts = request?.inputs.every(isText) === true ? request.inputs : [];
  const quiet = { add: () => undefined };
  return {
    texts: texts.map((input, at) => textOfInput(input, at, quiet)),
    response_type: 'embeddings_by_type',
  };
}

/** Amazon tells it in a header, where it is not ours to write. */
function metaOf(format: CohereEmbedId, { usage, rawUsage }: EmbeddingAnswer): Out | undefined {
  if (rawUsage?.format === format) return { ...rawUsage.value };
  if (format !== 'cohere-embed') return undefined;
  const { promptTokens, imageInputTokens } = usage ?? NO_USAGE;
  return {
    api_version: { version: '2' },
    billed_units: {
      input_tokens: promptTokens - imageInputTokens,
      ...(imageInputTokens > 0 && { image_tokens: imageInputTokens }),
    },
  };
}

import {
  type Embedding,
  type EmbeddingAnswer,
  type EmbeddingRequest,
  type JsonFields,
  type LossReport,
  type RawUsage,
  type Usage,
  wireError,
} from '../../protocol/index.js';
import { errorInside, parseObject } from '../answer-bytes.js';
import { floatsOf, numbersIn, vectorAs } from '../embedding-inputs.js';
import { isFields, listOf, numberOf, objectOf, reportExtensions, restOf, textOf, writeExtensions } from '../fields.js';
import { readUsage } from '../openai-chat/usage.js';
import type { EncodeWholeContext } from '../whole-format.js';
import type { Decoded } from '../wire-format.js';
import { ANSWER, FORMAT, ITEM } from './shapes.js';

type Out = Record<string, unknown>;

/** Reads an answer of `POST /v1/embeddings`. Never throws. */
export function decodeAnswer(body: Buffer): Decoded<EmbeddingAnswer> {
  const parsed = parseObject(body);
  if (!parsed.ok) return parsed;
  const fields = parsed.value;
  const data = listOf(fields, 'data');
  const embeddings = data?.map(decodeItem);
  if (embeddings === undefined || embeddings.includes(null)) return { ok: false, error: errorIn(fields) };
  const usage = objectOf(fields, 'usage');
  return {
    ok: true,
    value: {
      source: FORMAT,
      id: textOf(fields, 'id'),
      model: textOf(fields, 'model'),
      embeddings: embeddings as Embedding[],
      usage: usage === undefined ? null : readUsage(usage),
      rawUsage: usage === undefined ? undefined : { format: FORMAT, value: usage },
      extensions: restOf(fields, ANSWER, FORMAT),
    },
  };
}

function errorIn(fields: JsonFields): ReturnType<typeof errorInside> {
  const error = fields['error'];
  if (error !== undefined && error !== null) return errorInside(FORMAT, fields);
  return wireError('malformed', 'The answer has no embeddings.');
}

/** `null` for what holds no vector. */
function decodeItem(value: unknown, at: number): Embedding | null {
  if (!isFields(value)) return null;
  const { embedding } = value;
  const float = numbersIn(embedding);
  if (float === undefined && typeof embedding !== 'string') return null;
  return {
    index: numberOf(value, 'index') ?? at,
    vectors: float === undefined ? { base64: embedding as string } : { float },
    extensions: restOf(value, ITEM, FORMAT),
  };
}

/** Writes an answer of `POST /v1/embeddings`, as floats or in base64 as the request says. */
export function encodeAnswer(answer: EmbeddingAnswer, context: EncodeWholeContext<EmbeddingRequest>): JsonFields {
  const { report, request } = context;
  const own = answer.source === FORMAT;
  const out: Out = {
    object: 'list',
    data: answer.embeddings.map((embedding, at) => writeItem(embedding, at, request, report)),
  };
  const model = context.model ?? answer.model ?? request?.model;
  if (model !== undefined) out['model'] = model;
  if (own && answer.id !== undefined) out['id'] = answer.id;
  if (answer.usage !== null) out['usage'] = usageFields(answer.usage, answer.rawUsage);
  writeExtensions(out, answer.extensions, FORMAT);
  reportExtensions(report, answer.extensions, FORMAT, '');
  return out;
}

function writeItem(embedding: Embedding, at: number, request: EmbeddingRequest | undefined, report: LossReport): Out {
  const { index, vectors, extensions } = embedding;
  const wanted = request === undefined ? undefined : (request.encodings?.[0] ?? 'float');
  const encoding = wanted ?? (vectors.base64 === undefined ? 'float' : 'base64');
  for (const name of Object.keys(vectors)) {
    if (name !== 'float' && name !== 'base64') report.add('embeddings.vectors', `the target has no '${name}'`);
  }
  const out: Out = { object: 'embedding', index, embedding: vectorAs(embedding, encoding) ?? floatsOf(embedding) };
  writeExtensions(out, extensions, FORMAT);
  reportExtensions(report, extensions, FORMAT, `embeddings[${String(at)}]`);
  return out;
}

/** The usage block as it came from this format, else one of OpenAI's. */
function usageFields(usage: Usage, raw: RawUsage | undefined): Out {
  if (raw?.format === FORMAT) return { ...raw.value };
  return { prompt_tokens: usage.promptTokens, total_tokens: usage.totalTokens };
}

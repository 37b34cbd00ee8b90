import {
  type Embedding,
  type EmbeddingAnswer,
  type EmbeddingRequest,
  type JsonFields,
  type Usage,
  wireError,
} from '../../protocol/index.js';
import { errorInside, parseObject } from '../answer-bytes.js';
import { floatsOf, numbersIn } from '../embedding-inputs.js';
import { isFields, listOf, objectOf, reportExtensions, restOf, writeExtensions } from '../fields.js';
import { readGeminiUsage } from '../usage/gemini.js';
import type { EncodeWholeContext } from '../whole-format.js';
import type { Decoded } from '../wire-format.js';
import { ANSWER, EMBEDDING, FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** Reads an answer of `:embedContent` or `:batchEmbedContents`. Never throws. */
export function decodeAnswer(body: Buffer): Decoded<EmbeddingAnswer> {
  const parsed = parseObject(body);
  if (!parsed.ok) return parsed;
  const fields = parsed.value;
  const single = objectOf(fields, 'embedding');
  const list = single === undefined ? listOf(fields, 'embeddings') : [single];
  const embeddings = list?.map(decodeEmbedding);
  if (embeddings === undefined || embeddings.includes(null)) return { ok: false, error: errorIn(fields) };
  const usage = objectOf(fields, 'usageMetadata');
  return {
    ok: true,
    value: {
      source: FORMAT,
      embeddings: embeddings as Embedding[],
      usage: readGeminiUsage(usage),
      rawUsage: usage === undefined ? undefined : { format: FORMAT, value: usage },
      extensions: restOf(fields, ANSWER, FORMAT),
      form: single === undefined ? 'batch' : 'single',
    },
  };
}

function errorIn(fields: JsonFields): ReturnType<typeof errorInside> {
  if (isFields(fields['error'])) return errorInside(FORMAT, fields);
  return wireError('malformed', 'The answer has no embeddings.');
}

function decodeEmbedding(value: unknown, index: number): Embedding | null {
  const float = isFields(value) ? numbersIn(value['values']) : undefined;
  if (!isFields(value) || float === undefined) return null;
  return { index, vectors: { float }, extensions: restOf(value, EMBEDDING, FORMAT) };
}

/** Writes an answer of the method that was asked. */
export function encodeAnswer(answer: EmbeddingAnswer, context: EncodeWholeContext<EmbeddingRequest>): JsonFields {
  const { report, request } = context;
  const own = answer.source === FORMAT;
  const sorted = [...answer.embeddings].sort((one, other) => one.index - other.index);
  const embeddings = sorted.map((embedding, at): Out => {
    const { vectors, extensions } = embedding;
    for (const name of Object.keys(vectors)) {
      if (name !== 'float' && name !== 'base64') report.add('embeddings.vectors', `the target has no '${name}'`);
    }
    const out: Out = { values: floatsOf(embedding) };
    writeExtensions(out, extensions, FORMAT);
    reportExtensions(report, extensions, FORMAT, `embeddings[${String(at)}]`);
    return out;
  });
  const form = request?.forms?.['inputs'] ?? (own ? answer.form : undefined);
  const out: Out = form === 'single' ? { embedding: embeddings[0] ?? { values: [] } } : { embeddings };
  if (answer.rawUsage?.format === FORMAT) out['usageMetadata'] = { ...answer.rawUsage.value };
  else if (answer.usage !== null) out['usageMetadata'] = usageFields(answer.usage);
  writeExtensions(out, answer.extensions, FORMAT);
  reportExtensions(report, answer.extensions, FORMAT, '');
  return out;
}

function usageFields({ promptTokens, imageInputTokens }: Usage): Out {
  if (imageInputTokens === 0) return { promptTokenCount: promptTokens };
  const details = [
    { modality: 'TEXT', tokenCount: promptTokens - imageInputTokens },
    { modality: 'IMAGE', tokenCount: imageInputTokens },
  ];
  return { promptTokenCount: promptTokens, promptTokenDetails: details };
}

import {
  type AnswerHeaders,
  type Embedding,
  type EmbeddingAnswer,
  type EmbeddingRequest,
  type JsonFields,
  usageOf,
  wireError,
} from '../../protocol/index.js';
import { errorInside, parseObject } from '../answer-bytes.js';
import { floatsOf, numbersIn } from '../embedding-inputs.js';
import { numberOf, objectOf, reportExtensions, restOf, textOf, writeExtensions } from '../fields.js';
import { bedrockTokens } from '../usage/bedrock-invoke.js';
import { count } from '../usage/counts.js';
import type { EncodeWholeContext } from '../whole-format.js';
import type { Decoded } from '../wire-format.js';
import { ANSWER, FORMAT } from './shapes.js';

/** Reads an answer of one of Titan's embedding models. Never throws. */
export function decodeAnswer(body: Buffer, headers: AnswerHeaders = {}): Decoded<EmbeddingAnswer> {
  const parsed = parseObject(body);
  if (!parsed.ok) return parsed;
  const fields = parsed.value;
  const vectors = vectorsIn(fields);
  if (Object.keys(vectors).length === 0) return { ok: false, error: errorIn(fields) };
  const tokens = count(numberOf(fields, 'inputTextTokenCount'));
  return {
    ok: true,
    value: {
      source: FORMAT,
      embeddings: [{ index: 0, vectors }],
      usage: tokens === null ? bedrockTokens(headers) : usageOf({ promptTokens: tokens }),
      extensions: restOf(fields, ANSWER, FORMAT),
      form: objectOf(fields, 'embeddingsByType') === undefined ? 'plain' : 'by-type',
    },
  };
}

function vectorsIn(fields: JsonFields): Embedding['vectors'] {
  const byType = objectOf(fields, 'embeddingsByType') ?? {};
  const float = numbersIn(fields['embedding']) ?? numbersIn(byType['float']);
  const binary = numbersIn(byType['binary']);
  return { ...(float && { float }), ...(binary && { binary }) };
}

/** The model of images says in `message` why it embedded nothing. */
function errorIn(fields: JsonFields): ReturnType<typeof errorInside> {
  if (textOf(fields, 'message') !== undefined) return errorInside(FORMAT, fields);
  return wireError('malformed', 'The answer has no embedding.');
}

/** Writes an answer of one of Titan's embedding models: it has one vector. */
export function encodeAnswer(answer: EmbeddingAnswer, { report }: EncodeWholeContext<EmbeddingRequest>): JsonFields {
  const [first, ...others] = answer.embeddings;
  if (others.length > 0) report.add('embeddings', 'the target has one vector');
  const out = answer.source === FORMAT && answer.form === 'plain' ? plainVector(first) : vectorByType(first);
  if (answer.usage !== null) out['inputTextTokenCount'] = answer.usage.promptTokens;
  writeExtensions(out, answer.extensions, FORMAT);
  reportExtensions(report, answer.extensions, FORMAT, '');
  reportExtensions(report, first?.extensions, FORMAT, 'embeddings[0]');
  return out;
}

const plainVector = (first: Embedding | undefined): Record<string, unknown> => ({
  embedding: first === undefined ? [] : floatsOf(first),
});

function vectorByType(first: Embedding | undefined): Record<string, unknown> {
  const { embedding: float } = plainVector(first);
  const binary = first?.vectors.binary;
  if (binary === undefined) return { embedding: float, embeddingsByType: { float } };
  return isEmpty(float) ? { embeddingsByType: { binary } } : { embedding: float, embeddingsByType: { float, binary } };
}

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

import {
  type JsonFields,
  type RawUsage,
  type RerankAnswer,
  type RerankDocument,
  type RerankRequest,
  type RerankResult,
  type Usage,
  wireError,
} from '../../protocol/index.js';
import { errorInside, parseObject } from '../answer-bytes.js';
import { given, listOf, objectOf, reportExtensions, restOf, textOf, writeExtensions } from '../fields.js';
import { readUsage } from '../openai-chat/usage.js';
import { resultDocument } from '../rerank-documents.js';
import { decodeResults } from '../rerank-results.js';
import type { EncodeWholeContext } from '../whole-format.js';
import type { Decoded } from '../wire-format.js';
import { ANSWER, FORMAT, RESULT } from './shapes.js';

type Out = Record<string, unknown>;

/** Reads an answer of `POST /v1/rerank`. Never throws. */
export function decodeAnswer(body: Buffer): Decoded<RerankAnswer> {
  const parsed = parseObject(body);
  if (!parsed.ok) return parsed;
  const fields = parsed.value;
  const named = listOf(fields, 'results');
  const results = decodeResults(named ?? listOf(fields, 'data'), FORMAT, RESULT);
  if (results === null) return { ok: false, error: errorIn(fields) };
  const usage = objectOf(fields, 'usage');
  const object = textOf(fields, 'object');
  return {
    ok: true,
    value: {
      source: FORMAT,
      id: textOf(fields, 'id'),
      model: textOf(fields, 'model'),
      results,
      usage: usage === undefined ? null : readUsage(usage),
      rawUsage: usage === undefined ? undefined : { format: FORMAT, value: usage },
      extensions: restOf(fields, ANSWER, FORMAT),
      form: `${named === undefined ? 'data' : 'results'} ${object ?? ''}`,
    },
  };
}

function errorIn(fields: JsonFields): ReturnType<typeof errorInside> {
  const says = fields['error'] ?? fields['message'] ?? fields['detail'];
  if (says !== undefined && says !== null) return errorInside(FORMAT, fields);
  return wireError('malformed', 'The answer has no results.');
}

/** Writes an answer of `POST /v1/rerank`, with the documents where the request wants them. */
export function encodeAnswer(answer: RerankAnswer, context: EncodeWholeContext<RerankRequest>): JsonFields {
  const { report, request } = context;
  const own = answer.source === FORMAT;
  const [name = 'results', object = 'list'] = own ? (answer.form ?? '').split(' ') : [];
  const out: Out = given({ ...nameOf(answer, context), object: object === '' ? undefined : object });
  out[name === 'data' ? 'data' : 'results'] = answer.results.map((result, at) => {
    reportExtensions(report, result.extensions, FORMAT, `results[${String(at)}]`);
    return writeResult(result, documentOf(result, request), own);
  });
  if (answer.usage !== null) out['usage'] = usageFields(answer.usage, answer.rawUsage);
  writeExtensions(out, answer.extensions, FORMAT);
  reportExtensions(report, answer.extensions, FORMAT, '');
  return out;
}

function nameOf({ id, model, source }: RerankAnswer, context: EncodeWholeContext<RerankRequest>): Out {
  return {
    id: id ?? (source === FORMAT ? undefined : context.id),
    model: context.model ?? model ?? context.request?.model,
  };
}

function documentOf({ index, document }: RerankResult, request: RerankRequest | undefined): RerankDocument | undefined {
  return request?.returnDocuments === true ? (document ?? request.documents[index]) : document;
}

function writeResult(
  { index, score, extensions, form }: RerankResult,
  document: RerankDocument | undefined,
  own: boolean,
): Out {
  const out: Out = { index, [own && form === 'score' ? 'score' : 'relevance_score']: score };
  if (document !== undefined) out['document'] = resultDocument(document, own);
  writeExtensions(out, extensions, FORMAT);
  return out;
}

/** The usage block as it came from this format, else one of Jina's. */
function usageFields(usage: Usage, raw: RawUsage | undefined): Out {
  if (raw?.format === FORMAT) return { ...raw.value };
  return { prompt_tokens: usage.promptTokens, total_tokens: usage.totalTokens };
}

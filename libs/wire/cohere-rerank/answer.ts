import {
  type JsonFields,
  type RerankAnswer,
  type RerankRequest,
  type RerankResult,
  wireError,
} from '../../protocol/index.js';
import { errorInside, parseObject } from '../answer-bytes.js';
import { given, listOf, objectOf, reportExtensions, restOf, textOf, writeExtensions } from '../fields.js';
import { decodeResults } from '../rerank-results.js';
import { resultDocument } from '../rerank-documents.js';
import { readCohereUsage, readSearchUnits } from '../usage/cohere.js';
import type { EncodeWholeContext } from '../whole-format.js';
import type { Decoded } from '../wire-format.js';
import { ANSWER, FORMAT, RESULT } from './shapes.js';

/** Reads an answer of `POST /v2/rerank`. Never throws. */
export function decodeAnswer(body: Buffer): Decoded<RerankAnswer> {
  const parsed = parseObject(body);
  if (!parsed.ok) return parsed;
  const fields = parsed.value;
  const results = decodeResults(listOf(fields, 'results'), FORMAT, RESULT);
  if (results === null) return { ok: false, error: errorIn(fields) };
  const meta = objectOf(fields, 'meta');
  return {
    ok: true,
    value: {
      source: FORMAT,
      id: textOf(fields, 'id'),
      results,
      usage: meta === undefined ? null : readCohereUsage(meta),
      searchUnits: readSearchUnits(meta),
      rawUsage: meta === undefined ? undefined : { format: FORMAT, value: meta },
      extensions: restOf(fields, ANSWER, FORMAT),
    },
  };
}

function errorIn(fields: JsonFields): ReturnType<typeof errorInside> {
  if (typeof fields['message'] === 'string') return errorInside(FORMAT, fields);
  return wireError('malformed', 'The answer has no results.');
}

/** Writes an answer of `POST /v2/rerank`. */
export function encodeAnswer(answer: RerankAnswer, context: EncodeWholeContext<RerankRequest>): JsonFields {
  const { report } = context;
  const own = answer.source === FORMAT;
  const out: Record<string, unknown> = {
    id: answer.id ?? context.id,
    results: answer.results.map((result, at) => {
      reportExtensions(report, result.extensions, FORMAT, `results[${String(at)}]`);
      return writeResult(result, own);
    }),
  };
  if (answer.rawUsage?.format === FORMAT) out['meta'] = { ...answer.rawUsage.value };
  else if (!own) out['meta'] = metaOf(answer);
  writeExtensions(out, answer.extensions, FORMAT);
  reportExtensions(report, answer.extensions, FORMAT, '');
  return out;
}

/** Another provider's results may repeat their documents unasked: the caller has them. */
function writeResult({ index, score, document, extensions }: RerankResult, own: boolean): Record<string, unknown> {
  const out = given({
    index,
    relevance_score: score,
    document: own && document !== undefined ? resultDocument(document, own) : undefined,
  });
  writeExtensions(out, extensions, FORMAT);
  return out;
}

function metaOf({ usage, searchUnits }: RerankAnswer): Record<string, unknown> {
  return {
    api_version: { version: '2' },
    billed_units: given({ search_units: searchUnits, input_tokens: usage?.promptTokens }),
  };
}

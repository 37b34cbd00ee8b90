import type { RerankRequest } from '../../protocol/index.js';
import { booleanOf, given, numberOf, reportExtensions, restOf, writeExtensions } from '../fields.js';
import { decodeDocuments, reportDocuments } from '../rerank-documents.js';
import { countIn, modelOf, requestFields, requiredText } from '../whole-request.js';
import type { EncodedRequest, EncodeRequestContext, RequestOrigin } from '../wire-format.js';
import { FORMAT, REQUEST } from './shapes.js';

/**
 * Reads a request body of `POST /v1/rerank`, parsed; version 1 of Cohere's API is one of the same shape.
 * @throws GatewayError 400 that names the field at fault
 */
export function decodeRequest(body: unknown, origin: RequestOrigin = {}): RerankRequest {
  const fields = requestFields(body, REQUEST);
  return {
    source: FORMAT,
    model: modelOf(fields, origin),
    query: requiredText(fields, 'query'),
    ...decodeDocuments(fields),
    topN: countIn(fields, 'top_n', 0),
    returnDocuments: booleanOf(fields, 'return_documents'),
    maxTokensPerDocument: numberOf(fields, 'max_tokens_per_doc'),
    extensions: restOf(fields, REQUEST, FORMAT),
  };
}

/**
 * Writes a request body of `POST /v1/rerank`. Documents are texts there for most; results may come without theirs, which are put
 * back from the request.
 */
export function encodeRequest(request: RerankRequest, context: EncodeRequestContext): EncodedRequest {
  const { report } = context;
  const own = request.source === FORMAT;
  const { topN, returnDocuments, rankFields, maxTokensPerDocument } = request;
  const out = given({
    model: context.model ?? request.model,
    query: request.query,
    documents: request.documents.map(({ text, fields }) => (own ? (fields ?? text) : text)),
    top_n: topN,
    ...(own && {
      return_documents: returnDocuments,
      rank_fields: rankFields,
      max_tokens_per_doc: maxTokensPerDocument,
    }),
  });
  if (!own && maxTokensPerDocument !== undefined) report.add('maxTokensPerDocument', 'not known to the target');
  reportDocuments(report, request, FORMAT);
  writeExtensions(out, request.extensions, FORMAT);
  reportExtensions(report, request.extensions, FORMAT, '');
  return { body: out };
}

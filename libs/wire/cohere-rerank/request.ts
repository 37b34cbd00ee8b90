import type { RerankRequest } from '../../protocol/index.js';
import { numberOf, reportExtensions, restOf, writeExtensions } from '../fields.js';
import { decodeDocuments, reportDocuments } from '../rerank-documents.js';
import { countIn, modelOf, requestFields, requiredText } from '../whole-request.js';
import type { EncodedRequest, EncodeRequestContext, RequestOrigin } from '../wire-format.js';
import { FORMAT, REQUEST } from './shapes.js';

/**
 * Reads a request body of `POST /v2/rerank`, parsed.
 * @throws GatewayError 400 that names the field at fault
 */
export function decodeRequest(body: unknown, origin: RequestOrigin = {}): RerankRequest {
  const fields = requestFields(body, REQUEST);
  return {
    source: FORMAT,
    model: modelOf(fields, origin),
    query: requiredText(fields, 'query'),
    documents: decodeDocuments({ documents: fields['documents'] }).documents,
    topN: countIn(fields, 'top_n', 0),
    maxTokensPerDocument: numberOf(fields, 'max_tokens_per_doc'),
    extensions: restOf(fields, REQUEST, FORMAT),
  };
}

/** Writes a request body of `POST /v2/rerank`: documents are texts there. What results repeat is put back from the request. */
export function encodeRequest(request: RerankRequest, context: EncodeRequestContext): EncodedRequest {
  const { report } = context;
  const own = request.source === FORMAT;
  const out: Record<string, unknown> = {
    model: context.model ?? request.model,
    query: request.query,
    documents: request.documents.map(({ text, fields }) => (own ? (fields ?? text) : text)),
  };
  if (request.topN !== undefined) out['top_n'] = request.topN;
  if (request.maxTokensPerDocument !== undefined) out['max_tokens_per_doc'] = request.maxTokensPerDocument;
  reportDocuments(report, request, FORMAT);
  writeExtensions(out, request.extensions, FORMAT);
  reportExtensions(report, request.extensions, FORMAT, '');
  return { body: out };
}

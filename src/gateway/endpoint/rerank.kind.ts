import type { JsonFields, RerankAnswer, RerankRequest } from '../../../libs/protocol/index.js';
import { RERANK_FORMATS } from '../../../libs/wire/index.js';
import { estimateTokens, weighedBytes } from '../../usage/meter.js';
import type { EndpointKind } from './whole-ask.js';

/** https://cohere.com/pricing: one search is a question with up to a hundred documents, of which long ones count as several. */
const DOCUMENTS_A_SEARCH = 100;
const TOKENS_A_DOCUMENT = 500;

/** Default parameters are written in the words of Jina's reranking; what they say, by the object they are. */
const defaults = new WeakMap<object, RerankRequest>();

function defaultsOf(params: JsonFields): RerankRequest {
  let known = defaults.get(params);
  if (known === undefined) {
    const asked = { model: 'defaults', query: '-', documents: ['-'] };
    known = RERANK_FORMATS['jina-rerank'].decodeRequest({ ...params, ...asked });
    defaults.set(params, known);
  }
  return known;
}

const tokensOf = (text: string): number => estimateTokens(weighedBytes(Buffer.from(text)));

export const RERANK: EndpointKind<RerankRequest, RerankAnswer> = {
  endpoint: 'rerank',
  formats: RERANK_FORMATS,
  defaultsFormat: 'jina-rerank',
  withDefaults(request, { defaultParams }) {
    if (Object.keys(defaultParams).length === 0) return request;
    const given = defaultsOf(defaultParams);
    return {
      ...request,
      topN: request.topN ?? given.topN,
      returnDocuments: request.returnDocuments ?? given.returnDocuments,
      maxTokensPerDocument: request.maxTokensPerDocument ?? given.maxTokensPerDocument,
    };
  },
  wantsBase64: () => false,
  /** The question is read once with each document. */
  promptTokens({ query, documents }, content) {
    return estimateTokens(weighedBytes(content)) + tokensOf(query) * (documents.length - 1);
  },
  searchUnits({ query, documents }) {
    const asked = tokensOf(query);
    let count = 0;
    for (const { text } of documents) count += Math.max(1, Math.ceil((asked + tokensOf(text)) / TOKENS_A_DOCUMENT));
    return Math.ceil(count / DOCUMENTS_A_SEARCH);
  },
  unitsOf: ({ searchUnits }) => searchUnits,
};

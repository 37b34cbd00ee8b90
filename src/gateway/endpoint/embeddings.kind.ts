import type { EmbeddingAnswer, EmbeddingRequest, JsonFields } from '../../../libs/protocol/index.js';
import { EMBEDDING_FORMATS } from '../../../libs/wire/index.js';
import { estimateTokens, weighedBytes } from '../../usage/meter.js';
import type { EndpointKind } from './whole-ask.js';

/** Default parameters are written in the words of OpenAI's embeddings; what they say, by the object they are. */
const defaults = new WeakMap<object, EmbeddingRequest>();

function defaultsOf(params: JsonFields): EmbeddingRequest {
  let known = defaults.get(params);
  if (known === undefined) {
    known = EMBEDDING_FORMATS['openai-embeddings'].decodeRequest({ ...params, model: 'defaults', input: '-' });
    defaults.set(params, known);
  }
  return known;
}

export const EMBEDDINGS: EndpointKind<EmbeddingRequest, EmbeddingAnswer> = {
  endpoint: 'embeddings',
  formats: EMBEDDING_FORMATS,
  defaultsFormat: 'openai-embeddings',
  withDefaults(request, { defaultParams }) {
    if (Object.keys(defaultParams).length === 0) return request;
    const given = defaultsOf(defaultParams);
    const own = given.extensions?.['openai-embeddings'];
    return {
      ...request,
      dimensions: request.dimensions ?? given.dimensions,
      encodings: request.encodings ?? given.encodings,
      purpose: request.purpose ?? given.purpose,
      user: request.user ?? given.user,
      ...(own !== undefined && {
        extensions: {
          ...request.extensions,
          'openai-embeddings': { ...own, ...request.extensions?.['openai-embeddings'] },
        },
      }),
    };
  },
  wantsBase64: ({ encodings }) => encodings?.[0] === 'base64',
  /** Ids of tokens are as many as they are; all else counts by its bytes. */
  promptTokens({ inputs }, content) {
    let ids = 0;
    let isIdsOnly = true;
    for (const { parts } of inputs) {
      for (const part of parts) {
        if (part.type === 'tokens') ids += part.tokens.length;
        else isIdsOnly = false;
      }
    }
    return isIdsOnly ? ids : ids + estimateTokens(weighedBytes(content));
  },
  searchUnits: () => 0,
  unitsOf: () => undefined,
};

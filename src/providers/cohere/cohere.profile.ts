import { BEARER, type ProviderProfile } from '../provider-profile.js';

/** https://docs.cohere.com/reference */
export const COHERE: ProviderProfile = {
  kind: 'cohere',
  title: 'Cohere',
  baseUrl: 'https://api.cohere.com',
  auth: BEARER,
  environment: { apiKey: ['COHERE_API_KEY', 'CO_API_KEY'], baseUrl: ['COHERE_BASE_URL', 'CO_API_URL'] },
  dialects: [{ format: 'cohere-chat', path: '{root}/v2/chat' }],
  endpoints: { models: '{root}/v1/models', embeddings: '{root}/v2/embed', rerank: '{root}/v2/rerank' },
  embeddings: 'cohere-embed',
  rerank: 'cohere-rerank',
  traits: {},
  reasoning: 'parts',
};

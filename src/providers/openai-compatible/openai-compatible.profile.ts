import { BEARER, ENDPOINTS, OPENAI_CHAT, type ProviderProfile, underBase } from '../provider-profile.js';

/** Any server of OpenAI's HTTP API: SGLang, LM Studio, TGI, a gateway… Bare backend URLs are taken for one of these. */
export const OPENAI_COMPATIBLE: ProviderProfile = {
  kind: 'openai-compatible',
  title: 'OpenAI-compatible',
  baseUrl: null,
  auth: BEARER,
  keyless: true,
  environment: { apiKey: ['OPENAI_COMPATIBLE_API_KEY'], baseUrl: ['OPENAI_COMPATIBLE_BASE_URL'] },
  dialects: [OPENAI_CHAT],
  endpoints: underBase(...ENDPOINTS),
  embeddings: 'openai-embeddings',
  rerank: 'jina-rerank',
  healthPath: '{root}/health',
  traits: {},
  reasoning: 'reasoning_content',
};

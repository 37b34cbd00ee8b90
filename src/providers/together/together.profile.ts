import { BEARER, OPENAI_CHAT, type ProviderProfile, underBase } from '../provider-profile.js';

/** https://docs.together.ai/docs/openai-api-compatibility */
export const TOGETHER: ProviderProfile = {
  kind: 'together',
  title: 'Together AI',
  baseUrl: 'https://api.together.ai/v1',
  auth: BEARER,
  environment: { apiKey: ['TOGETHER_API_KEY', 'TOGETHERAI_API_KEY'], baseUrl: ['TOGETHER_BASE_URL'] },
  dialects: [OPENAI_CHAT],
  endpoints: underBase(
    'models',
    'completions',
    'embeddings',
    'rerank',
    'images/generations',
    'audio/speech',
    'audio/transcriptions',
    'audio/translations',
  ),
  embeddings: 'openai-embeddings',
  rerank: 'jina-rerank',
  traits: { maxTokensField: 'max_tokens', instructionRole: 'system', reasoningField: 'reasoning' },
  reasoning: 'reasoning',
};

import { anthropicMessages, BEARER, OPENAI_CHAT, type ProviderProfile, underBase } from '../provider-profile.js';

/** https://docs.fireworks.ai/tools-sdks/openai-compatibility */
export const FIREWORKS: ProviderProfile = {
  kind: 'fireworks',
  title: 'Fireworks AI',
  baseUrl: 'https://api.fireworks.ai/inference/v1',
  auth: BEARER,
  environment: { apiKey: ['FIREWORKS_API_KEY'], baseUrl: ['FIREWORKS_BASE_URL'] },
  dialects: [OPENAI_CHAT, anthropicMessages('{root}/v1/messages')],
  endpoints: underBase('models', 'completions', 'embeddings', 'rerank'),
  embeddings: 'openai-embeddings',
  rerank: 'jina-rerank',
  traits: { maxTokensField: 'max_tokens', instructionRole: 'system', reasoningField: 'reasoning_content' },
  reasoning: 'reasoning_content',
};

import {
  anthropicMessages,
  BEARER,
  OPENAI_CHAT,
  OPENAI_RESPONSES,
  type ProviderProfile,
  underBase,
} from '../provider-profile.js';

/** https://openrouter.ai/docs */
export const OPENROUTER: ProviderProfile = {
  kind: 'openrouter',
  title: 'OpenRouter',
  baseUrl: 'https://openrouter.ai/api/v1',
  auth: BEARER,
  environment: { apiKey: ['OPENROUTER_API_KEY'], baseUrl: ['OPENROUTER_BASE_URL'] },
  dialects: [OPENAI_CHAT, OPENAI_RESPONSES, anthropicMessages('{base}/messages')],
  endpoints: underBase('models', 'completions', 'embeddings', 'audio/transcriptions'),
  embeddings: 'openai-embeddings',
  proofPath: '{base}/key',
  traits: { reasoningField: 'reasoning' },
  reasoning: 'reasoning',
};

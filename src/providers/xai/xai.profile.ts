import { BEARER, OPENAI_CHAT, OPENAI_RESPONSES, type ProviderProfile, underBase } from '../provider-profile.js';

/** https://docs.x.ai. Its Anthropic dialect is deprecated and not used. */
export const XAI: ProviderProfile = {
  kind: 'xai',
  title: 'xAI',
  baseUrl: 'https://api.x.ai/v1',
  auth: BEARER,
  environment: { apiKey: ['XAI_API_KEY'], baseUrl: ['XAI_BASE_URL'] },
  dialects: [OPENAI_CHAT, OPENAI_RESPONSES],
  endpoints: underBase('models', 'images/generations', 'files', 'batches'),
  traits: { instructionRole: 'system', reasoningField: 'reasoning_content' },
  reasoning: 'reasoning_content',
};

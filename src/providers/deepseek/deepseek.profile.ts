import {
  anthropicMessages,
  BEARER,
  OPENAI_CHAT,
  OPENAI_RESPONSES,
  type ProviderProfile,
  underBase,
} from '../provider-profile.js';

/** https://api-docs.deepseek.com */
export const DEEPSEEK: ProviderProfile = {
  kind: 'deepseek',
  title: 'DeepSeek',
  baseUrl: 'https://api.deepseek.com',
  auth: BEARER,
  environment: { apiKey: ['DEEPSEEK_API_KEY'], baseUrl: ['DEEPSEEK_BASE_URL'] },
  dialects: [
    OPENAI_CHAT,
    OPENAI_RESPONSES,
    anthropicMessages('{root}/anthropic/v1/messages', { auth: { by: 'header', name: 'x-api-key' } }),
  ],
  endpoints: underBase('models'),
  traits: { maxTokensField: 'max_tokens', instructionRole: 'system', reasoningField: 'reasoning_content' },
  reasoning: 'reasoning_content',
};

import {
  anthropicMessages,
  BEARER,
  OPENAI_CHAT,
  OPENAI_RESPONSES,
  type ProviderProfile,
  underBase,
} from '../provider-profile.js';

/** https://platform.minimax.io/docs. The Chinese platform is `https://api.minimaxi.com/v1`. */
export const MINIMAX: ProviderProfile = {
  kind: 'minimax',
  title: 'MiniMax',
  baseUrl: 'https://api.minimax.io/v1',
  auth: BEARER,
  environment: { apiKey: ['MINIMAX_API_KEY'], baseUrl: ['MINIMAX_BASE_URL'] },
  dialects: [OPENAI_CHAT, OPENAI_RESPONSES, anthropicMessages('{root}/anthropic/v1/messages')],
  endpoints: underBase('models'),
  traits: { maxTokensField: 'max_completion_tokens', instructionRole: 'system', reasoningField: null },
  reasoning: 'think-tags',
};

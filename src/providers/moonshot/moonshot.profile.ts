import {
  anthropicMessages,
  BEARER,
  OPENAI_CHAT,
  OPENAI_RESPONSES,
  type ProviderProfile,
  underBase,
} from '../provider-profile.js';

/** https://platform.kimi.ai/docs. The Chinese platform is `https://api.moonshot.cn/v1`. */
export const MOONSHOT: ProviderProfile = {
  kind: 'moonshot',
  title: 'Moonshot AI (Kimi)',
  baseUrl: 'https://api.moonshot.ai/v1',
  auth: BEARER,
  environment: { apiKey: ['MOONSHOT_API_KEY'], baseUrl: ['MOONSHOT_BASE_URL'] },
  dialects: [OPENAI_CHAT, OPENAI_RESPONSES, anthropicMessages('{root}/anthropic/v1/messages')],
  endpoints: underBase('models', 'files', 'batches'),
  traits: { maxTokensField: 'max_tokens', instructionRole: 'system', reasoningField: 'reasoning_content' },
  reasoning: 'reasoning_content',
};

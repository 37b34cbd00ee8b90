import { anthropicMessages, BEARER, OPENAI_CHAT, type ProviderProfile, underBase } from '../provider-profile.js';

/** https://docs.z.ai. The Chinese platform is `https://open.bigmodel.cn/api/paas/v4`. */
export const ZAI: ProviderProfile = {
  kind: 'zai',
  title: 'Z.ai',
  baseUrl: 'https://api.z.ai/api/paas/v4',
  rootSuffix: '/paas',
  auth: BEARER,
  environment: { apiKey: ['ZAI_API_KEY', 'Z_AI_API_KEY'], baseUrl: ['ZAI_BASE_URL', 'Z_AI_BASE_URL'] },
  dialects: [OPENAI_CHAT, anthropicMessages('{root}/anthropic/v1/messages')],
  endpoints: underBase('models', 'embeddings', 'images/generations', 'audio/transcriptions', 'files', 'batches'),
  embeddings: 'openai-embeddings',
  traits: { maxTokensField: 'max_tokens', instructionRole: 'system', reasoningField: 'reasoning_content' },
  reasoning: 'reasoning_content',
};

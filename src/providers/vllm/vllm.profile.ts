import {
  anthropicMessages,
  BEARER,
  OPENAI_CHAT,
  OPENAI_RESPONSES,
  type ProviderProfile,
  underBase,
} from '../provider-profile.js';

/** https://docs.vllm.ai/en/stable/serving/online_serving */
export const VLLM: ProviderProfile = {
  kind: 'vllm',
  title: 'vLLM',
  baseUrl: 'http://127.0.0.1:8000',
  versionPath: '/v1',
  auth: BEARER,
  keyless: true,
  environment: { apiKey: ['VLLM_API_KEY'], baseUrl: ['VLLM_BASE_URL'] },
  dialects: [
    OPENAI_CHAT,
    OPENAI_RESPONSES,
    anthropicMessages('{root}/v1/messages', { countTokensPath: '{root}/v1/messages/count_tokens' }),
  ],
  endpoints: underBase(
    'models',
    'completions',
    'embeddings',
    'rerank',
    'audio/transcriptions',
    'audio/translations',
    'realtime',
  ),
  embeddings: 'openai-embeddings',
  rerank: 'jina-rerank',
  healthPath: '{root}/health',
  traits: { instructionRole: 'system', reasoningField: 'reasoning_content' },
  reasoning: 'reasoning_content',
};

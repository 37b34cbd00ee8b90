import { anthropicMessages, BEARER, OPENAI_CHAT, type ProviderProfile, underBase } from '../provider-profile.js';

/** https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md */
export const LLAMACPP: ProviderProfile = {
  kind: 'llamacpp',
  title: 'llama.cpp',
  baseUrl: 'http://127.0.0.1:8080',
  versionPath: '/v1',
  auth: BEARER,
  keyless: true,
  environment: { apiKey: ['LLAMACPP_API_KEY'], baseUrl: ['LLAMACPP_BASE_URL'] },
  dialects: [
    OPENAI_CHAT,
    anthropicMessages('{root}/v1/messages', { countTokensPath: '{root}/v1/messages/count_tokens' }),
  ],
  endpoints: underBase('models', 'completions', 'embeddings', 'rerank'),
  embeddings: 'openai-embeddings',
  rerank: 'jina-rerank',
  healthPath: '{root}/health',
  traits: { maxTokensField: 'max_tokens', instructionRole: 'system', reasoningField: 'reasoning_content' },
  reasoning: 'reasoning_content',
};

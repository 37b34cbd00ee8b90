import { BEARER, OPENAI_CHAT, type ProviderProfile, underBase } from '../provider-profile.js';

/** https://docs.api.nvidia.com/nim/reference/llm-apis */
export const NVIDIA: ProviderProfile = {
  kind: 'nvidia',
  title: 'NVIDIA NIM',
  baseUrl: 'https://integrate.api.nvidia.com/v1',
  auth: BEARER,
  environment: { apiKey: ['NVIDIA_API_KEY'], baseUrl: ['NVIDIA_BASE_URL'] },
  dialects: [OPENAI_CHAT],
  endpoints: underBase('models', 'completions', 'embeddings'),
  embeddings: 'openai-embeddings',
  traits: { maxTokensField: 'max_tokens', instructionRole: 'system', reasoningField: 'reasoning_content' },
  reasoning: 'reasoning_content',
};

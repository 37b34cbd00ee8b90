import { BEARER, OPENAI_CHAT, type ProviderProfile, underBase } from '../provider-profile.js';

/** https://docs.mistral.ai/api. Its SDK takes a base URL without `/v1`, OpenAI's SDK one with it: both do. */
export const MISTRAL: ProviderProfile = {
  kind: 'mistral',
  title: 'Mistral AI',
  baseUrl: 'https://api.mistral.ai',
  versionPath: '/v1',
  auth: BEARER,
  environment: { apiKey: ['MISTRAL_API_KEY'], baseUrl: ['MISTRAL_BASE_URL'] },
  dialects: [OPENAI_CHAT],
  endpoints: underBase('models', 'embeddings', 'moderations', 'audio/transcriptions', 'files'),
  embeddings: 'openai-embeddings',
  // Fields it does not know are a 422 (`extra_forbidden`). Usage comes in the last chunk unasked.
  traits: {
    streamOptions: false,
    maxTokensField: 'max_tokens',
    instructionRole: 'system',
    reasoningField: null,
    refusedFields: ['logit_bias', 'logprobs', 'seed', 'service_tier', 'store', 'top_logprobs', 'user'],
  },
  reasoning: 'parts',
};

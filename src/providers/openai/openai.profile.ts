import {
  BEARER,
  ENDPOINTS,
  OPENAI_CHAT,
  OPENAI_RESPONSES,
  type ProviderProfile,
  underBase,
} from '../provider-profile.js';

/** https://platform.openai.com/docs/api-reference */
export const OPENAI: ProviderProfile = {
  kind: 'openai',
  title: 'OpenAI',
  baseUrl: 'https://api.openai.com/v1',
  auth: BEARER,
  environment: {
    apiKey: ['OMNI_OPENAI_API_KEY', 'OPENAI_API_KEY'],
    baseUrl: ['OMNI_OPENAI_BASE_URL', 'OPENAI_BASE_URL'],
  },
  options: [
    {
      name: 'organization',
      env: ['OPENAI_ORG_ID'],
      pattern: /^[\w-]{1,100}$/,
      header: 'openai-organization',
      about: 'Organisation the calls count for.',
    },
    {
      name: 'project',
      env: ['OPENAI_PROJECT_ID'],
      pattern: /^[\w-]{1,100}$/,
      header: 'openai-project',
      about: 'Project the calls count for.',
    },
  ],
  dialects: [OPENAI_CHAT, OPENAI_RESPONSES],
  // "only available in the Responses API": https://platform.openai.com/docs/models
  dialectsByModel: [
    {
      model: /^(?:gpt-[\w.-]+-(?:codex|pro)|codex|o\d[\w.-]*-(?:pro|deep-research)|computer-use)(?:-|$)/i,
      formats: ['openai-responses'],
    },
  ],
  endpoints: underBase(...ENDPOINTS.filter((name) => name !== 'rerank')),
  embeddings: 'openai-embeddings',
  traits: { reasoningField: null, reasoningStyle: 'effort' },
  // Reasoning models refuse `max_tokens`. Older ones are left what the caller says: behind a base URL of one's own may be a server
  // that knows nothing else.
  traitsByModel: [{ model: /^(?:o\d|gpt-[5-9]|codex)/i, traits: { maxTokensField: 'max_completion_tokens' } }],
  reasoning: 'none',
};

import { BEARER, OPENAI_CHAT, OPENAI_RESPONSES, type ProviderProfile } from '../provider-profile.js';

/** https://developers.cloudflare.com/workers-ai/configuration/open-ai-compatibility */
export const CLOUDFLARE: ProviderProfile = {
  kind: 'cloudflare',
  title: 'Cloudflare Workers AI',
  baseUrl: 'https://api.cloudflare.com/client/v4/accounts/{account_id}/ai/v1',
  auth: BEARER,
  environment: {
    apiKey: ['CLOUDFLARE_API_KEY', 'CLOUDFLARE_API_TOKEN'],
    baseUrl: ['CLOUDFLARE_BASE_URL'],
  },
  options: [
    {
      name: 'account_id',
      env: ['CLOUDFLARE_ACCOUNT_ID'],
      pattern: /^[0-9a-zA-Z]{1,64}$/,
      about: 'Account the base URL is made of.',
    },
  ],
  dialects: [OPENAI_CHAT, OPENAI_RESPONSES],
  endpoints: { models: '{root}/models/search', embeddings: '{base}/embeddings' },
  embeddings: 'openai-embeddings',
  traits: { maxTokensField: 'max_tokens', instructionRole: 'system' },
  reasoning: 'reasoning_content',
};

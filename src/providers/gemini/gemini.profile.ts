import type { ProviderProfile } from '../provider-profile.js';

/** The 2.5 generation takes a budget of tokens for reasoning, later ones a level, earlier ones do not reason. */
export const GEMINI_TRAITS: NonNullable<ProviderProfile['traitsByModel']> = [
  { model: /gemini-(?:1|2\.0)/i, traits: { reasoningStyle: 'none' } },
  { model: /gemini-2\.5/i, traits: { reasoningStyle: 'budget' } },
  { model: /gemini-/i, traits: { reasoningStyle: 'effort' } },
];

/** https://ai.google.dev/api */
export const GEMINI: ProviderProfile = {
  kind: 'gemini',
  title: 'Google Gemini',
  baseUrl: 'https://generativelanguage.googleapis.com',
  auth: { by: 'header', name: 'x-goog-api-key' },
  environment: {
    apiKey: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY'],
    baseUrl: ['GEMINI_BASE_URL', 'GOOGLE_GEMINI_BASE_URL'],
  },
  dialects: [
    {
      format: 'gemini-generate-content',
      path: '{root}/v1beta/models/{model}:generateContent',
      streamPath: '{root}/v1beta/models/{model}:streamGenerateContent?alt=sse',
      countTokensPath: '{root}/v1beta/models/{model}:countTokens',
    },
  ],
  endpoints: {
    models: '{root}/v1beta/models',
    embeddings: '{root}/v1beta/models/{model}:batchEmbedContents',
  },
  embeddings: 'gemini-embed-content',
  traits: {},
  traitsByModel: GEMINI_TRAITS,
  reasoning: 'parts',
};

import { BEARER, OPENAI_CHAT, OPENAI_RESPONSES, type ProviderProfile, underBase } from '../provider-profile.js';

/** https://console.groq.com/docs/openai. Its SDK takes a base URL without `/openai/v1`, OpenAI's SDK one with it: both do. */
export const GROQ: ProviderProfile = {
  kind: 'groq',
  title: 'Groq',
  baseUrl: 'https://api.groq.com',
  versionPath: '/openai/v1',
  auth: BEARER,
  environment: { apiKey: ['GROQ_API_KEY'], baseUrl: ['GROQ_BASE_URL'] },
  dialects: [OPENAI_CHAT, OPENAI_RESPONSES],
  endpoints: underBase('models', 'audio/transcriptions', 'audio/translations', 'audio/speech', 'files', 'batches'),
  // "currently not supported and will result in a 400 error"
  traits: {
    reasoningField: 'reasoning',
    refusedFields: ['logit_bias', 'logprobs', 'top_logprobs'],
  },
  reasoning: 'reasoning',
};

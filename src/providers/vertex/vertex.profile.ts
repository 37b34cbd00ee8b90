import { CLAUDE_TRAITS } from '../anthropic/anthropic.profile.js';
import { GEMINI_TRAITS } from '../gemini/gemini.profile.js';
import { anthropicMessages, type ProviderOptions, type ProviderProfile } from '../provider-profile.js';

const GOOGLE = '{root}/v1/projects/{project}/locations/{location}/publishers/google/models';
const ANTHROPIC = '{root}/v1/projects/{project}/locations/{location}/publishers/anthropic/models';

const ANTHROPIC_VERSION = { anthropic_version: 'vertex-2023-10-16' };

/** https://cloud.google.com/vertex-ai/generative-ai/docs. Which dialect a model speaks its name says. */
export const VERTEX: ProviderProfile = {
  kind: 'vertex',
  title: 'Google Vertex AI',
  baseUrl: hostOf,
  auth: { by: 'own' },
  // Without a credential: what the machine is (Application Default Credentials).
  keyless: true,
  environment: {
    apiKey: ['VERTEX_API_KEY', 'VERTEX_CREDENTIALS'],
    baseUrl: ['VERTEX_BASE_URL', 'GOOGLE_VERTEX_BASE_URL'],
  },
  options: [
    {
      name: 'project',
      env: ['VERTEX_PROJECT', 'GOOGLE_VERTEX_PROJECT', 'GOOGLE_CLOUD_PROJECT'],
      registers: ['VERTEX_PROJECT', 'GOOGLE_VERTEX_PROJECT'],
      required: true,
      pattern: /^[a-z0-9][a-z0-9.:-]{1,100}$/,
      about: 'Google Cloud project.',
    },
    {
      name: 'location',
      env: ['VERTEX_LOCATION', 'GOOGLE_VERTEX_LOCATION', 'GOOGLE_CLOUD_LOCATION'],
      pattern: /^[a-z0-9-]{1,40}$/,
      fallback: 'global',
      about: 'Region, `us`, `eu` or `global`.',
    },
  ],
  dialects: [
    {
      format: 'gemini-generate-content',
      path: `${GOOGLE}/{model}:generateContent`,
      streamPath: `${GOOGLE}/{model}:streamGenerateContent?alt=sse`,
      countTokensPath: `${GOOGLE}/{model}:countTokens`,
    },
    {
      ...anthropicMessages(`${ANTHROPIC}/{model}:rawPredict`, {
        streamPath: `${ANTHROPIC}/{model}:streamRawPredict`,
        countTokensPath: `${ANTHROPIC}/count-tokens:rawPredict`,
        headers: {},
        forwards: ['anthropic-beta'],
        // Counting names the model in the body although asking does not.
        body: {
          generate: { namesModel: false, fields: ANTHROPIC_VERSION },
          'count-tokens': { namesModel: true, fields: ANTHROPIC_VERSION },
        },
      }),
    },
    {
      format: 'openai-chat',
      path: '{root}/v1/projects/{project}/locations/{location}/endpoints/openapi/chat/completions',
    },
  ],
  dialectsByModel: [
    { model: /^claude/i, formats: ['anthropic-messages'] },
    // `meta/llama-…`, `mistralai/…`, `deepseek-ai/…` and so on are behind the OpenAI dialect.
    { model: /^(?!models\/).*\//, formats: ['openai-chat'] },
    { model: /^/, formats: ['gemini-generate-content'] },
  ],
  endpoints: { models: '{root}/v1beta1/publishers/google/models' },
  traits: {},
  traitsByModel: [...GEMINI_TRAITS, ...CLAUDE_TRAITS],
  reasoning: 'parts',
};

function hostOf({ location = 'global' }: ProviderOptions): string {
  if (location === 'global') return 'https://aiplatform.googleapis.com';
  if (location === 'us' || location === 'eu') return `https://aiplatform.${location}.rep.googleapis.com`;
  return `https://${location}-aiplatform.googleapis.com`;
}

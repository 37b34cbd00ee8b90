import {
  anthropicMessages,
  OPENAI_CHAT,
  OPENAI_RESPONSES,
  type ProviderProfile,
  underBase,
} from '../provider-profile.js';

/**
 * https://learn.microsoft.com/azure/foundry/openai. Two styles of URL: `/openai/v1/…`, where the deployment is the model in the
 * body, and, with a dated `api_version`, `/openai/deployments/<deployment>/…`. Paths are made by the adapter.
 */
export const AZURE: ProviderProfile = {
  kind: 'azure',
  title: 'Azure OpenAI',
  baseUrl: null,
  rootSuffix: '/openai',
  auth: { by: 'header', name: 'api-key' },
  environment: {
    apiKey: ['AZURE_API_KEY', 'AZURE_OPENAI_API_KEY'],
    baseUrl: ['AZURE_BASE_URL', 'AZURE_OPENAI_ENDPOINT', 'AZURE_OPENAI_BASE_URL', 'AZURE_API_BASE'],
  },
  options: [
    {
      name: 'api_version',
      env: ['AZURE_API_VERSION', 'AZURE_OPENAI_API_VERSION'],
      pattern: /^(?:\d{4}-\d{2}-\d{2}(?:-preview)?|v1|preview|latest)$/,
      about: 'A date takes the URLs with /deployments/, anything else (or nothing) those with /openai/v1.',
    },
    {
      name: 'deployment',
      env: ['AZURE_DEPLOYMENT', 'AZURE_OPENAI_DEPLOYMENT'],
      pattern: /^[\w.-]{1,100}$/,
      about: 'Deployment every call goes to; unset: the one of the model’s name.',
    },
  ],
  dialects: [
    OPENAI_CHAT,
    OPENAI_RESPONSES,
    anthropicMessages('{root}/anthropic/v1/messages', {
      countTokensPath: '{root}/anthropic/v1/messages/count_tokens',
      auth: { by: 'header', name: 'x-api-key' },
    }),
  ],
  // Deployments are named freely; Claude's are named after the model.
  dialectsByModel: [
    { model: /^claude/i, formats: ['anthropic-messages'] },
    { model: /^/, formats: ['openai-chat', 'openai-responses'] },
  ],
  endpoints: underBase(
    'models',
    'completions',
    'embeddings',
    'images/generations',
    'images/edits',
    'audio/transcriptions',
    'audio/translations',
    'audio/speech',
    'files',
    'batches',
    'realtime',
  ),
  embeddings: 'openai-embeddings',
  traits: { reasoningField: null, reasoningStyle: 'effort' },
  reasoning: 'none',
};

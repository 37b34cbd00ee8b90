import { anthropicMessages, BEARER, type ProviderProfile } from '../provider-profile.js';

/** https://docs.ollama.com. Its own SDK takes the server's root, OpenAI's SDK the root with `/v1`: both do. */
export const OLLAMA: ProviderProfile = {
  kind: 'ollama',
  title: 'Ollama',
  baseUrl: 'http://127.0.0.1:11434',
  auth: BEARER,
  keyless: true,
  environment: { apiKey: ['OLLAMA_API_KEY'], baseUrl: ['OLLAMA_BASE_URL'] },
  options: [
    {
      name: 'dialect',
      env: ['OLLAMA_DIALECT'],
      pattern: /^(?:openai-chat|ollama-chat|anthropic-messages|openai-responses)$/,
      about: 'The only one of its APIs that is used; else the one the caller speaks, or Chat Completions.',
    },
  ],
  dialectOption: 'dialect',
  dialects: [
    { format: 'openai-chat', path: '{root}/v1/chat/completions' },
    { format: 'ollama-chat', path: '{root}/api/chat' },
    anthropicMessages('{root}/v1/messages'),
    { format: 'openai-responses', path: '{root}/v1/responses' },
  ],
  endpoints: {
    models: '{root}/v1/models',
    completions: '{root}/v1/completions',
    embeddings: '{root}/v1/embeddings',
    'audio/speech': '{root}/v1/audio/speech',
    'audio/transcriptions': '{root}/v1/audio/transcriptions',
  },
  embeddings: 'openai-embeddings',
  healthPath: '{root}/api/version',
  traits: { maxTokensField: 'max_tokens', instructionRole: 'system', reasoningField: 'reasoning' },
  // Others think or do not, and a level is an error to them.
  traitsByModel: [{ model: /gpt-oss/i, traits: { reasoningStyle: 'effort' } }],
  reasoning: 'reasoning',
};

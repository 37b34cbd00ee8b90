import { CLAUDE_TRAITS } from '../anthropic/anthropic.profile.js';
import type { ProviderProfile } from '../provider-profile.js';

/** https://docs.aws.amazon.com/bedrock/latest/APIReference */
export const BEDROCK: ProviderProfile = {
  kind: 'bedrock',
  title: 'Amazon Bedrock',
  baseUrl: 'https://bedrock-runtime.{region}.amazonaws.com',
  auth: { by: 'own' },
  // Without a credential: what the machine is (environment, profile, role).
  keyless: true,
  environment: { apiKey: ['BEDROCK_API_KEY', 'AWS_BEARER_TOKEN_BEDROCK'], baseUrl: ['BEDROCK_BASE_URL'] },
  options: [
    {
      name: 'region',
      env: ['BEDROCK_REGION', 'AWS_REGION', 'AWS_DEFAULT_REGION'],
      registers: ['BEDROCK_REGION'],
      required: true,
      pattern: /^[a-z]{2}(?:-[a-z]+)+-\d{1,2}$/,
      about: 'AWS region.',
    },
    {
      name: 'profile',
      env: ['BEDROCK_PROFILE'],
      pattern: /^[\w.@+-]{1,100}$/,
      about: 'Profile of the shared AWS configuration, where there is no credential; it may name a role to assume.',
    },
  ],
  dialects: [
    {
      format: 'bedrock-converse',
      path: '{root}/model/{model}/converse',
      streamPath: '{root}/model/{model}/converse-stream',
      countTokensPath: '{root}/model/{model}/count-tokens',
    },
  ],
  endpoints: { models: '{root}/foundation-models', embeddings: '{root}/model/{model}/invoke' },
  embeddings: 'titan-embed',
  embeddingsByModel: [{ model: /(?:^|[./])cohere\./, format: 'bedrock-cohere-embed' }],
  traits: {},
  traitsByModel: CLAUDE_TRAITS,
  reasoning: 'parts',
};

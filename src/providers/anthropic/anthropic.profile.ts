import { anthropicMessages, type ProviderProfile } from '../provider-profile.js';

/** How reasoning is asked for has changed twice. */
export const CLAUDE_TRAITS: NonNullable<ProviderProfile['traitsByModel']> = [
  { model: /claude-(?:instant|2|3-(?:opus|sonnet|haiku|5))/i, traits: { reasoningStyle: 'none' } },
  { model: /claude-(?:3-7|(?:opus|sonnet|haiku)-4(?:-[0-5])?(?:-20\d{6}|@|$))/i, traits: { reasoningStyle: 'budget' } },
  { model: /claude-/i, traits: { reasoningStyle: 'adaptive' } },
];

/** https://platform.claude.com/docs/en/api */
export const ANTHROPIC: ProviderProfile = {
  kind: 'anthropic',
  title: 'Anthropic',
  baseUrl: 'https://api.anthropic.com',
  auth: { by: 'header', name: 'x-api-key' },
  headers: { 'anthropic-version': '2023-06-01' },
  environment: { apiKey: ['ANTHROPIC_API_KEY'], baseUrl: ['ANTHROPIC_BASE_URL'] },
  dialects: [anthropicMessages('{root}/v1/messages', { countTokensPath: '{root}/v1/messages/count_tokens' })],
  endpoints: { models: '{root}/v1/models' },
  traits: {},
  traitsByModel: CLAUDE_TRAITS,
  reasoning: 'parts',
};

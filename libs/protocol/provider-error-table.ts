import type { WireErrorKind } from './wire-error.js';

/**
 * What the words mean that vendors put into `code`, `type`, `status`, `error_type`, a reason or an exception's name. Lower-case.
 * Only words that say more than the status do; where they contradict it, the word wins.
 */
const WORDS: Partial<Record<WireErrorKind, readonly string[]>> = {
  authentication: [
    'access_token_expired',
    'api_key_invalid',
    'authentication_error',
    'expiredtokenexception',
    'incompletesignature',
    'invalid_api_key',
    'invalid_authentication_error',
    'invalidclienttokenid',
    'invalidsignatureexception',
    'missing_api_key',
    'missingauthenticationtokenexception',
    'unauthenticated',
    'unrecognizedclientexception',
  ],
  permission: [
    'access_terminated_error',
    'accessdeniedexception',
    'api_key_service_blocked',
    'consumer_suspended',
    'iam_permission_denied',
    'permission_denied',
    'permission_error',
    'service_disabled',
    'unsupported_country_region_territory',
  ],
  quota: [
    'billing_disabled',
    'billing_error',
    'billing_hard_limit_reached',
    'billing_not_active',
    'exceeded_current_quota_error',
    'insufficient_balance',
    'insufficient_quota',
    'quota_exceeded',
    'servicequotaexceededexception',
  ],
  'rate-limit': [
    'rate_limit_error',
    'rate_limit_exceeded',
    'rate_limit_reached_error',
    'rate_limited',
    'resource_exhausted',
    'throttlingexception',
    'too_many_requests',
    'toomanyrequestsexception',
  ],
  overloaded: [
    'engine_overloaded',
    'engine_overloaded_error',
    'modelnotreadyexception',
    'overloaded_error',
    'server_is_overloaded',
    'service_tier_capacity_exceeded',
    'service_unavailable_error',
    'serviceunavailableexception',
    'slow_down',
    'unavailable',
  ],
  timeout: ['deadline_exceeded', 'modeltimeoutexception', 'request_timeout', 'timeout_error'],
  server: ['modelerrorexception', 'modelstreamerrorexception'],
  'context-length': [
    'context_length_exceeded',
    'exceed_context_size_error',
    'string_above_max_length',
    'too_many_tokens',
  ],
  'too-large': ['payload_too_large', 'request_too_large'],
  'not-found': [
    'deploymentnotfound',
    'invalid_model',
    'model_decommissioned',
    'model_not_found',
    'not_found_error',
    'resource_not_found_error',
    'resourcenotfoundexception',
  ],
  'content-filter': ['content_filter', 'content_policy_violation', 'responsibleaipolicyviolation'],
};

/**
 * Words so general that a status says more: they count where there is none, inside a 200 or a stream.
 */
const GENERAL_WORDS: Partial<Record<WireErrorKind, readonly string[]>> = {
  'invalid-request': [
    'bad_request',
    'failed_precondition',
    'invalid_argument',
    'invalid_prompt',
    'invalid_request',
    'invalid_request_error',
    'out_of_range',
    'tool_use_failed',
    'validationexception',
  ],
  server: [
    'aborted',
    'api_error',
    'internal',
    'internal_error',
    'internal_server_error',
    'internalserverexception',
    'server_error',
  ],
  cancelled: ['cancelled'],
  'not-found': ['not_found'],
};

function byWord(groups: Partial<Record<WireErrorKind, readonly string[]>>): ReadonlyMap<string, WireErrorKind> {
  return new Map(
    Object.entries(groups).flatMap(([kind, words]) => words.map((word) => [word, kind as WireErrorKind] as const)),
  );
}

export const KIND_BY_WORD: ReadonlyMap<string, WireErrorKind> = byWord(WORDS);
export const KIND_BY_GENERAL_WORD: ReadonlyMap<string, WireErrorKind> = byWord(GENERAL_WORDS);

export interface MessageRule {
  /** Statuses it is looked for at; 0: none is known. */
  readonly at: readonly number[];
  readonly says: RegExp;
  readonly kind: WireErrorKind;
}

/** For what vendors tell in prose alone, each with who does. Patterns match at any length in linear time. */
export const MESSAGE_RULES: readonly MessageRule[] = [
  // Anthropic "prompt is too long: 208310 tokens > 200000 maximum"; Bedrock "Input is too long for requested model";
  // Gemini "The input token count (…) exceeds the maximum number of tokens allowed"; vLLM, DeepSeek "maximum context length".
  {
    at: [0, 400, 413, 422],
    says: /prompt is too long|input is too long|maximum context length|exceeds the maximum number of tokens|exceeds the available context size|exceed context limit/i,
    kind: 'context-length',
  },
  // xAI answers 400, some others 403 to a key that is none.
  { at: [0, 400, 403], says: /(?:incorrect|invalid) api[ _-]key|api key not valid/i, kind: 'authentication' },
  // xAI, also through OpenRouter; OpenRouter's own moderation.
  {
    at: [400, 403],
    says: /violates usage guidelines|requires moderation on|flagged by moderation/i,
    kind: 'content-filter',
  },
  // Anthropic refuses with a 400 when the balance is used up.
  { at: [0, 400], says: /credit balance is too low/i, kind: 'quota' },
  // Groq answers 413 with the code of a rate limit to a request no minute has room for.
  { at: [413], says: /request too large/i, kind: 'too-large' },
];

import type { GatewayError } from './errors.js';
import { openAiErrorBody } from './errors.js';
import type { AnyFormatId } from './format.js';

/** Anthropic's word for each status. https://platform.claude.com/docs/en/api/errors */
const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** Google's word for each status. https://cloud.google.com/apis/design/errors */
const GOOGLE_STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  402: 'RESOURCE_EXHAUSTED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  412: 'FAILED_PRECONDITION',
  413: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

const GOOGLE: ReadonlySet<AnyFormatId> = new Set(['gemini-generate-content', 'gemini-embed-content'] as const);
const COHERE: ReadonlySet<AnyFormatId> = new Set(['cohere-chat', 'cohere-embed', 'cohere-rerank'] as const);

/** A failure of the gateway in the envelope of the caller's dialect. */
export function errorBody(error: GatewayError, requestId: string, dialect: AnyFormatId): object {
  if (dialect === 'anthropic-messages') {
    const type = ANTHROPIC_TYPES[error.status] ?? (error.status >= 500 ? 'api_error' : 'invalid_request_error');
    return { type: 'error', error: { type, message: error.message }, request_id: requestId };
  }
  if (GOOGLE.has(dialect)) {
    const status = GOOGLE_STATUSES[error.status] ?? (error.status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT');
    return { error: { code: error.status, message: error.message, status, details: detailsOf(error, requestId) } };
  }
  // https://docs.cohere.com/reference/errors and https://docs.ollama.com/api/errors
  if (COHERE.has(dialect)) return { id: requestId, message: error.message };
  if (dialect === 'ollama-chat') return { error: error.message };
  return openAiErrorBody(error, requestId);
}

function detailsOf({ code, param, retryAfterSeconds }: GatewayError, requestId: string): object[] {
  const details: object[] = [
    {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: code.toUpperCase(),
      domain: 'omnigate',
      metadata: { request_id: requestId, ...(param !== null && { field: param }) },
    },
  ];
  if (retryAfterSeconds !== null)
    details.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retryAfterSeconds}s` });
  return details;
}

import type { AnyFormatId, WireError, WireErrorKind } from '../../protocol/index.js';
import { retryHeaders } from '../retry-headers.js';
import type { EncodedError } from '../wire-format.js';
import { FORMAT } from './shapes.js';

/** OpenAI's words for each kind: type and code. */
const WORDS: Readonly<Record<WireErrorKind, readonly [type: string, code: string | null]>> = {
  authentication: ['authentication_error', 'invalid_api_key'],
  permission: ['permission_error', null],
  'invalid-request': ['invalid_request_error', null],
  'not-found': ['invalid_request_error', 'not_found'],
  'too-large': ['invalid_request_error', 'request_too_large'],
  'context-length': ['invalid_request_error', 'context_length_exceeded'],
  'content-filter': ['invalid_request_error', 'content_filter'],
  conflict: ['invalid_request_error', 'conflict'],
  'rate-limit': ['rate_limit_error', 'rate_limit_exceeded'],
  quota: ['insufficient_quota', 'insufficient_quota'],
  overloaded: ['api_error', 'service_unavailable'],
  timeout: ['api_error', 'upstream_timeout'],
  server: ['api_error', 'server_error'],
  cancelled: ['api_error', 'cancelled'],
  malformed: ['api_error', 'upstream_error'],
  'frame-too-large': ['api_error', 'upstream_error'],
  incomplete: ['api_error', 'upstream_error'],
  unknown: ['api_error', 'upstream_error'],
};

/** Formats in which OpenAI's words stand. */
const OPENAI: ReadonlySet<AnyFormatId> = new Set([FORMAT, 'openai-responses']);

/** `{message, type, param, code}`: a provider of OpenAI's formats in its own words, others in OpenAI's. */
export function errorFields(error: WireError): Record<string, unknown> {
  const own = error.raw === undefined || OPENAI.has(error.raw.format);
  const [type, code] = WORDS[error.kind];
  return {
    message: error.message,
    type: (own ? error.type : undefined) ?? type,
    param: error.param ?? null,
    code: (own ? error.code : undefined) ?? code,
  };
}

/** The whole of a failed answer. */
export function encodeError(error: WireError, requestId: string): EncodedError {
  return {
    status: error.status,
    body: { error: errorFields(error), request_id: requestId },
    headers: retryHeaders(error),
  };
}

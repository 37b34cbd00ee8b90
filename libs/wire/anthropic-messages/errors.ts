import type { WireError, WireErrorKind } from '../../protocol/index.js';
import { retryHeaders } from '../retry-headers.js';
import type { EncodedError } from '../wire-format.js';
import { FORMAT } from './shapes.js';

/** Anthropic's word for each kind. */
const TYPES: Readonly<Record<WireErrorKind, string>> = {
  authentication: 'authentication_error',
  permission: 'permission_error',
  'invalid-request': 'invalid_request_error',
  'not-found': 'not_found_error',
  'too-large': 'request_too_large',
  'context-length': 'invalid_request_error',
  'content-filter': 'invalid_request_error',
  conflict: 'invalid_request_error',
  'rate-limit': 'rate_limit_error',
  quota: 'billing_error',
  overloaded: 'overloaded_error',
  timeout: 'timeout_error',
  server: 'api_error',
  cancelled: 'api_error',
  malformed: 'api_error',
  'frame-too-large': 'api_error',
  incomplete: 'api_error',
  unknown: 'api_error',
};

/** `{type, message}`: a provider of this format in its own words, others in Anthropic's. */
export function errorFields(error: WireError): Record<string, unknown> {
  const own = error.raw === undefined || error.raw.format === FORMAT;
  return { type: (own ? error.type : undefined) ?? TYPES[error.kind], message: error.message };
}

/** The whole of a failed answer. */
export function encodeError(error: WireError, requestId: string): EncodedError {
  return {
    status: error.status,
    body: { type: 'error', error: errorFields(error), request_id: requestId },
    headers: retryHeaders(error),
  };
}

import type { WireError, WireErrorKind } from '../../protocol/index.js';
import { isFields, listOf, objectOf } from '../fields.js';
import { retryHeaders } from '../retry-headers.js';
import type { EncodedError } from '../wire-format.js';
import { FORMAT } from './shapes.js';

/** The words of google.rpc.Code for each kind. */
const STATUSES: Readonly<Record<WireErrorKind, string>> = {
  authentication: 'UNAUTHENTICATED',
  permission: 'PERMISSION_DENIED',
  'invalid-request': 'INVALID_ARGUMENT',
  'not-found': 'NOT_FOUND',
  'too-large': 'INVALID_ARGUMENT',
  'context-length': 'INVALID_ARGUMENT',
  'content-filter': 'INVALID_ARGUMENT',
  conflict: 'ABORTED',
  'rate-limit': 'RESOURCE_EXHAUSTED',
  quota: 'RESOURCE_EXHAUSTED',
  overloaded: 'UNAVAILABLE',
  timeout: 'DEADLINE_EXCEEDED',
  server: 'INTERNAL',
  cancelled: 'CANCELLED',
  malformed: 'INTERNAL',
  'frame-too-large': 'INTERNAL',
  incomplete: 'INTERNAL',
  unknown: 'UNKNOWN',
};
const WORDS: ReadonlySet<string> = new Set([...Object.values(STATUSES), 'FAILED_PRECONDITION', 'OUT_OF_RANGE']);

/** `{code, message, status, details}`: Google in its own words, others in those of google.rpc. */
export function errorFields(error: WireError, requestId?: string): Record<string, unknown> {
  const own = error.raw?.format === FORMAT && error.type !== undefined && WORDS.has(error.type);
  const details = error.raw?.format === FORMAT ? ownDetails(error.raw.value) : detailsOf(error, requestId);
  return {
    code: error.status,
    message: error.message,
    status: own ? error.type : STATUSES[error.kind],
    ...(details.length === 0 ? {} : { details }),
  };
}

function ownDetails(body: Readonly<Record<string, unknown>>): readonly unknown[] {
  return listOf(objectOf(body, 'error') ?? {}, 'details')?.filter(isFields) ?? [];
}

const TYPE = 'type.googleapis.com/google.rpc.';

function detailsOf({ retryAfterMs, param }: WireError, requestId: string | undefined): unknown[] {
  const details: unknown[] = [];
  if (param !== undefined)
    details.push({ '@type': `${TYPE}BadRequest`, fieldViolations: [{ field: param, description: '' }] });
  if (retryAfterMs !== undefined)
    details.push({ '@type': `${TYPE}RetryInfo`, retryDelay: `${String(retryAfterMs / 1000)}s` });
  if (requestId !== undefined) details.push({ '@type': `${TYPE}RequestInfo`, requestId });
  return details;
}

/** The whole of a failed answer. */
export function encodeError(error: WireError, requestId: string): EncodedError {
  return {
    status: error.status,
    body: { error: errorFields(error, requestId) },
    headers: retryHeaders(error),
  };
}

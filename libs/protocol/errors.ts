/**
 * Every failure a caller can be told about, in one table. Code branches on `kind`, never on a message.
 * Status, type and code are the words of the client contract (docs/errors in the README).
 */
const KINDS = {
  invalid_api_key: { status: 401, type: 'authentication_error', code: 'invalid_api_key' },
  insufficient_scope: { status: 403, type: 'permission_error', code: 'insufficient_scope' },
  ip_not_allowed: { status: 403, type: 'permission_error', code: 'ip_not_allowed' },
  model_not_allowed: { status: 403, type: 'permission_error', code: 'model_not_allowed' },
  invalid_request: { status: 400, type: 'invalid_request_error', code: 'invalid_request_error' },
  request_timeout: { status: 408, type: 'invalid_request_error', code: 'request_timeout' },
  conflict: { status: 409, type: 'invalid_request_error', code: 'conflict' },
  precondition_failed: { status: 412, type: 'invalid_request_error', code: 'precondition_failed' },
  request_too_large: { status: 413, type: 'invalid_request_error', code: 'request_too_large' },
  unsupported_media_type: { status: 415, type: 'invalid_request_error', code: 'unsupported_media_type' },
  headers_too_large: { status: 431, type: 'invalid_request_error', code: 'headers_too_large' },
  method_not_allowed: { status: 405, type: 'invalid_request_error', code: 'method_not_allowed' },
  not_found: { status: 404, type: 'invalid_request_error', code: 'not_found' },
  model_not_found: { status: 404, type: 'invalid_request_error', code: 'model_not_found' },
  route_not_found: { status: 404, type: 'invalid_request_error', code: 'route_not_found' },
  provider_not_found: { status: 404, type: 'invalid_request_error', code: 'provider_not_found' },
  rate_limit_exceeded: { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  budget_exceeded: { status: 402, type: 'budget_error', code: 'budget_exceeded' },
  service_unavailable: { status: 503, type: 'api_error', code: 'service_unavailable' },
  upstream_error: { status: 502, type: 'api_error', code: 'upstream_error' },
  upstream_timeout: { status: 504, type: 'api_error', code: 'upstream_timeout' },
  /** The upstream refused the request itself: its own status and words are passed on. */
  upstream_refused: { status: 400, type: 'invalid_request_error', code: 'upstream_refused' },
  internal_error: { status: 500, type: 'api_error', code: 'internal_error' },
} as const;

export type ErrorKind = keyof typeof KINDS;

export interface ErrorDetails {
  /** JSON path of the field at fault, as in `messages[2].role`. */
  param?: string;
  /** Overrides the code of the kind, e.g. an upstream's own code. */
  code?: string;
  /** Overrides the type of the kind, e.g. an upstream's own type. */
  type?: string;
  /** Overrides the HTTP status of the kind. */
  status?: number;
  /** Seconds a caller should wait; becomes `retry-after` and `retry-after-ms`. */
  retryAfterSeconds?: number;
  /** The status of the last upstream answer, where there was one. */
  upstreamStatus?: number;
  cause?: unknown;
}

/** A failure with its place in the client contract. Its message is safe to show to the caller. */
export class GatewayError extends Error {
  readonly kind: ErrorKind;
  readonly status: number;
  readonly type: string;
  readonly code: string;
  readonly param: string | null;
  readonly retryAfterSeconds: number | null;
  readonly upstreamStatus: number | null;

  constructor(kind: ErrorKind, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'GatewayError';
    const row = KINDS[kind];
    this.kind = kind;
    this.status = details.status ?? row.status;
    this.type = details.type ?? row.type;
    this.code = details.code ?? row.code;
    this.param = details.param ?? null;
    this.retryAfterSeconds = details.retryAfterSeconds ?? null;
    this.upstreamStatus = details.upstreamStatus ?? null;
  }
}

/** The OpenAI envelope: `{error:{message,type,param,code}, request_id}`. */
export function openAiErrorBody(error: GatewayError, requestId: string): object {
  return {
    error: { message: error.message, type: error.type, param: error.param, code: error.code },
    request_id: requestId,
  };
}

import type { AnyFormatId, JsonFields } from './format.js';

/** Every way a provider fails, whoever it is. `retryable` is what holds where the provider says nothing itself. */
const KINDS = {
  authentication: { status: 401, retryable: false },
  permission: { status: 403, retryable: false },
  'invalid-request': { status: 400, retryable: false },
  'not-found': { status: 404, retryable: false },
  'too-large': { status: 413, retryable: false },
  /** The prompt is longer than the model reads. */
  'context-length': { status: 400, retryable: false },
  /** Prompt or answer were filtered. */
  'content-filter': { status: 400, retryable: false },
  conflict: { status: 409, retryable: true },
  'rate-limit': { status: 429, retryable: true },
  /** No money or quota left: waiting does not help. */
  quota: { status: 429, retryable: false },
  overloaded: { status: 503, retryable: true },
  timeout: { status: 504, retryable: true },
  server: { status: 500, retryable: true },
  cancelled: { status: 499, retryable: false },
  /** What came is not what the format sends. */
  malformed: { status: 502, retryable: true },
  /** An event or line over the cap. */
  'frame-too-large': { status: 502, retryable: false },
  /** The stream stopped without its end. */
  incomplete: { status: 502, retryable: true },
  unknown: { status: 502, retryable: false },
} as const;

export type WireErrorKind = keyof typeof KINDS;

/** A failure at or of a provider, in no vendor's words. Code branches on `kind`, never on the message. */
export interface WireError {
  readonly kind: WireErrorKind;
  /** The HTTP status it came with; for errors inside a 200, what their own code or the kind says. */
  readonly status: number;
  readonly message: string;
  /** The provider's own words, where it has them. */
  readonly code?: string | undefined;
  readonly type?: string | undefined;
  /** The field at fault. */
  readonly param?: string | undefined;
  readonly retryable: boolean;
  /** How long the provider asks to wait, milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly requestId?: string | undefined;
  /** The body as it came. */
  readonly raw?: { readonly format: AnyFormatId; readonly value: JsonFields } | undefined;
}

/** A failure of a kind; what is left out is what the kind says. */
export function wireError(
  kind: WireErrorKind,
  message: string,
  details: Partial<Omit<WireError, 'kind' | 'message'>> = {},
): WireError {
  return { status: KINDS[kind].status, retryable: KINDS[kind].retryable, ...details, kind, message };
}

const BY_STATUS: Readonly<Record<number, WireErrorKind>> = {
  401: 'authentication',
  402: 'quota',
  403: 'permission',
  404: 'not-found',
  408: 'timeout',
  409: 'conflict',
  413: 'too-large',
  429: 'rate-limit',
  499: 'cancelled',
  503: 'overloaded',
  504: 'timeout',
  529: 'overloaded',
};

/** What a status alone says. */
export function kindOfStatus(status: number): WireErrorKind {
  return BY_STATUS[status] ?? (status >= 500 ? 'server' : status >= 400 ? 'invalid-request' : 'unknown');
}

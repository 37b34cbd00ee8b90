import type { WireError } from '../../../libs/protocol/index.js';
import { type GatewayError, wireError, type WireErrorKind } from '../../../libs/protocol/index.js';

const KINDS: Readonly<Record<number, WireErrorKind>> = {
  400: 'invalid-request',
  401: 'authentication',
  402: 'quota',
  403: 'permission',
  404: 'not-found',
  413: 'too-large',
  429: 'rate-limit',
  502: 'server',
  503: 'overloaded',
  504: 'timeout',
};

/** A failure of the gateway's own words for an encoder of events, which turns it into its dialect's. */
export function asWireError(error: GatewayError): WireError {
  const kind = KINDS[error.status] ?? (error.status >= 500 ? 'server' : 'invalid-request');
  return wireError(kind, error.message, {
    status: error.status,
    code: error.code,
    type: error.type,
    ...(error.param !== null && { param: error.param }),
    ...(error.retryAfterSeconds !== null && { retryAfterMs: error.retryAfterSeconds * 1000 }),
  });
}

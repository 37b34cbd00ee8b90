import { type WireError, wireError } from '../../protocol/index.js';
import { errorInside } from '../answer-bytes.js';
import { retryHeaders } from '../retry-headers.js';
import type { EncodedError } from '../wire-format.js';
import { FORMAT } from './shapes.js';

/** What a stream that ends with `ERROR` or `TIMEOUT` says of it. */
export function errorAtEnd(reason: string, message: unknown): WireError {
  const text = typeof message === 'string' && message !== '' ? message : 'The provider reported an error.';
  const told = errorInside(FORMAT, { message: text });
  if (told.kind !== 'unknown') return told;
  return { ...wireError(reason === 'TIMEOUT' ? 'timeout' : 'server', told.message), raw: told.raw };
}

/** The whole of a failed answer. */
export function encodeError(error: WireError, requestId: string): EncodedError {
  return { status: error.status, body: { id: requestId, message: error.message }, headers: retryHeaders(error) };
}

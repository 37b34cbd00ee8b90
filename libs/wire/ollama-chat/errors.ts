import type { WireError } from '../../protocol/index.js';
import { retryHeaders } from '../retry-headers.js';
import type { EncodedError } from '../wire-format.js';

/** The whole of a failed answer, and the last line of a stream that failed. */
export function errorFields({ message }: WireError): { error: string } {
  return { error: message };
}

export function encodeError(error: WireError): EncodedError {
  return { status: error.status, body: errorFields(error), headers: retryHeaders(error) };
}

import { classifyProviderError, type JsonFields, type WireError, type WireErrorKind } from '../../protocol/index.js';
import { isFields } from '../fields.js';
import { retryHeaders } from '../retry-headers.js';
import type { EncodedError } from '../wire-format.js';
import { FORMAT } from './shapes.js';

/** AWS's word for each kind. */
const EXCEPTIONS: Readonly<Record<WireErrorKind, string>> = {
  authentication: 'UnrecognizedClientException',
  permission: 'AccessDeniedException',
  'invalid-request': 'ValidationException',
  'not-found': 'ResourceNotFoundException',
  'too-large': 'ValidationException',
  'context-length': 'ValidationException',
  'content-filter': 'ValidationException',
  conflict: 'ConflictException',
  'rate-limit': 'ThrottlingException',
  quota: 'ServiceQuotaExceededException',
  overloaded: 'ServiceUnavailableException',
  timeout: 'ModelTimeoutException',
  server: 'InternalServerException',
  cancelled: 'InternalServerException',
  malformed: 'ModelErrorException',
  'frame-too-large': 'ModelErrorException',
  incomplete: 'ModelStreamErrorException',
  unknown: 'InternalServerException',
};

/** The exception's name: the provider's own where it is of this format, else AWS's word for the kind. */
export function exceptionName({ code, kind, raw }: WireError): string {
  return raw?.format === FORMAT && code !== undefined ? code : EXCEPTIONS[kind];
}

/** What a frame that is no event means: its headers name the exception, its payload says more. */
export function errorOfFrame(headers: ReadonlyMap<string, string>, payload: unknown): WireError {
  const name = headers.get(':exception-type') ?? headers.get(':error-code');
  const body = payload ?? headers.get(':error-message');
  const value: JsonFields = isFields(body) ? body : { message: body };
  const error = classifyProviderError({
    status: 200,
    headers: name === undefined ? {} : { ':exception-type': name },
    body: value,
    nowMs: 0,
  });
  return { ...error, raw: { format: FORMAT, value } };
}

/** The whole of a failed answer; the exception stands in a header. */
export function encodeError(error: WireError, requestId: string): EncodedError {
  return {
    status: error.status,
    body: { message: error.message },
    headers: { 'x-amzn-errortype': exceptionName(error), 'x-amzn-requestid': requestId, ...retryHeaders(error) },
  };
}

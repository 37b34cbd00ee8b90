import { isUtf8 } from 'node:buffer';
import { type AnyFormatId, type JsonFields, type WireError, wireError } from '../protocol/index.js';
import { classifyProviderError } from '../protocol/index.js';
import { isFields } from './fields.js';
import { isDeeperThan } from './json-depth.js';
import type { Decoded, UpstreamFailure } from './wire-format.js';

/** The JSON object a body is; anything else is an error of the kind `malformed`. */
export function parseObject(body: Buffer): Decoded<JsonFields> {
  const value = isUtf8(body) ? parsed(body.toString('utf8')) : undefined;
  if (isFields(value)) return { ok: true, value };
  return { ok: false, error: wireError('malformed', 'The provider answered with something that is no JSON object.') };
}

/** The most objects and arrays within one another; no answer of a provider is nearly as deep. */
const MAX_DEPTH = 256;

/** The value of a JSON text; `undefined` for what is none, and for what is too deep to be written again. */
export function parsed(text: string): unknown {
  if (isDeeperThan(text, MAX_DEPTH)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a failed answer means; never throws. */
export function errorOf(format: AnyFormatId, failure: UpstreamFailure): WireError {
  const { status, headers, nowMs } = failure;
  const text = failure.body.toString('utf8');
  const body = parsed(text) ?? text;
  return withRaw(format, classifyProviderError({ status, headers, body, nowMs }), body);
}

/** What an error inside a 200 means: the object it stands in, or the error itself. */
export function errorInside(format: AnyFormatId, value: unknown): WireError {
  return withRaw(format, classifyProviderError({ status: 200, headers: {}, body: value, nowMs: 0 }), value);
}

function withRaw(format: AnyFormatId, error: WireError, body: unknown): WireError {
  return isFields(body) ? { ...error, raw: { format, value: body } } : error;
}

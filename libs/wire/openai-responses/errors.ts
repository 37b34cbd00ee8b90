import type { JsonFields, WireError } from '../../protocol/index.js';
import { errorInside } from '../answer-bytes.js';
import { isFields } from '../fields.js';
import { errorFields } from '../openai-chat/errors.js';
import { FORMAT } from './shapes.js';

/** What a response that failed, or an `error` event, says of it: flat or in a member `error`. */
export function errorIn(fields: JsonFields): WireError {
  const inner = fields['error'];
  return errorInside(FORMAT, isFields(inner) || typeof inner === 'string' ? { error: inner } : fields);
}

/** An error event has its words flat, as it is documented, and in a member, as OpenAI sends them. */
export function errorEventFields(error: WireError): Record<string, unknown> {
  const fields = errorFields(error);
  const { code, message, param } = fields;
  return { code, message, param, error: fields };
}

/** As a failed response tells it. */
export function failureFields(error: WireError): Record<string, unknown> {
  const { code, message } = errorFields(error);
  return { code: code ?? 'server_error', message };
}

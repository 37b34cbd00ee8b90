import { GatewayError, type JsonFields } from '../protocol/index.js';
import { checkShape, isFields, numberOf, refuse, type Shape, textOf } from './fields.js';
import type { RequestOrigin } from './wire-format.js';

/** The body of a request, an object of this shape. @throws GatewayError 400 */
export function requestFields(body: unknown, table: Shape): JsonFields {
  if (!isFields(body)) throw new GatewayError('invalid_request', 'The request body must be a JSON object.');
  checkShape(body, table, '');
  return body;
}

/** The model of a request, which the body or the URL names. @throws GatewayError 400 */
export function modelOf(body: JsonFields, { model: inUrl }: RequestOrigin): string {
  const model = textOf(body, 'model') ?? inUrl ?? '';
  if (model === '') refuse('model', "'model' is required.");
  return model;
}

/** A text that must be there. @throws GatewayError 400 */
export function requiredText(body: JsonFields, name: string): string {
  return textOf(body, name) ?? refuse(name, `'${name}' is required.`);
}

/** A length or number of things. @throws GatewayError 400 for what is none */
export function countIn(body: JsonFields, name: string, least = 1): number | undefined {
  const value = numberOf(body, name);
  if (value !== undefined && !(Number.isInteger(value) && value >= least))
    refuse(name, `'${name}' must be an integer, at least ${String(least)}.`);
  return value;
}

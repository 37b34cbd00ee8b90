import type { CanonicalRequest, Tool } from '../../protocol/index.js';
import { isFields, objectOf, refuse, restOf, shape, STRING, textOf, withInner } from '../fields.js';
import { FORMAT, FUNCTION, TOOL } from './shapes.js';

const TYPE_ONLY = shape({ type: STRING });

/** @throws GatewayError 400 naming the tool at fault */
export function decodeTools(list: readonly unknown[]): Tool[] {
  return list.map((value, index) => {
    const path = `tools[${String(index)}]`;
    if (!isFields(value)) refuse(path, `'${path}' must be an object.`);
    const inner = objectOf(value, 'function');
    if (inner === undefined) {
      const form = textOf(value, 'type');
      return { type: 'builtin', tool: 'vendor', name: form, extensions: restOf(value, TYPE_ONLY, FORMAT), form };
    }
    const name = textOf(inner, 'name') ?? '';
    if (name === '') refuse(`${path}.function.name`, `'${path}.function.name' is required.`);
    return {
      type: 'function',
      name,
      description: textOf(inner, 'description'),
      parameters: objectOf(inner, 'parameters'),
      extensions: withInner(restOf(value, TOOL, FORMAT), FORMAT, 'function', restOf(inner, FUNCTION, FORMAT)),
    };
  });
}

/** `json`, a schema, or nothing. @throws GatewayError 400 */
export function decodeFormat(value: unknown): CanonicalRequest['responseFormat'] {
  if (isFields(value)) return { type: 'json-schema', schema: value };
  if (value === 'json') return { type: 'json' };
  if (value === undefined || value === null || value === '') return undefined;
  return refuse('format', '\'format\' must be "json" or a JSON schema.');
}

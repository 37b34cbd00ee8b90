import type { CanonicalRequest, JsonFields, ResponseFormat, Tool, ToolChoice } from '../../protocol/index.js';
import { isFields, objectOf, refuse, restOf, shape, STRING, textOf, withInner } from '../fields.js';
import { FORMAT, FUNCTION, RESPONSE_FORMAT, TOOL } from './shapes.js';

const TYPE_ONLY = shape({ type: STRING });

/** @param strict holds for all of them. @throws GatewayError 400 naming the tool at fault */
export function decodeTools(list: readonly unknown[], strict: boolean | undefined): Tool[] {
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
      strict,
      extensions: withInner(restOf(value, TOOL, FORMAT), FORMAT, 'function', restOf(inner, FUNCTION, FORMAT)),
    };
  });
}

const MODES: Readonly<Record<string, 'none' | 'required'>> = { NONE: 'none', REQUIRED: 'required' };

/** @throws GatewayError 400 */
export function decodeToolChoice(word: string | undefined): ToolChoice | undefined {
  if (word === undefined) return undefined;
  const mode = word.toUpperCase();
  if (!Object.hasOwn(MODES, mode)) refuse('tool_choice', "'tool_choice' must be REQUIRED or NONE.");
  return { mode: MODES[mode]!, form: word };
}

/** `schema` is the older name. */
export function decodeResponseFormat(value: JsonFields | undefined): CanonicalRequest['responseFormat'] {
  if (value === undefined) return undefined;
  const extensions = restOf(value, RESPONSE_FORMAT, FORMAT);
  if (value['type'] === 'text') return { type: 'text', extensions };
  if (value['type'] !== 'json_object')
    refuse('response_format.type', "'response_format.type' must be text or json_object.");
  return jsonFormat(value, extensions);
}

function jsonFormat(value: JsonFields, extensions: ResponseFormat['extensions']): ResponseFormat {
  for (const form of ['json_schema', 'schema']) {
    const schema = objectOf(value, form);
    if (schema !== undefined) return { type: 'json-schema', schema, extensions, form };
  }
  return { type: 'json', extensions };
}

import type { CustomTool, FunctionTool, JsonFields, ResponseFormat, Tool, ToolChoice } from '../../protocol/index.js';
import {
  booleanOf,
  isFields,
  LIST,
  listOf,
  OBJECT,
  objectOf,
  refuse,
  restOf,
  shape,
  STRING,
  textOf,
  withInner,
} from '../fields.js';
import { cacheOf } from './decode-parts.js';
import { CUSTOM, FORMAT, FUNCTION, JSON_SCHEMA, TOOL } from './shapes.js';

/** @throws GatewayError 400 naming the tool at fault */
export function decodeTools(list: readonly unknown[]): Tool[] {
  return list.map((value, index) => {
    const path = `tools[${String(index)}]`;
    if (!isFields(value)) refuse(path, `'${path}' must be an object.`);
    const type = textOf(value, 'type');
    if (type === undefined) refuse(`${path}.type`, `'${path}.type' must be a string.`);
    const inner = objectOf(value, type === 'custom' ? 'custom' : 'function');
    if (type === 'function' && inner !== undefined) return decodeFunction(value, inner, path);
    if (type === 'custom' && inner !== undefined) return decodeCustom(value, inner, path);
    return decodeVendorTool(value, type);
  });
}

function nameOf(inner: JsonFields, path: string): string {
  const name = textOf(inner, 'name');
  if (name === undefined || name === '') refuse(`${path}.name`, `'${path}.name' is required.`);
  return name;
}

function decodeFunction(value: JsonFields, inner: JsonFields, path: string): FunctionTool {
  return {
    type: 'function',
    name: nameOf(inner, `${path}.function`),
    description: textOf(inner, 'description'),
    parameters: objectOf(inner, 'parameters'),
    strict: booleanOf(inner, 'strict'),
    cache: cacheOf(value),
    extensions: withInner(restOf(value, TOOL, FORMAT), FORMAT, 'function', restOf(inner, FUNCTION, FORMAT)),
  };
}

function decodeCustom(value: JsonFields, inner: JsonFields, path: string): CustomTool {
  return {
    type: 'custom',
    name: nameOf(inner, `${path}.custom`),
    description: textOf(inner, 'description'),
    grammar: objectOf(inner, 'format'),
    cache: cacheOf(value),
    extensions: withInner(restOf(value, TOOL, FORMAT), FORMAT, 'custom', restOf(inner, CUSTOM, FORMAT)),
  };
}

const VENDOR_TOOL = shape({ type: STRING });

/** A tool of a provider's own, whole in the extensions. */
function decodeVendorTool(value: JsonFields, type: string): Tool {
  return { type: 'builtin', tool: 'vendor', name: type, extensions: restOf(value, VENDOR_TOOL, FORMAT), form: type };
}

const MODES: Readonly<Record<string, 'auto' | 'none' | 'required'>> = {
  auto: 'auto',
  none: 'none',
  required: 'required',
  // Mistral.
  any: 'required',
};

/** @throws GatewayError 400 */
export function decodeToolChoice(value: unknown): ToolChoice {
  if (typeof value === 'string') {
    if (!Object.hasOwn(MODES, value)) refuse('tool_choice', "'tool_choice' is not a known mode.");
    return { mode: MODES[value]!, form: value };
  }
  const choice = isFields(value) ? value : {};
  if (textOf(choice, 'type') === 'allowed_tools') return decodeAllowed(choice);
  return decodeNamed(choice);
}

const NAMED = shape({ type: STRING, function: OBJECT, custom: OBJECT, name: STRING });

function decodeNamed(choice: JsonFields): ToolChoice {
  const inner = objectOf(choice, 'function') ?? objectOf(choice, 'custom');
  const name = textOf(inner ?? choice, 'name');
  if (name === undefined) refuse('tool_choice', "'tool_choice' names no tool.");
  const form = objectOf(choice, 'custom') === undefined ? (inner === undefined ? 'flat' : undefined) : 'custom';
  return {
    mode: 'tool',
    name,
    extensions: restOf(choice, NAMED, FORMAT),
    form: form === 'flat' ? `flat ${textOf(choice, 'type') ?? ''}` : form,
  };
}

const ALLOWED = shape({ type: STRING, allowed_tools: OBJECT });
const ALLOWED_TOOLS = shape({ mode: STRING, tools: LIST });

function decodeAllowed(choice: JsonFields): ToolChoice {
  const inner = objectOf(choice, 'allowed_tools') ?? {};
  const tools = listOf(inner, 'tools') ?? [];
  const names = tools.map((tool) => {
    const fields = isFields(tool) ? tool : {};
    return textOf(objectOf(fields, 'function') ?? objectOf(fields, 'custom') ?? fields, 'name');
  });
  return {
    mode: 'allowed',
    names: names.filter((name) => name !== undefined),
    required: inner['mode'] === 'required',
    extensions: withInner(
      restOf(choice, ALLOWED, FORMAT),
      FORMAT,
      'allowed_tools',
      restOf(inner, ALLOWED_TOOLS, FORMAT),
    ),
  };
}

const RESPONSE_FORMAT = shape({ type: STRING, json_schema: OBJECT });
const PLAIN_FORMAT = shape({ type: STRING });

/** `undefined` for a format of a provider's own. */
export function decodeResponseFormat(value: JsonFields): ResponseFormat | undefined {
  const type = textOf(value, 'type');
  const inner = objectOf(value, 'json_schema');
  if (type === 'json_schema' && inner !== undefined) {
    const schema = objectOf(inner, 'schema');
    return {
      type: 'json-schema',
      name: textOf(inner, 'name'),
      description: textOf(inner, 'description'),
      schema: schema ?? {},
      strict: booleanOf(inner, 'strict'),
      extensions: withInner(
        restOf(value, RESPONSE_FORMAT, FORMAT),
        FORMAT,
        'json_schema',
        restOf(inner, JSON_SCHEMA, FORMAT),
      ),
      form: schema === undefined ? 'no-schema' : undefined,
    };
  }
  const extensions = restOf(value, PLAIN_FORMAT, FORMAT);
  if (type === 'json_object') return { type: 'json', extensions };
  return type === 'text' ? { type: 'text', extensions } : undefined;
}

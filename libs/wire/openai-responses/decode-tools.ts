import type {
  BuiltinTool,
  BuiltinToolKind,
  BuiltinToolSettings,
  JsonFields,
  ResponseFormat,
  Tool,
  ToolChoice,
} from '../../protocol/index.js';
import {
  booleanOf,
  checkShape,
  isFields,
  LIST,
  listOf,
  OBJECT,
  objectOf,
  refuse,
  restOf,
  type Shape,
  shape,
  STRING,
  textOf,
  withExtension,
  withInner,
} from '../fields.js';
import { CUSTOM_TOOL, FORMAT, FUNCTION_TOOL, JSON_SCHEMA } from './shapes.js';

/** @throws GatewayError 400 naming the tool at fault */
export function decodeTools(list: readonly unknown[]): Tool[] {
  return list.map((value, index) => {
    const path = `tools[${String(index)}]`;
    if (!isFields(value)) refuse(path, `'${path}' must be an object.`);
    const type = textOf(value, 'type');
    if (type === undefined) refuse(`${path}.type`, `'${path}.type' must be a string.`);
    if (type === 'function') return decodeFunction(value, path);
    return type === 'custom' ? decodeCustom(value, path) : decodeBuiltin(value, type);
  });
}

function nameOf(value: JsonFields, path: string): string {
  const name = textOf(value, 'name');
  if (name === undefined || name === '') refuse(`${path}.name`, `'${path}.name' is required.`);
  return name;
}

function decodeFunction(value: JsonFields, path: string): Tool {
  checkShape(value, FUNCTION_TOOL, path);
  return {
    type: 'function',
    name: nameOf(value, path),
    description: textOf(value, 'description'),
    parameters: objectOf(value, 'parameters'),
    strict: booleanOf(value, 'strict'),
    extensions: restOf(value, FUNCTION_TOOL, FORMAT),
  };
}

function decodeCustom(value: JsonFields, path: string): Tool {
  checkShape(value, CUSTOM_TOOL, path);
  return {
    type: 'custom',
    name: nameOf(value, path),
    description: textOf(value, 'description'),
    grammar: objectOf(value, 'format'),
    extensions: restOf(value, CUSTOM_TOOL, FORMAT),
  };
}

/** OpenAI's tools by the beginning of their type; versions follow it. */
const KINDS: readonly (readonly [beginning: string, kind: BuiltinToolKind])[] = [
  ['web_search', 'web-search'],
  ['file_search', 'file-search'],
  ['code_interpreter', 'code-execution'],
  ['computer', 'computer-use'],
  ['image_generation', 'image-generation'],
  ['mcp', 'mcp'],
  ['local_shell', 'shell'],
  ['shell', 'shell'],
  ['apply_patch', 'text-editor'],
];

const PLAIN = shape({ type: STRING });
const WEB_SEARCH = shape({ type: STRING, search_context_size: STRING, user_location: OBJECT, filters: OBJECT });
const FILTERS = shape({ allowed_domains: LIST });
const FILE_SEARCH = shape({ type: STRING, vector_store_ids: LIST });
const MCP = shape({
  type: STRING,
  server_label: STRING,
  server_url: STRING,
  authorization: STRING,
  allowed_tools: LIST,
});

function decodeBuiltin(value: JsonFields, type: string): BuiltinTool {
  const tool = KINDS.find(([beginning]) => type.startsWith(beginning))?.[1] ?? 'vendor';
  const named = { type: 'builtin', tool, name: type, form: type } as const;
  const rest = (table: Shape): Pick<BuiltinTool, 'extensions'> => ({ extensions: restOf(value, table, FORMAT) });
  if (tool === 'web-search') return { ...named, ...decodeWebSearch(value) };
  if (tool === 'file-search')
    return { ...named, settings: { stores: textsOf(value, 'vector_store_ids') }, ...rest(FILE_SEARCH) };
  if (tool === 'mcp' && textOf(value, 'server_label') !== undefined)
    return { ...named, settings: mcpSettings(value), ...rest(MCP) };
  return { ...named, ...rest(PLAIN) };
}

function textsOf(value: JsonFields, name: string): readonly string[] | undefined {
  return listOf(value, name)?.filter((one) => typeof one === 'string');
}

function decodeWebSearch(value: JsonFields): Pick<BuiltinTool, 'settings' | 'extensions'> {
  const filters = objectOf(value, 'filters');
  const inner = filters === undefined ? undefined : restOf(filters, FILTERS, FORMAT);
  return {
    settings: {
      contextSize: textOf(value, 'search_context_size'),
      userLocation: objectOf(value, 'user_location'),
      allowedDomains: filters === undefined ? undefined : textsOf(filters, 'allowed_domains'),
    },
    extensions: withInner(restOf(value, WEB_SEARCH, FORMAT), FORMAT, 'filters', inner),
  };
}

function mcpSettings(value: JsonFields): BuiltinToolSettings {
  return {
    server: {
      label: textOf(value, 'server_label') ?? '',
      url: textOf(value, 'server_url'),
      authorization: textOf(value, 'authorization'),
      allowedTools: textsOf(value, 'allowed_tools'),
    },
  };
}

const MODES: Readonly<Record<string, 'auto' | 'none' | 'required'>> = {
  auto: 'auto',
  none: 'none',
  required: 'required',
};
const NAMED = shape({ type: STRING, name: STRING });
const ALLOWED = shape({ type: STRING, mode: STRING, tools: LIST });

/** @throws GatewayError 400 */
export function decodeToolChoice(value: unknown): ToolChoice {
  if (typeof value === 'string') {
    if (!Object.hasOwn(MODES, value)) refuse('tool_choice', "'tool_choice' is not a known mode.");
    return { mode: MODES[value]!, form: value };
  }
  const choice = isFields(value) ? value : {};
  const type = textOf(choice, 'type') ?? 'function';
  if (type === 'allowed_tools') return decodeAllowed(choice);
  if (type === 'function' || type === 'custom') return decodeNamed(choice, type);
  // One of OpenAI's own tools must be used.
  return { mode: 'required', extensions: { [FORMAT]: choice }, form: 'hosted' };
}

function decodeNamed(choice: JsonFields, type: string): ToolChoice {
  const name = textOf(choice, 'name');
  if (name === undefined || textOf(choice, 'type') === undefined) refuse('tool_choice', "'tool_choice' names no tool.");
  return { mode: 'tool', name, extensions: restOf(choice, NAMED, FORMAT), form: type };
}

function decodeAllowed(choice: JsonFields): ToolChoice {
  const tools = listOf(choice, 'tools') ?? [];
  const names = tools.map((tool) => (isFields(tool) && tool['type'] === 'function' ? textOf(tool, 'name') : undefined));
  const isPlain = names.every((name) => name !== undefined);
  const extensions = restOf(choice, ALLOWED, FORMAT);
  return {
    mode: 'allowed',
    names: names.filter((name) => name !== undefined),
    required: choice['mode'] === 'required',
    extensions: isPlain ? extensions : withExtension(extensions, FORMAT, 'tools', tools),
  };
}

const PLAIN_FORMAT = shape({ type: STRING });

/** `text.format`; one of a provider's own is left over. */
export function decodeFormat(
  text: JsonFields,
  leftOver: { extensions: ReturnType<typeof withInner> },
): ResponseFormat | undefined {
  const format = objectOf(text, 'format');
  if (format === undefined) return undefined;
  const type = textOf(format, 'type');
  if (type === 'json_schema') return decodeSchema(format);
  const extensions = restOf(format, PLAIN_FORMAT, FORMAT);
  if (type === 'json_object') return { type: 'json', extensions };
  if (type === 'text') return { type: 'text', extensions };
  const inner = leftOver.extensions?.[FORMAT]?.['text.'];
  leftOver.extensions = withInner(leftOver.extensions, FORMAT, 'text', {
    [FORMAT]: { ...(isFields(inner) ? inner : {}), format },
  });
  return undefined;
}

function decodeSchema(format: JsonFields): ResponseFormat {
  checkShape(format, JSON_SCHEMA, 'text.format');
  const schema = objectOf(format, 'schema');
  return {
    type: 'json-schema',
    name: textOf(format, 'name'),
    description: textOf(format, 'description'),
    schema: schema ?? {},
    strict: booleanOf(format, 'strict'),
    extensions: restOf(format, JSON_SCHEMA, FORMAT),
    form: schema === undefined ? 'no-schema' : undefined,
  };
}

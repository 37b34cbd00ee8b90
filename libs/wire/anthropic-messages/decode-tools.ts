import type {
  BuiltinTool,
  CanonicalRequest,
  FunctionTool,
  JsonFields,
  Tool,
  ToolChoice,
} from '../../protocol/index.js';
import {
  booleanOf,
  checkShape,
  isFields,
  listOf,
  numberOf,
  objectOf,
  refuse,
  restOf,
  textOf,
  withInner,
} from '../fields.js';
import { cacheOf, kindOfTool } from './decode-blocks.js';
import { FORMAT, MCP_SERVER, SERVER_TOOL, TOOL, TOOL_CHOICE, TOOL_CONFIGURATION } from './shapes.js';

/** The caller's tools, the provider's, and the servers whose tools it may call. @throws GatewayError 400 */
export function decodeTools(
  tools: readonly unknown[] | undefined,
  servers: readonly unknown[] | undefined,
): Tool[] | undefined {
  if (tools === undefined && servers === undefined) return undefined;
  return [
    ...(tools ?? []).map((value, index) => decodeTool(value, `tools[${String(index)}]`)),
    ...(servers ?? []).map((value, index) => decodeServer(value, `mcp_servers[${String(index)}]`)),
  ];
}

function decodeTool(value: unknown, path: string): Tool {
  if (!isFields(value)) refuse(path, `'${path}' must be an object.`);
  checkShape(value, TOOL, path);
  const type = textOf(value, 'type');
  return type === undefined || type === 'custom' ? decodeFunction(value, path) : decodeServerTool(value, type);
}

function decodeFunction(value: JsonFields, path: string): FunctionTool {
  const name = textOf(value, 'name') ?? '';
  if (name === '') refuse(`${path}.name`, `'${path}.name' is required.`);
  return {
    type: 'function',
    name,
    description: textOf(value, 'description'),
    parameters: objectOf(value, 'input_schema'),
    strict: booleanOf(value, 'strict'),
    cache: cacheOf(value),
    extensions: restOf(value, TOOL, FORMAT),
    form: textOf(value, 'type'),
  };
}

function decodeServerTool(value: JsonFields, type: string): BuiltinTool {
  return {
    type: 'builtin',
    tool: kindOfTool(type),
    name: textOf(value, 'name'),
    settings: {
      allowedDomains: textsOf(value, 'allowed_domains'),
      blockedDomains: textsOf(value, 'blocked_domains'),
      maxUses: numberOf(value, 'max_uses'),
      userLocation: objectOf(value, 'user_location'),
    },
    cache: cacheOf(value),
    extensions: restOf(value, SERVER_TOOL, FORMAT),
    form: type,
  };
}

function textsOf(value: JsonFields, name: string): string[] | undefined {
  return listOf(value, name)?.filter((one) => typeof one === 'string');
}

function decodeServer(value: unknown, path: string): BuiltinTool {
  if (!isFields(value)) refuse(path, `'${path}' must be an object.`);
  const configuration = objectOf(value, 'tool_configuration');
  const outer = restOf(value, MCP_SERVER, FORMAT);
  return {
    type: 'builtin',
    tool: 'mcp',
    settings: {
      server: {
        label: textOf(value, 'name') ?? '',
        url: textOf(value, 'url'),
        authorization: textOf(value, 'authorization_token'),
        allowedTools: configuration === undefined ? undefined : textsOf(configuration, 'allowed_tools'),
      },
    },
    extensions:
      configuration === undefined
        ? outer
        : withInner(outer, FORMAT, 'tool_configuration', restOf(configuration, TOOL_CONFIGURATION, FORMAT)),
    form: configuration === undefined ? 'mcp_servers' : 'mcp_servers configured',
  };
}

const MODES: Readonly<Record<string, 'auto' | 'none' | 'required'>> = { auto: 'auto', none: 'none', any: 'required' };

/** @throws GatewayError 400 */
export function decodeToolChoice(value: JsonFields): Pick<CanonicalRequest, 'toolChoice' | 'parallelToolCalls'> {
  const type = textOf(value, 'type') ?? '';
  const single = booleanOf(value, 'disable_parallel_tool_use');
  const extensions = restOf(value, TOOL_CHOICE, FORMAT);
  const parallelToolCalls = single === undefined ? undefined : !single;
  if (type === 'tool') {
    const name = textOf(value, 'name');
    if (name === undefined) refuse('tool_choice.name', "'tool_choice.name' is required.");
    return { toolChoice: { mode: 'tool', name, extensions }, parallelToolCalls };
  }
  if (!Object.hasOwn(MODES, type)) refuse('tool_choice.type', "'tool_choice.type' is not a known one.");
  const toolChoice: ToolChoice = { mode: MODES[type]!, extensions };
  return { toolChoice, parallelToolCalls };
}

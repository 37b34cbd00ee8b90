import type { BuiltinTool, CanonicalRequest, FunctionTool, Tool, ToolChoice } from '../../protocol/index.js';
import { given, isFields, reportExtensions, writeExtensions } from '../fields.js';
import { cacheControl, type Encoding } from './encode-blocks.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** Header that lets the API call servers of tools. */
const MCP_BETA = 'mcp-client-2025-04-04';

/** What tools want beside the body. */
export interface ToolNeeds {
  readonly headers?: Readonly<Record<string, string>>;
}

/** Writes `tools`, `mcp_servers` and `tool_choice`. */
export function writeTools(out: Out, request: CanonicalRequest, encoding: Encoding): ToolNeeds {
  const { own, report } = encoding;
  const tools: Out[] = [];
  const servers: Out[] = [];
  request.tools?.forEach((tool, index) => {
    const path = `tools[${String(index)}]`;
    if (isExcluded(tool, request.toolChoice, own)) return;
    reportExtensions(report, tool.extensions, FORMAT, path);
    if (tool.type === 'builtin' && tool.tool === 'mcp' && isServer(tool)) servers.push(encodeServer(tool, encoding));
    else push(tools, encodeTool(tool, encoding, path));
  });
  if (tools.length > 0 || (own && request.tools !== undefined && servers.length === 0)) out['tools'] = tools;
  if (servers.length > 0) out['mcp_servers'] = servers;
  writeChoice(out, request, encoding);
  return servers.length > 0 && !own ? { headers: { 'anthropic-beta': MCP_BETA } } : {};
}

function push(list: Out[], tool: Out | null): void {
  if (tool !== null) list.push(tool);
}

/** Where only some tools may be called, the others are not sent. */
function isExcluded(tool: Tool, choice: ToolChoice | undefined, own: boolean): boolean {
  if (own || choice?.mode !== 'allowed' || tool.type === 'builtin') return false;
  return !choice.names.includes(tool.name);
}

/** Whether it stands for a server; a `mcp_toolset` only chooses among the tools of one. */
function isServer({ settings }: BuiltinTool): boolean {
  return settings?.server !== undefined;
}

function encodeTool(tool: Tool, encoding: Encoding, path: string): Out | null {
  const out = toolFields(tool, encoding, path);
  if (out === null) return null;
  if (tool.cache !== undefined) out['cache_control'] = cacheControl(tool.cache, encoding.report, `${path}.cache`);
  writeExtensions(out, tool.extensions, FORMAT);
  return out;
}

function toolFields(tool: Tool, encoding: Encoding, path: string): Out | null {
  if (tool.type === 'function') return encodeFunction(tool, encoding);
  if (tool.type === 'builtin') return encodeBuiltin(tool, encoding, path);
  encoding.report.add(path, 'a tool that takes free text is told as a function with one argument');
  if (tool.grammar !== undefined) encoding.report.add(`${path}.grammar`, 'not known to the target');
  return given({ name: tool.name, description: tool.description, input_schema: FREE_TEXT });
}

/** Arguments of a tool that takes free text. */
const FREE_TEXT = { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] } as const;

function encodeFunction({ name, description, parameters, strict, form }: FunctionTool, { own }: Encoding): Out {
  return given({
    type: own ? form : undefined,
    name,
    description,
    input_schema: own ? parameters : objectSchema(parameters),
    strict: own || strict === true ? strict : undefined,
  });
}

/** The API wants an object, said so. */
function objectSchema(parameters: FunctionTool['parameters']): Out {
  if (parameters === undefined) return { type: 'object', properties: {} };
  return parameters['type'] === undefined ? { type: 'object', ...parameters } : { ...parameters };
}

/** Versions of the provider's tools that stand for the canonical ones, where another format asked for them. */
const BUILTINS: Readonly<Partial<Record<BuiltinTool['tool'], Out>>> = {
  'web-search': { type: 'web_search_20250305', name: 'web_search' },
  'web-fetch': { type: 'web_fetch_20250910', name: 'web_fetch' },
  'code-execution': { type: 'code_execution_20250825', name: 'code_execution' },
};

function encodeBuiltin(tool: BuiltinTool, { own, report }: Encoding, path: string): Out | null {
  const named = own ? given({ type: tool.form, name: tool.name }) : BUILTINS[tool.tool];
  if (named === undefined) {
    report.add(path, `the provider's own tool '${tool.name ?? tool.tool}' is not known to the target`);
    return null;
  }
  const { settings = {} } = tool;
  if (settings.contextSize !== undefined) report.add(`${path}.settings.contextSize`, 'not known to the target');
  if (settings.stores !== undefined) report.add(`${path}.settings.stores`, 'not known to the target');
  return given({
    ...named,
    allowed_domains: settings.allowedDomains,
    blocked_domains: settings.blockedDomains,
    max_uses: settings.maxUses,
    user_location: own ? settings.userLocation : locationOf(settings.userLocation),
  });
}

/** Chat Completions wraps the place once more. */
function locationOf(location: Out | undefined): Out | undefined {
  const inner = location?.['approximate'];
  return isFields(inner) ? { type: 'approximate', ...inner } : location;
}

function encodeServer({ settings, extensions, form }: BuiltinTool, { own }: Encoding): Out {
  const { label = '', url, authorization, allowedTools } = settings?.server ?? {};
  const configured = own ? form === 'mcp_servers configured' : allowedTools !== undefined;
  const out = given({
    type: 'url',
    name: label,
    url,
    authorization_token: authorization,
    tool_configuration: configured ? given({ allowed_tools: allowedTools }) : undefined,
  });
  writeExtensions(out, extensions, FORMAT);
  return out;
}

function writeChoice(out: Out, request: CanonicalRequest, encoding: Encoding): void {
  const { toolChoice, parallelToolCalls } = request;
  const { own, report } = encoding;
  if (toolChoice === undefined && (parallelToolCalls === undefined || parallelToolCalls)) return;
  // The choice of a tool is refused where there are none.
  if (!own && out['tools'] === undefined) return;
  const choice = given({ ...choiceFields(toolChoice), disable_parallel_tool_use: singleCalls(request, own) });
  writeExtensions(choice, toolChoice?.extensions, FORMAT);
  reportExtensions(report, toolChoice?.extensions, FORMAT, 'toolChoice');
  out['tool_choice'] = choice;
}

function singleCalls({ parallelToolCalls, toolChoice }: CanonicalRequest, own: boolean): boolean | undefined {
  if (parallelToolCalls === undefined || (toolChoice?.mode === 'none' && !own)) return undefined;
  return own || !parallelToolCalls ? !parallelToolCalls : undefined;
}

function choiceFields(choice: ToolChoice | undefined): Out {
  if (choice === undefined) return { type: 'auto' };
  if (choice.mode === 'tool') return { type: 'tool', name: choice.name };
  if (choice.mode === 'allowed') return { type: choice.required ? 'any' : 'auto' };
  return { type: choice.mode === 'required' ? 'any' : choice.mode };
}

import type {
  BuiltinTool,
  BuiltinToolSettings,
  CanonicalRequest,
  ResponseFormat,
  Tool,
  ToolChoice,
} from '../../protocol/index.js';
import { given, isFields, reportExtensions, writeExtensions } from '../fields.js';
import type { Encoding } from './encode-parts.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** Writes `tools` and `tool_choice`; the choice of a tool is refused where there are none. */
export function writeTools(out: Out, request: CanonicalRequest, encoding: Encoding): void {
  const { tools, toolChoice, parallelToolCalls } = request;
  const written = tools?.flatMap((tool, index) => encodeTool(tool, encoding, `tools[${String(index)}]`));
  if (written !== undefined && (encoding.own || written.length > 0)) out['tools'] = written;
  if (!encoding.own && out['tools'] === undefined) return;
  if (toolChoice !== undefined) out['tool_choice'] = encodeChoice(toolChoice, request, encoding);
  if (parallelToolCalls !== undefined) out['parallel_tool_calls'] = parallelToolCalls;
}

function encodeTool(tool: Tool, encoding: Encoding, path: string): Out[] {
  const { own, report } = encoding;
  const out = toolFields(tool, encoding, path);
  reportExtensions(report, tool.extensions, FORMAT, path);
  if (out === null) return [];
  if (tool.cache !== undefined) report.add(`${path}.cache`, 'the target has no cache breakpoints');
  if (own) writeExtensions(out, tool.extensions, FORMAT);
  return [out];
}

function toolFields(tool: Tool, encoding: Encoding, path: string): Out | null {
  const { own } = encoding;
  if (tool.type === 'custom') {
    const { name, description, grammar } = tool;
    return given({ type: 'custom', name, description, format: own ? grammar : flatGrammar(grammar) });
  }
  if (tool.type === 'builtin') return own ? ownBuiltin(tool) : foreignBuiltin(tool, encoding, path);
  const { name, description, parameters, strict } = tool;
  if (own) return given({ type: 'function', name, description, parameters, strict });
  return given({
    type: 'function',
    name,
    description,
    parameters: parameters ?? { type: 'object', properties: {} },
    // Without the word the API holds every schema for a strict one.
    strict: strict ?? false,
  });
}

/** Chat Completions puts the grammar into an object of its own. */
function flatGrammar(grammar: Out | Readonly<Record<string, unknown>> | undefined): unknown {
  const inner = grammar?.['grammar'];
  return isFields(inner) ? { type: 'grammar', ...inner } : grammar;
}

function ownBuiltin({ form, settings = {} }: BuiltinTool): Out {
  const { contextSize, userLocation, allowedDomains, stores, server } = settings;
  return given({
    type: form,
    search_context_size: contextSize,
    user_location: userLocation,
    filters: allowedDomains === undefined ? undefined : { allowed_domains: allowedDomains },
    vector_store_ids: stores,
    server_label: server?.label,
    server_url: server?.url,
    authorization: server?.authorization,
    allowed_tools: server?.allowedTools,
  });
}

function foreignBuiltin(tool: BuiltinTool, { report }: Encoding, path: string): Out | null {
  const { settings = {} } = tool;
  for (const name of ['blockedDomains', 'maxUses'] as const)
    if (settings[name] !== undefined) report.add(`${path}.settings.${name}`, 'not known to the target');
  const out = knownBuiltin(tool.tool, settings);
  if (out === null) report.add(path, `the provider's own tool '${tool.name ?? tool.tool}' is not known to the target`);
  return out;
}

function knownBuiltin(kind: BuiltinTool['tool'], settings: BuiltinToolSettings): Out | null {
  if (kind === 'web-search') return webSearch(settings);
  if (kind === 'code-execution') return { type: 'code_interpreter', container: { type: 'auto' } };
  if (kind === 'image-generation') return { type: 'image_generation' };
  return kind === 'mcp' && settings.server?.url !== undefined ? mcp(settings.server) : null;
}

function webSearch({ contextSize, userLocation, allowedDomains }: NonNullable<BuiltinTool['settings']>): Out {
  const place = userLocation?.['approximate'];
  return given({
    type: 'web_search',
    search_context_size: contextSize,
    // Chat Completions wraps the place once more.
    user_location: isFields(place) ? { type: 'approximate', ...place } : userLocation,
    filters: allowedDomains === undefined ? undefined : { allowed_domains: allowedDomains },
  });
}

/** Other formats never ask before a call. */
function mcp({
  label,
  url,
  authorization,
  allowedTools,
}: NonNullable<NonNullable<BuiltinTool['settings']>['server']>): Out {
  return given({
    type: 'mcp',
    server_label: label,
    server_url: url,
    authorization,
    allowed_tools: allowedTools,
    require_approval: 'never',
  });
}

function encodeChoice(choice: ToolChoice, request: CanonicalRequest, { own, report }: Encoding): unknown {
  const out = choiceFields(choice, request, own);
  if (typeof out === 'object') writeExtensions(out, choice.extensions, FORMAT);
  reportExtensions(report, choice.extensions, FORMAT, 'toolChoice');
  return out;
}

function choiceFields(choice: ToolChoice, { tools }: CanonicalRequest, own: boolean): string | Out {
  const form = own ? choice.form : undefined;
  switch (choice.mode) {
    case 'tool':
      return { type: form ?? typeOf(tools, choice.name), name: choice.name };
    case 'allowed':
      return allowedFields(choice, tools, own);
    default:
      return form === 'hosted' ? {} : (form ?? choice.mode);
  }
}

/** Its own list of tools may name OpenAI's too: then it is written as it came. */
function allowedFields(
  choice: Extract<ToolChoice, { mode: 'allowed' }>,
  tools: CanonicalRequest['tools'],
  own: boolean,
): Out {
  const mode = choice.required ? 'required' : 'auto';
  if (own && choice.extensions?.[FORMAT]?.['tools'] !== undefined) return { type: 'allowed_tools', mode };
  const named = choice.names.map((name) => ({ type: typeOf(tools, name), name }));
  return { type: 'allowed_tools', mode, tools: named };
}

function typeOf(tools: CanonicalRequest['tools'], name: string): string {
  return tools?.some((tool) => tool.type === 'custom' && tool.name === name) === true ? 'custom' : 'function';
}

/** `text.format`. */
export function encodeFormat(format: ResponseFormat, { own, report }: Encoding): Out {
  const out = formatFields(format, own);
  writeExtensions(out, format.extensions, FORMAT);
  reportExtensions(report, format.extensions, FORMAT, 'responseFormat');
  return out;
}

function formatFields(format: ResponseFormat, own: boolean): Out {
  if (format.type === 'text') return { type: 'text' };
  if (format.type === 'json') return { type: 'json_object' };
  const { description, strict } = format;
  const schema = own && format.form === 'no-schema' ? undefined : format.schema;
  // The API wants a name; other formats have none. Without the word it holds the schema for a strict one.
  const name = format.name ?? (own ? undefined : 'answer');
  return given({ type: 'json_schema', name, description, schema, strict: strict ?? (own ? undefined : false) });
}

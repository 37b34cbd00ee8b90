import type { BuiltinTool, CanonicalRequest, FunctionTool, Message, Tool, ToolChoice } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import { pushCachePoint } from './encode-blocks.js';
import type { Encoding, Out } from './encoding.js';
import { FORMAT } from './shapes.js';

/** Writes `toolConfig`. */
export function writeTools(out: Out, request: CanonicalRequest, encoding: Encoding): void {
  const tools = encoding.own ? ownTools(request, encoding) : foreignTools(request, encoding);
  if (tools === undefined && !(encoding.own && request.forms?.['toolConfig'] === 'given')) return;
  const toolChoice = request.toolChoice === undefined ? undefined : choiceFields(request.toolChoice, encoding);
  out['toolConfig'] = given({ tools, toolChoice });
  reportRest(request, encoding);
}

function ownTools({ tools }: CanonicalRequest, encoding: Encoding): Out[] | undefined {
  return tools === undefined ? undefined : encodeTools(tools, encoding);
}

function reportRest({ toolChoice, parallelToolCalls }: CanonicalRequest, { report }: Encoding): void {
  reportExtensions(report, toolChoice?.extensions, FORMAT, 'toolChoice');
  if (parallelToolCalls === false) report.add('parallelToolCalls', 'the target cannot forbid calls beside each other');
}

/**
 * The tools that may be called. The service knows no way to forbid them, so they are left out where none may be called; and
 * it wants a tool for every earlier call, so these are made up where the request has none.
 */
function foreignTools(request: CanonicalRequest, encoding: Encoding): Out[] | undefined {
  const { report } = encoding;
  const { toolChoice, tools = [] } = request;
  const called = namesCalled(request.messages);
  if (toolChoice?.mode === 'none') {
    if (called.size > 0) report.add('toolChoice', 'the target cannot forbid tools');
    else if (tools.length > 0) report.add('tools', 'left out, because the target cannot forbid to call them');
    if (called.size === 0) return undefined;
  }
  const encoded = encodeTools(
    tools.filter((tool) => isAllowed(tool, toolChoice)),
    encoding,
  );
  if (encoded.length > 0) return encoded;
  if (called.size === 0) return undefined;
  report.add('tools', 'the target wants the tools of earlier calls: made up from their names');
  return [...called].map((name) => ({ toolSpec: { name, inputSchema: { json: { type: 'object' } } } }));
}

/** Where only some tools may be called, the others are not sent. */
function isAllowed(tool: Tool, choice: ToolChoice | undefined): boolean {
  return choice?.mode !== 'allowed' || tool.type === 'builtin' || choice.names.includes(tool.name);
}

function namesCalled(messages: readonly Message[]): Set<string> {
  const names = new Set<string>();
  for (const { parts } of messages) for (const part of parts) if (part.type === 'tool-call') names.add(part.name);
  return names;
}

function encodeTools(tools: readonly Tool[], encoding: Encoding): Out[] {
  const out: Out[] = [];
  tools.forEach((tool, index) => {
    const path = `tools[${String(index)}]`;
    const encoded = encodeTool(tool, encoding, path);
    if (encoded !== null) out.push(encoded);
    reportExtensions(encoding.report, tool.extensions, FORMAT, path);
    if (tool.cache !== undefined) pushToolCache(out, tool, encoding, path);
  });
  return out;
}

function pushToolCache(out: Out[], { cache }: Tool, encoding: Encoding, path: string): void {
  if (cache === undefined) return;
  const isNova = encoding.family === 'nova' || encoding.family === 'nova-2';
  if (isNova && !encoding.own) encoding.report.add(`${path}.cache`, 'the model has no cache points behind tools');
  else pushCachePoint(out, cache, encoding, `${path}.cache`);
}

function encodeTool(tool: Tool, encoding: Encoding, path: string): Out | null {
  const out = toolFields(tool, encoding, path);
  if (out !== null) writeExtensions(out, tool.extensions, FORMAT);
  return out;
}

/** Arguments of a tool that takes free text. */
const FREE_TEXT = { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] } as const;

function toolFields(tool: Tool, encoding: Encoding, path: string): Out | null {
  if (tool.type === 'function') return { toolSpec: functionFields(tool, encoding) };
  if (tool.type === 'builtin') return builtinFields(tool, encoding, path);
  encoding.report.add(path, 'a tool that takes free text is told as a function with one argument');
  if (tool.grammar !== undefined) encoding.report.add(`${path}.grammar`, 'not known to the target');
  const description = unlessEmpty(tool.description);
  return { toolSpec: given({ name: tool.name, description, inputSchema: { json: FREE_TEXT } }) };
}

function functionFields({ name, description, parameters, strict }: FunctionTool, { own }: Encoding): Out {
  if (own) {
    const inputSchema = parameters === undefined ? undefined : { json: parameters };
    return given({ name, description, inputSchema: inputSchema ?? {}, strict });
  }
  return given({
    name,
    description: unlessEmpty(description),
    inputSchema: { json: objectSchema(parameters) },
    strict: strict === true ? true : undefined,
  });
}

/** Empty descriptions are refused. */
function unlessEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** The service wants an object, said so. */
function objectSchema(parameters: FunctionTool['parameters']): Out {
  if (parameters === undefined) return { type: 'object', properties: {} };
  return parameters['type'] === undefined ? { type: 'object', ...parameters } : { ...parameters };
}

/** Amazon's models bring tools of their own. */
const SYSTEM_TOOLS: Readonly<Partial<Record<BuiltinTool['tool'], string>>> = {
  'web-search': 'nova_grounding',
  'code-execution': 'nova_code_interpreter',
};

function builtinFields(tool: BuiltinTool, { own, report, family }: Encoding, path: string): Out | null {
  if (own) return tool.form === 'systemTool' ? { systemTool: { name: tool.name } } : {};
  const name = family === 'nova-2' ? SYSTEM_TOOLS[tool.tool] : undefined;
  if (name === undefined) {
    report.add(path, `the provider's own tool '${tool.name ?? tool.tool}' is not known to the target`);
    return null;
  }
  for (const [setting, value] of Object.entries(tool.settings ?? {}))
    if (value !== undefined) report.add(`${path}.settings.${setting}`, 'not known to the target');
  return { systemTool: { name } };
}

function choiceFields(choice: ToolChoice, { own }: Encoding): Out | undefined {
  const out = modeFields(choice, own);
  if (out !== undefined) writeExtensions(out, choice.extensions, FORMAT);
  return out;
}

function modeFields(choice: ToolChoice, own: boolean): Out | undefined {
  switch (choice.mode) {
    case 'tool':
      return { tool: { name: choice.name } };
    case 'required':
      return { any: {} };
    case 'allowed':
      return choice.required ? { any: {} } : { auto: {} };
    case 'auto':
      // It is what holds anyway, and some models refuse to be told.
      return own ? { auto: {} } : undefined;
    case 'none':
      return undefined;
  }
}

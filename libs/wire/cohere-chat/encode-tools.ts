import type { CanonicalRequest, FunctionTool, Tool, ToolChoice } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import type { Encoding, Out } from './encode-content.js';
import { FORMAT } from './shapes.js';

/** Writes `tools`, `strict_tools` and `tool_choice`. */
export function writeTools(out: Out, request: CanonicalRequest, encoding: Encoding): void {
  const { own, report } = encoding;
  const { toolChoice, parallelToolCalls } = request;
  const tools = request.tools?.flatMap((tool, index) => encodeTool(tool, request, encoding, index) ?? []);
  if (tools !== undefined && (own || tools.length > 0)) out['tools'] = tools;
  writeStrict(out, request, encoding);
  reportExtensions(report, toolChoice?.extensions, FORMAT, 'toolChoice');
  const word = choiceWord(toolChoice, own);
  if (word !== undefined && (own || out['tools'] !== undefined)) out['tool_choice'] = word;
  if (parallelToolCalls === false) report.add('parallelToolCalls', 'the target cannot forbid calls beside each other');
}

function choiceWord(choice: ToolChoice | undefined, own: boolean): string | undefined {
  if (own) return choice?.form;
  switch (choice?.mode) {
    case 'none':
      return 'NONE';
    case 'required':
    case 'tool':
      return 'REQUIRED';
    case 'allowed':
      return choice.required ? 'REQUIRED' : undefined;
    default:
      return undefined;
  }
}

/** Where one must be called, or only some may be, the others are not sent: the target cannot say it otherwise. */
function isExcluded(tool: Tool, choice: ToolChoice | undefined, { own, report }: Encoding): boolean {
  if (own || tool.type === 'builtin') return false;
  if (choice?.mode === 'allowed') return !choice.names.includes(tool.name);
  if (choice?.mode !== 'tool' || choice.name === tool.name) return false;
  report.add('tools', 'only the tool that must be called is sent');
  return true;
}

function encodeTool(tool: Tool, { toolChoice }: CanonicalRequest, encoding: Encoding, index: number): Out | null {
  const { own, report } = encoding;
  const path = `tools[${String(index)}]`;
  if (isExcluded(tool, toolChoice, encoding)) return null;
  reportExtensions(report, tool.extensions, FORMAT, path);
  if (tool.cache !== undefined) report.add(`${path}.cache`, 'the target has no cache breakpoints');
  const out = toolFields(tool, own);
  if (out === null) {
    const name = tool.type === 'builtin' ? (tool.name ?? tool.tool) : tool.name;
    report.add(path, `the provider's own tool '${name}' is not known to the target`);
    return null;
  }
  if (tool.type === 'custom') {
    report.add(path, 'a tool that takes free text is told as a function with one argument');
    if (tool.grammar !== undefined) report.add(`${path}.grammar`, 'not known to the target');
  }
  writeExtensions(out, tool.extensions, FORMAT);
  return out;
}

/** Arguments of a tool that takes free text. */
const FREE_TEXT = { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] } as const;

function toolFields(tool: Tool, own: boolean): Out | null {
  if (tool.type === 'builtin') return own ? given({ type: tool.form }) : null;
  const { name, description } = tool;
  const parameters = tool.type === 'custom' ? FREE_TEXT : parametersOf(tool, own);
  return { type: 'function', function: given({ name, description, parameters }) };
}

/** The API wants a schema. */
function parametersOf({ parameters }: FunctionTool, own: boolean): Out | undefined {
  if (parameters !== undefined || own) return parameters;
  return { type: 'object', properties: {} };
}

/** Strictness holds for all tools or for none. */
function writeStrict(out: Out, { tools = [], forms }: CanonicalRequest, { own, report }: Encoding): void {
  if (own) {
    if (forms?.['strictTools'] !== undefined) out['strict_tools'] = forms['strictTools'] === 'true';
    return;
  }
  const strict = tools.filter((tool) => tool.type === 'function' && tool.strict === true);
  if (strict.length === 0) return;
  if (strict.length === tools.length) out['strict_tools'] = true;
  else report.add('tools', 'the target is strict with all tools or with none');
}

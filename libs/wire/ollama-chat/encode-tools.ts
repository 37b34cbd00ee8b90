import type { CanonicalRequest, FunctionTool, Tool, ToolChoice } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import type { Encoding, Out } from './encode-parts.js';
import { FORMAT } from './shapes.js';

/** Writes `tools`. Which of them must be called cannot be said; which may be, by leaving the others out. */
export function writeTools(out: Out, request: CanonicalRequest, encoding: Encoding): void {
  const { own, report } = encoding;
  const { toolChoice, parallelToolCalls } = request;
  const tools = request.tools?.flatMap((tool, index) => encodeTool(tool, toolChoice, encoding, index) ?? []);
  if (tools !== undefined && (own || tools.length > 0)) out['tools'] = tools;
  reportChoice(toolChoice, encoding, request.tools?.length ?? 0);
  if (parallelToolCalls === false) report.add('parallelToolCalls', 'the target cannot forbid calls beside each other');
}

function reportChoice(choice: ToolChoice | undefined, { report }: Encoding, tools: number): void {
  if (choice === undefined) return;
  const { mode } = choice;
  reportExtensions(report, choice.extensions, FORMAT, 'toolChoice');
  if (mode === 'none' && tools > 0) report.add('tools', 'not sent, because none may be called');
  if (mode === 'tool' && tools > 1) report.add('tools', 'only the tool that must be called is sent');
  if (forces(choice)) report.add('toolChoice', 'the target cannot force a call');
}

function forces(choice: ToolChoice): boolean {
  return choice.mode === 'allowed' ? choice.required : choice.mode === 'required' || choice.mode === 'tool';
}

function mayBeCalled(tool: Tool, choice: ToolChoice | undefined): boolean {
  if (choice?.mode === 'none') return false;
  if (tool.type === 'builtin') return true;
  if (choice?.mode === 'allowed') return choice.names.includes(tool.name);
  return choice?.mode !== 'tool' || choice.name === tool.name;
}

function encodeTool(tool: Tool, choice: ToolChoice | undefined, encoding: Encoding, index: number): Out | null {
  const { own, report } = encoding;
  const path = `tools[${String(index)}]`;
  if (!mayBeCalled(tool, choice)) return null;
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
  if (tool.type === 'function' && tool.strict === true) report.add(`${path}.strict`, 'not known to the target');
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

/** The server reads a schema. */
function parametersOf({ parameters }: FunctionTool, own: boolean): Out | undefined {
  return parameters ?? (own ? undefined : { type: 'object', properties: {} });
}

import type { BuiltinTool, CanonicalRequest, FunctionTool, Tool, ToolChoice } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import type { MessageEncoding } from './encode-messages.js';
import { generationOf } from './model-generation.js';
import { googleSchemaOf } from './schema.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** Writes `tools` and `toolConfig`. */
export function writeTools(out: Out, request: CanonicalRequest, model: string, encoding: MessageEncoding): void {
  if (encoding.own) writeOwnTools(out, request);
  else writeForeignTools(out, request, model, encoding);
}

function writeOwnTools(out: Out, request: CanonicalRequest): void {
  const { tools, toolChoice, forms = {} } = request;
  if (tools !== undefined) {
    const entries = ownEntries(tools);
    out['tools'] = forms['tools'] === 'only' ? entries[0] : entries;
  }
  if (forms['toolConfig'] === undefined) return;
  const calling = toolChoice === undefined ? {} : ownCalling(toolChoice);
  out['toolConfig'] = forms['toolConfig'] === 'calling' ? { functionCallingConfig: calling } : {};
}

/** Every tool goes back into the entry it stood in; entries without a tool were empty. */
function ownEntries(tools: readonly Tool[]): Out[] {
  const entries: (Out | undefined)[] = [];
  for (const tool of tools) writeOwnTool((entries[ownEntry(tool)] ??= {}), tool);
  return Array.from(entries, (entry) => entry ?? {});
}

function ownEntry({ form = '0' }: Tool): number {
  return Number(form.split(' ', 1)[0]);
}

function writeOwnTool(entry: Out, tool: Tool): void {
  if (tool.type === 'function') {
    const declarations = (entry['functionDeclarations'] ??= []) as Out[];
    declarations.push(ownDeclaration(tool));
  } else if (tool.type === 'builtin') {
    const { name = '', extensions } = tool;
    entry[name] = extensions?.[FORMAT]?.[name] ?? {};
  }
}

function ownDeclaration(tool: FunctionTool): Out {
  const { name, description, parameters, form = '' } = tool;
  const field = form.endsWith('parameters') || form.endsWith('google') ? 'parameters' : 'parametersJsonSchema';
  const schema = form.endsWith('google') && parameters !== undefined ? googleSchemaOf(parameters) : parameters;
  const declaration = given({ name, description, [field]: schema });
  writeExtensions(declaration, tool.extensions, FORMAT);
  return declaration;
}

function ownCalling(choice: ToolChoice): Out {
  const [mode, names] = choice.form?.split(' ') ?? [];
  const allowed = choice.mode === 'tool' ? [choice.name] : choice.mode === 'allowed' ? choice.names : undefined;
  return given({ mode, allowedFunctionNames: allowed ?? (names === undefined ? undefined : []) });
}

/** Tools in the words of this format. */
interface ForeignTools {
  readonly functions: readonly Out[];
  readonly builtins: readonly { readonly name: string; readonly path: string }[];
}

function writeForeignTools(out: Out, request: CanonicalRequest, model: string, encoding: MessageEncoding): void {
  const { report } = encoding;
  const { functions, builtins } = possibleTools(foreignTools(request, encoding), model, encoding);
  const tools: Out[] = builtins.map(({ name }) => ({ [name]: {} }));
  if (functions.length > 0) tools.push({ functionDeclarations: functions });
  if (tools.length === 0) return;
  out['tools'] = tools;
  const config = given({
    functionCallingConfig: functions.length === 0 ? undefined : callingOf(request.toolChoice),
    includeServerSideToolInvocations: functions.length > 0 && builtins.length > 0 ? true : undefined,
  });
  reportExtensions(report, request.toolChoice?.extensions, FORMAT, 'toolChoice');
  if (Object.keys(config).length > 0) out['toolConfig'] = config;
}

function foreignTools({ tools, toolChoice }: CanonicalRequest, encoding: MessageEncoding): ForeignTools {
  const functions: Out[] = [];
  const builtins: { readonly name: string; readonly path: string }[] = [];
  tools?.forEach((tool, index) => {
    const path = `tools[${String(index)}]`;
    if (isExcluded(tool, toolChoice)) return;
    reportExtensions(encoding.report, tool.extensions, FORMAT, path);
    if (tool.type !== 'builtin') functions.push(declarationOf(tool, encoding, path));
    else {
      const name = builtinName(tool, encoding, path);
      if (name !== null) builtins.push({ name, path });
    }
  });
  return { functions, builtins };
}

/** Models before Gemini 3 take either functions or tools of Google. */
function possibleTools(tools: ForeignTools, model: string, { report }: MessageEncoding): ForeignTools {
  const { functions, builtins } = tools;
  const generation = generationOf(model);
  if (functions.length === 0 || generation === null || generation >= 3) return tools;
  for (const { path } of builtins) report.add(path, 'the model does not take tools of Google beside functions');
  return { functions, builtins: [] };
}

/** Where only some tools may be called and none must be, the others are not sent. */
function isExcluded(tool: Tool, choice: ToolChoice | undefined): boolean {
  return choice?.mode === 'allowed' && !choice.required && tool.type !== 'builtin' && !choice.names.includes(tool.name);
}

function declarationOf(tool: Exclude<Tool, BuiltinTool>, { report }: MessageEncoding, path: string): Out {
  const { name, description } = tool;
  if (tool.type === 'function') {
    if (tool.strict === true) report.add(`${path}.strict`, 'not known to the target');
    return given({ name, description, parametersJsonSchema: tool.parameters });
  }
  report.add(path, 'a tool that takes free text is told as a function with one argument');
  if (tool.grammar !== undefined) report.add(`${path}.grammar`, 'not known to the target');
  return given({ name, description, parametersJsonSchema: FREE_TEXT });
}

/** Arguments of a tool that takes free text. */
const FREE_TEXT = { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] } as const;

/** Google's tools that need no settings. */
const BUILTINS: Readonly<Partial<Record<BuiltinTool['tool'], string>>> = {
  'web-search': 'googleSearch',
  'web-fetch': 'urlContext',
  'code-execution': 'codeExecution',
  maps: 'googleMaps',
};

function builtinName(
  { tool, name, settings = {} }: BuiltinTool,
  { report }: MessageEncoding,
  path: string,
): string | null {
  const known = BUILTINS[tool];
  if (known === undefined) {
    report.add(path, `the provider's own tool '${name ?? tool}' is not known to the target`);
    return null;
  }
  for (const [setting, value] of Object.entries(settings))
    if (value !== undefined) report.add(`${path}.settings.${setting}`, 'not known to the target');
  return known;
}

const MODES = { auto: 'AUTO', none: 'NONE', required: 'ANY' } as const;

function callingOf(choice: ToolChoice | undefined): Out | undefined {
  if (choice === undefined) return undefined;
  switch (choice.mode) {
    case 'tool':
      return { mode: 'ANY', allowedFunctionNames: [choice.name] };
    case 'allowed':
      return choice.required ? { mode: 'ANY', allowedFunctionNames: choice.names } : { mode: 'AUTO' };
    default:
      return { mode: MODES[choice.mode] };
  }
}

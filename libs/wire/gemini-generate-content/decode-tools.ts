import type {
  BuiltinTool,
  BuiltinToolKind,
  CanonicalRequest,
  Extensions,
  FunctionTool,
  JsonFields,
  Tool,
  ToolChoice,
} from '../../protocol/index.js';
import { checkShape, isFields, listOf, objectOf, refuse, restOf, textOf } from '../fields.js';
import { camelNames } from './field-names.js';
import { jsonSchemaOf } from './schema.js';
import { FORMAT, FUNCTION_CALLING_CONFIG, FUNCTION_DECLARATION } from './shapes.js';

/** Tools of Google's by the field they stand in. */
const BUILTINS: Readonly<Record<string, BuiltinToolKind>> = {
  googleSearch: 'web-search',
  googleSearchRetrieval: 'web-search',
  enterpriseWebSearch: 'web-search',
  urlContext: 'web-fetch',
  codeExecution: 'code-execution',
  googleMaps: 'maps',
  computerUse: 'computer-use',
  fileSearch: 'file-search',
  mcpServers: 'mcp',
};

/**
 * One entry may hold many functions and tools of Google's; the form of each says which entry it stood in and by which name.
 * @throws GatewayError 400 naming the tool at fault
 */
export function decodeTools(tools: unknown): Tool[] | undefined {
  if (tools === undefined || tools === null) return undefined;
  const list: readonly unknown[] = Array.isArray(tools) ? tools : [tools];
  return list.flatMap((value, index) => {
    const path = `tools[${String(index)}]`;
    if (!isFields(value)) refuse(path, `'${path}' must be an object.`);
    return decodeEntry(camelNames(value), index, path);
  });
}

function decodeEntry(entry: JsonFields, index: number, path: string): Tool[] {
  return Object.entries(entry).flatMap(([name, value]): Tool[] => {
    if (value === null || value === undefined || name === '__proto__') return [];
    if (name !== 'functionDeclarations') return [decodeBuiltin(name, value, index)];
    const at = `${path}.${name}`;
    if (!Array.isArray(value)) refuse(at, `'${at}' must be an array.`);
    return value.map((one, position) => decodeFunction(one, index, `${at}[${String(position)}]`));
  });
}

function decodeFunction(value: unknown, entry: number, path: string): FunctionTool {
  if (!isFields(value)) refuse(path, `'${path}' must be an object.`);
  const fields = camelNames(value);
  checkShape(fields, FUNCTION_DECLARATION, path);
  const name = textOf(fields, 'name');
  if (name === undefined || name === '') refuse(`${path}.name`, `'${path}.name' is required.`);
  const json = objectOf(fields, 'parametersJsonSchema');
  const google = json === undefined ? objectOf(fields, 'parameters') : undefined;
  const converted = google === undefined ? undefined : jsonSchemaOf(google);
  const forms = [String(entry), ...(google === undefined ? [] : [converted === google ? 'parameters' : 'google'])];
  return {
    type: 'function',
    name,
    description: textOf(fields, 'description'),
    parameters: json ?? converted,
    extensions: restOf(fields, FUNCTION_DECLARATION, FORMAT),
    form: forms.join(' '),
  };
}

function decodeBuiltin(name: string, value: unknown, entry: number): BuiltinTool {
  return {
    type: 'builtin',
    tool: BUILTINS[name] ?? 'vendor',
    name,
    extensions: isEmpty(value) ? undefined : { [FORMAT]: { [name]: value } },
    form: String(entry),
  };
}

function isEmpty(value: unknown): boolean {
  return isFields(value) && Object.keys(value).length === 0;
}

/** What of `toolConfig` has a place in the model, and the rest. */
export interface DecodedToolConfig {
  readonly toolChoice: CanonicalRequest['toolChoice'];
  readonly extensions: Extensions | undefined;
  /** Whether `functionCallingConfig` was there. */
  readonly hasCalling: boolean;
}

export function decodeToolConfig(config: JsonFields): DecodedToolConfig {
  const { functionCallingConfig, ...rest } = camelNames(config);
  const calling = isFields(functionCallingConfig) ? camelNames(functionCallingConfig) : undefined;
  const toolChoice = calling === undefined ? undefined : decodeToolChoice(calling);
  const inner = calling === undefined ? undefined : restOf(calling, FUNCTION_CALLING_CONFIG, FORMAT)?.[FORMAT];
  const outer = inner === undefined ? rest : { ...rest, 'functionCallingConfig.': inner };
  const extensions = Object.keys(outer).length === 0 ? undefined : { [FORMAT]: { 'toolConfig.': outer } };
  return { toolChoice, extensions, hasCalling: calling !== undefined };
}

const MODES: Readonly<Record<string, 'auto' | 'none' | 'required'>> = {
  AUTO: 'auto',
  MODE_UNSPECIFIED: 'auto',
  // Calls and words alike, with arguments bound to their schema.
  VALIDATED: 'auto',
  NONE: 'none',
  ANY: 'required',
};

function decodeToolChoice(calling: JsonFields): ToolChoice | undefined {
  const form = textOf(calling, 'mode');
  const names = listOf(calling, 'allowedFunctionNames')?.filter((name) => typeof name === 'string');
  if (form === undefined) {
    return names === undefined || names.length === 0 ? undefined : { mode: 'allowed', names, required: false };
  }
  const mode = modeOf(form);
  if (names === undefined) return { mode, form };
  if (names.length === 0 || mode === 'none') return { mode, form: `${form} names` };
  return namedChoice(names, mode === 'required', form);
}

const AT = 'toolConfig.functionCallingConfig.mode';

function modeOf(word: string): (typeof MODES)[string] {
  return Object.hasOwn(MODES, word) ? MODES[word]! : refuse(AT, `'${AT}' is not a known mode.`);
}

function namedChoice(names: readonly string[], required: boolean, form: string): ToolChoice {
  const [name, ...others] = names;
  if (required && name !== undefined && others.length === 0) return { mode: 'tool', name, form };
  return { mode: 'allowed', names, required, form };
}

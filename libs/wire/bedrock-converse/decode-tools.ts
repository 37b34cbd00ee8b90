import type { CanonicalRequest, FunctionTool, JsonFields, Tool, ToolChoice } from '../../protocol/index.js';
import {
  ANY,
  booleanOf,
  checkShape,
  isFields,
  listOf,
  objectOf,
  refuse,
  restOf,
  shape,
  textOf,
  withInner,
} from '../fields.js';
import { cachePointIn, kindOfTool } from './decode-blocks.js';
import { CHOSEN_TOOL, FORMAT, INPUT_SCHEMA, NOTHING, SYSTEM_TOOL, TOOL_CONFIG, TOOL_SPEC } from './shapes.js';

const SPECIFIED = shape({ toolSpec: ANY });
const SYSTEM = shape({ systemTool: ANY });

/** Reads `toolConfig`. @throws GatewayError 400 */
export function decodeToolConfig(
  config: JsonFields | undefined,
): Pick<CanonicalRequest, 'tools' | 'toolChoice' | 'extensions'> {
  if (config === undefined) return {};
  checkShape(config, TOOL_CONFIG, 'toolConfig');
  const tools = listOf(config, 'tools');
  const choice = objectOf(config, 'toolChoice');
  return {
    tools: tools === undefined ? undefined : decodeTools(tools),
    toolChoice: choice === undefined ? undefined : decodeToolChoice(choice),
    extensions: withInner(undefined, FORMAT, 'toolConfig', restOf(config, TOOL_CONFIG, FORMAT)),
  };
}

/** A cache point belongs to the tool before it. */
function decodeTools(list: readonly unknown[]): Tool[] {
  const tools: Tool[] = [];
  list.forEach((value, index) => {
    const path = `toolConfig.tools[${String(index)}]`;
    if (!isFields(value)) refuse(path, `'${path}' must be an object.`);
    const last = tools.at(-1);
    const cache = last === undefined || last.cache !== undefined ? undefined : cachePointIn(value);
    if (last === undefined || cache === undefined) tools.push(decodeTool(value, path));
    else tools[tools.length - 1] = { ...last, cache };
  });
  return tools;
}

function decodeTool(value: JsonFields, path: string): Tool {
  const spec = objectOf(value, 'toolSpec');
  if (spec !== undefined) return decodeSpec(value, spec, `${path}.toolSpec`);
  const system = objectOf(value, 'systemTool');
  const name = system === undefined ? undefined : textOf(system, 'name');
  if (system === undefined || name === undefined) {
    // Whole in the extensions.
    return { type: 'builtin', tool: 'vendor', extensions: restOf(value, NOTHING, FORMAT), form: 'whole' };
  }
  const inner = restOf(system, SYSTEM_TOOL, FORMAT);
  return {
    type: 'builtin',
    tool: kindOfTool(name),
    name,
    extensions: withInner(restOf(value, SYSTEM, FORMAT), FORMAT, 'systemTool', inner),
    form: 'systemTool',
  };
}

function decodeSpec(value: JsonFields, spec: JsonFields, path: string): FunctionTool {
  checkShape(spec, TOOL_SPEC, path);
  const name = textOf(spec, 'name') ?? '';
  if (name === '') refuse(`${path}.name`, `'${path}.name' is required.`);
  const schema = objectOf(spec, 'inputSchema') ?? {};
  const inner = withInner(restOf(spec, TOOL_SPEC, FORMAT), FORMAT, 'inputSchema', restOf(schema, INPUT_SCHEMA, FORMAT));
  return {
    type: 'function',
    name,
    description: textOf(spec, 'description'),
    parameters: objectOf(schema, 'json'),
    strict: booleanOf(spec, 'strict'),
    extensions: withInner(restOf(value, SPECIFIED, FORMAT), FORMAT, 'toolSpec', inner),
  };
}

const MODES = { auto: 'auto', any: 'required' } as const;

function decodeToolChoice(choice: JsonFields): ToolChoice {
  const tool = objectOf(choice, 'tool');
  if (tool !== undefined) {
    const name = textOf(tool, 'name');
    if (name === undefined) refuse('toolConfig.toolChoice.tool.name', "'toolConfig.toolChoice.tool.name' is required.");
    return { mode: 'tool', name, extensions: choiceRest(choice, 'tool', restOf(tool, CHOSEN_TOOL, FORMAT)) };
  }
  for (const name of ['auto', 'any'] as const) {
    const inner = objectOf(choice, name);
    if (inner !== undefined)
      return { mode: MODES[name], extensions: choiceRest(choice, name, restOf(inner, NOTHING, FORMAT)) };
  }
  return refuse('toolConfig.toolChoice', "'toolConfig.toolChoice' must be auto, any or tool.");
}

function choiceRest(choice: JsonFields, name: string, inner: ToolChoice['extensions']): ToolChoice['extensions'] {
  return withInner(restOf(choice, shape({ [name]: ANY }), FORMAT), FORMAT, name, inner);
}

import type { BuiltinCallPart, BuiltinToolKind, JsonFields, Part } from '../../protocol/index.js';
import { parsed } from '../answer-bytes.js';
import { ANY, jsonText, restOf, type Shape, shape, STRING, textOf } from '../fields.js';
import { type FormWords, formText, itemWords } from './forms.js';
import { FORMAT } from './shapes.js';

/** The item of a call of one of OpenAI's own tools. */
interface BuiltinItem {
  readonly tool: BuiltinToolKind;
  /** Which field says what is asked. */
  readonly asked: string;
  readonly table: Shape;
}

function item(tool: BuiltinToolKind, asked: string, more: Record<string, number> = {}): BuiltinItem {
  return { tool, asked, table: shape({ type: STRING, id: STRING, status: STRING, [asked]: ANY, ...more }) };
}

const BUILTINS: Readonly<Record<string, BuiltinItem>> = {
  web_search_call: item('web-search', 'action'),
  file_search_call: item('file-search', 'queries'),
  code_interpreter_call: item('code-execution', 'code'),
  computer_call: item('computer-use', 'action'),
  image_generation_call: item('image-generation', 'prompt'),
  mcp_call: item('mcp', 'arguments', { name: STRING, server_label: STRING }),
  local_shell_call: item('shell', 'action'),
  shell_call: item('shell', 'action'),
  apply_patch_call: item('text-editor', 'operation'),
};

/** `null` for an item of another type. */
export function decodeBuiltin(fields: JsonFields, type: string): Part | null {
  const known = Object.hasOwn(BUILTINS, type) ? BUILTINS[type] : undefined;
  const id = textOf(fields, 'id') ?? textOf(fields, 'call_id');
  if (known === undefined || id === undefined) return null;
  const asked = fields[known.asked];
  const isMcp = type === 'mcp_call';
  return {
    type: 'builtin-call',
    tool: known.tool,
    id,
    name: (isMcp ? textOf(fields, 'name') : undefined) ?? type,
    arguments: argumentsOf(asked),
    server: isMcp ? textOf(fields, 'server_label') : undefined,
    extensions: restOf(fields, known.table, FORMAT),
    form: formText({ ...itemWords(fields, type), asked: wordOf(asked) }),
  };
}

function argumentsOf(asked: unknown): string {
  if (asked === undefined || asked === null) return '';
  return typeof asked === 'string' ? asked : jsonText(asked);
}

/** How it says what is asked, where that is no text. */
function wordOf(asked: unknown): string | undefined {
  if (asked === undefined) return 'none';
  if (asked === null) return 'null';
  return typeof asked === 'string' ? undefined : 'json';
}

/** Which field of such an item says what is asked. */
export function askedField(type: string): string {
  return type === 'custom_tool_call' ? 'input' : (Object.hasOwn(BUILTINS, type) && BUILTINS[type]?.asked) || 'action';
}

/** Fields that hold no text. */
const AS_JSON: ReadonlySet<string> = new Set(['action', 'queries', 'operation']);

/** What is asked, of a stream, which does not say how it was written: `undefined` where it is not known yet. */
export function askedIn(type: string, text: string): unknown {
  if (!AS_JSON.has(askedField(type))) return text;
  return text === '' ? undefined : (parsed(text) ?? text);
}

/** What is asked, as the part's form says it was written. */
export function askedOf(part: BuiltinCallPart, words: FormWords): unknown {
  const how = words['asked'];
  if (how === 'none') return undefined;
  if (how === 'null') return null;
  return how === 'json' ? JSON.parse(part.arguments) : part.arguments;
}

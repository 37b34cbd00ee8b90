import type {
  BuiltinCallPart,
  BuiltinResultPart,
  BuiltinToolKind,
  Extensions,
  JsonFields,
  MediaSource,
  OpaquePart,
  Part,
  Signature,
  ToolCallPart,
  ToolResultPart,
} from '../../protocol/index.js';
import {
  isFields,
  jsonText,
  listOf,
  objectOf,
  restOf,
  shape,
  type Shape,
  textOf,
  withInner,
  without,
} from '../fields.js';
import { openSignature } from '../signature-envelope.js';
import type { CallIds } from './call-ids.js';
import { camelNames } from './field-names.js';
import { BLOB, FILE_DATA, FORMAT, FUNCTION_CALL, FUNCTION_RESPONSE, PART, TOOL_CALL } from './shapes.js';

/** The fields of which a part has exactly one. */
const DATA = [
  'text',
  'inlineData',
  'fileData',
  'functionCall',
  'functionResponse',
  'executableCode',
  'codeExecutionResult',
  'toolCall',
  'toolResponse',
] as const;
type DataField = (typeof DATA)[number];

/** One part; what is none of the known kinds is kept as it is. */
export function decodePart(value: unknown, ids: CallIds): Part {
  if (!isFields(value)) return opaque(value);
  const fields = camelNames(value);
  for (const name of DATA) {
    const data = fields[name];
    if (data === undefined || data === null) continue;
    const part =
      name === 'text' ? decodeText(fields, data) : isFields(data) ? decodeData(name, fields, data, ids) : null;
    return part ?? opaque(value);
  }
  // A signature alone signs the words before it.
  return typeof fields['thoughtSignature'] === 'string' && Object.keys(fields).length === 1
    ? { type: 'text', text: '', signature: signatureOf(fields), form: 'no-text' }
    : opaque(value);
}

function opaque(value: unknown): OpaquePart {
  return { type: 'opaque', format: FORMAT, value };
}

/** The other fields of a part with this data. */
const SHAPES: Readonly<Record<DataField, Shape>> = Object.fromEntries(
  DATA.map((name) => [name, shape({ ...PART, [name]: 31 })]),
) as Record<DataField, Shape>;

function restOfPart(fields: JsonFields, name: DataField, inner?: Extensions): Extensions | undefined {
  return withInner(restOf(fields, SHAPES[name], FORMAT), FORMAT, name, inner);
}

export function signatureOf(fields: JsonFields): Signature | undefined {
  const text = textOf(fields, 'thoughtSignature');
  if (text === undefined) return undefined;
  const opened = openSignature(text, FORMAT);
  return opened.signature ?? opened.encrypted;
}

/** `thought: false` says nothing, but was written. */
function formOf(fields: JsonFields, ...forms: readonly string[]): string | undefined {
  const all = fields['thought'] === false ? [...forms, 'thought=false'] : forms;
  return all.length === 0 ? undefined : all.join(' ');
}

function decodeText(fields: JsonFields, text: unknown): Part | null {
  if (typeof text !== 'string') return null;
  const extensions = restOfPart(fields, 'text');
  if (fields['thought'] !== true)
    return { type: 'text', text, signature: signatureOf(fields), extensions, form: formOf(fields) };
  const signature = textOf(fields, 'thoughtSignature');
  return {
    type: 'reasoning',
    text,
    ...(signature === undefined ? {} : openSignature(signature, FORMAT)),
    extensions,
  };
}

function decodeData(name: DataField, fields: JsonFields, data: JsonFields, ids: CallIds): Part | null {
  const inner = camelNames(data);
  switch (name) {
    case 'inlineData':
      return decodeMedia(fields, name, inner, dataSource(inner));
    case 'fileData':
      return decodeMedia(fields, name, inner, fileSource(inner));
    case 'functionCall':
      return decodeCall(fields, inner, ids);
    case 'functionResponse':
      return decodeResponse(fields, inner, ids);
    default:
      return decodeBuiltin(name, fields, inner, ids);
  }
}

function dataSource(inner: JsonFields): MediaSource | null {
  const data = textOf(inner, 'data');
  return data === undefined ? null : { kind: 'data', data, mediaType: textOf(inner, 'mimeType') };
}

function fileSource(inner: JsonFields): MediaSource | null {
  const url = textOf(inner, 'fileUri');
  return url === undefined ? null : { kind: 'url', url, mediaType: textOf(inner, 'mimeType') };
}

const NAMED_BLOB = shape({ ...BLOB, displayName: 1 });
const NAMED_FILE = shape({ ...FILE_DATA, displayName: 1 });

/** What it is, its media type says; what has none, or another, is a document. */
function decodeMedia(
  fields: JsonFields,
  name: 'inlineData' | 'fileData',
  inner: JsonFields,
  source: MediaSource | null,
): Part | null {
  if (source === null) return null;
  const type = kindOfMedia(source.mediaType);
  const isFile = type === 'file';
  const table = name === 'inlineData' ? (isFile ? NAMED_BLOB : BLOB) : isFile ? NAMED_FILE : FILE_DATA;
  const rest = {
    extensions: restOfPart(fields, name, restOf(inner, table, FORMAT)),
    form: formOf(fields),
  };
  if (type === 'file') return { type, source, filename: textOf(inner, 'displayName'), ...rest };
  return type === 'image' ? { type, source, signature: signatureOf(fields), ...rest } : { type, source, ...rest };
}

export function kindOfMedia(mediaType: string | undefined): 'image' | 'audio' | 'video' | 'file' {
  const [kind] = (mediaType ?? '').split('/', 1);
  return kind === 'image' || kind === 'audio' || kind === 'video' ? kind : 'file';
}

function decodeCall(fields: JsonFields, inner: JsonFields, ids: CallIds): ToolCallPart | null {
  const name = textOf(inner, 'name');
  if (name === undefined) return null;
  const id = textOf(inner, 'id');
  const args = objectOf(inner, 'args');
  const forms = [...(id === undefined ? ['no-id'] : []), ...(args === undefined ? ['no-args'] : [])];
  return {
    type: 'tool-call',
    id: ids.called(id, name),
    name,
    arguments: args === undefined ? '{}' : jsonText(args),
    signature: signatureOf(fields),
    extensions: restOfPart(fields, 'functionCall', restOf(inner, FUNCTION_CALL, FORMAT)),
    form: formOf(fields, ...forms),
  };
}

function decodeResponse(fields: JsonFields, inner: JsonFields, ids: CallIds): ToolResultPart | null {
  const name = textOf(inner, 'name');
  if (name === undefined) return null;
  const id = textOf(inner, 'id');
  const response = objectOf(inner, 'response');
  const said = response === undefined ? { parts: [], form: 'no-response' } : decodeOutput(response);
  const media = listOf(inner, 'parts')?.map((part) => decodePart(part, ids)) ?? [];
  return {
    type: 'tool-result',
    callId: ids.answered(id, name),
    name,
    content: [...said.parts, ...media],
    isError: said.form === 'error' ? true : undefined,
    extensions: restOfPart(fields, 'functionResponse', restOf(inner, FUNCTION_RESPONSE, FORMAT)),
    form: formOf(fields, said.form, ...(id === undefined ? ['no-id'] : [])),
  };
}

/** `output` holds what the function gave, `error` why it failed; without either, the whole response is the output. */
function decodeOutput(response: JsonFields): { readonly parts: Part[]; readonly form: string } {
  const names = Object.keys(response);
  if (names.length === 0) return { parts: [], form: 'empty' };
  const [name] = names;
  if (names.length > 1 || (name !== 'output' && name !== 'error'))
    return { parts: [{ type: 'json', value: response }], form: 'whole' };
  const value = response[name];
  return { parts: [typeof value === 'string' ? { type: 'text', text: value } : { type: 'json', value }], form: name };
}

/** Google's names for its tools, where it tells that it ran one. */
const TOOL_KINDS: readonly (readonly [beginning: string, kind: BuiltinToolKind])[] = [
  ['GOOGLE_SEARCH', 'web-search'],
  ['URL_CONTEXT', 'web-fetch'],
  ['GOOGLE_MAPS', 'maps'],
  ['FILE_SEARCH', 'file-search'],
  ['CODE_EXECUTION', 'code-execution'],
  ['MCP', 'mcp'],
];

function kindOfTool(toolType: string): BuiltinToolKind {
  return TOOL_KINDS.find(([beginning]) => toolType.startsWith(beginning))?.[1] ?? 'vendor';
}

/** The signature of these parts stays with their own format. */
const WITHOUT_SIGNATURE = (name: DataField): Shape => shape({ thought: 4, [name]: 31 });
const BUILTIN_SHAPES: Readonly<Record<string, Shape>> = Object.fromEntries(
  DATA.map((name) => [name, WITHOUT_SIGNATURE(name)]),
);
const CODE_ID = 'id';

function decodeBuiltin(
  name: DataField,
  fields: JsonFields,
  inner: JsonFields,
  ids: CallIds,
): BuiltinCallPart | BuiltinResultPart | null {
  const rest = restOf(fields, BUILTIN_SHAPES[name]!, FORMAT);
  const id = textOf(inner, CODE_ID);
  const isNamed = id === undefined ? ['no-id'] : [];
  if (name === 'executableCode') {
    const form = formOf(fields, name, ...isNamed);
    return {
      type: 'builtin-call',
      tool: 'code-execution',
      id: ids.ran(id),
      name: 'code_execution',
      arguments: jsonText(without(inner, CODE_ID)),
      extensions: rest,
      form,
    };
  }
  if (name === 'codeExecutionResult') {
    const isError = inner['outcome'] !== 'OUTCOME_OK';
    const form = formOf(fields, name);
    const tool = 'code-execution';
    return {
      type: 'builtin-result',
      tool,
      callId: ids.put(id),
      format: FORMAT,
      value: inner,
      isError,
      extensions: rest,
      form,
    };
  }
  return decodeServerTool(name, fields, inner, ids);
}

function decodeServerTool(
  name: DataField,
  fields: JsonFields,
  inner: JsonFields,
  ids: CallIds,
): BuiltinCallPart | BuiltinResultPart | null {
  const toolType = textOf(inner, 'toolType');
  if (toolType === undefined) return null;
  const id = textOf(inner, 'id');
  const isNamed = id === undefined ? ['no-id'] : [];
  const tool = kindOfTool(toolType);
  const form = formOf(fields, `${name}=${toolType}`, ...isNamed);
  const outer = restOf(fields, BUILTIN_SHAPES[name]!, FORMAT);
  if (name === 'toolResponse')
    return {
      type: 'builtin-result',
      tool,
      callId: ids.put(id),
      format: FORMAT,
      value: inner['response'],
      extensions: outer,
      form,
    };
  const args = inner['args'];
  return {
    type: 'builtin-call',
    tool,
    id: ids.ran(id),
    name: toolType,
    arguments: args === undefined ? '' : jsonText(args),
    extensions: withInner(outer, FORMAT, name, restOf(inner, TOOL_CALL, FORMAT)),
    form,
  };
}

import type {
  BuiltinToolKind,
  CacheBreakpoint,
  Citation,
  Extensible,
  FilePart,
  ImagePart,
  JsonFields,
  MediaSource,
  OpaquePart,
  Part,
  ReasoningPart,
  TextPart,
  ToolResultPart,
} from '../../protocol/index.js';
import {
  booleanOf,
  isFields,
  jsonText,
  listOf,
  numberOf,
  objectOf,
  restOf,
  type Shape,
  textOf,
  withExtension,
  withInner,
} from '../fields.js';
import { openSignature } from '../signature-envelope.js';
import {
  CACHE_CONTROL,
  CITATION,
  CITATIONS,
  DOCUMENT,
  FORMAT,
  IMAGE,
  REDACTED_THINKING,
  SERVER_TOOL_RESULT,
  SERVER_TOOL_USE,
  SOURCE,
  TEXT,
  THINKING,
  TOOL_RESULT,
  TOOL_USE,
} from './shapes.js';

/** Documents may hold parts that hold parts; deeper ones stay as they are. */
const MAX_DEPTH = 4;

/** Content as it stands in a message: a bare string, or a list of blocks. */
export function decodeContent(content: unknown, depth = 0): Part[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return Array.isArray(content) ? content.map((block) => decodeBlock(block, depth)) : [];
}

/** One block; what is none of the known kinds is kept as it is. */
export function decodeBlock(value: unknown, depth = 0): Part {
  if (!isFields(value) || depth > MAX_DEPTH) return opaque(value);
  const type = textOf(value, 'type') ?? '';
  const decode = Object.hasOwn(DECODERS, type) ? DECODERS[type] : undefined;
  if (decode !== undefined) return decode(value, depth) ?? opaque(value);
  return type.endsWith('_tool_result') ? (decodeServerResult(value, type) ?? opaque(value)) : opaque(value);
}

type Decoder = (value: JsonFields, depth: number) => Part | null;

const DECODERS: Readonly<Record<string, Decoder>> = {
  text: decodeText,
  image: decodeImage,
  document: decodeDocument,
  tool_use: decodeToolUse,
  tool_result: decodeToolResult,
  thinking: decodeThinking,
  redacted_thinking: decodeRedacted,
  server_tool_use: decodeServerUse,
  mcp_tool_use: decodeServerUse,
};

function opaque(value: unknown): OpaquePart {
  return { type: 'opaque', format: FORMAT, value };
}

function kept(value: JsonFields, table: Shape): Pick<Extensible, 'extensions'> {
  return { extensions: restOf(value, table, FORMAT) };
}

export function cacheOf(value: JsonFields): CacheBreakpoint | undefined {
  const control = objectOf(value, 'cache_control');
  if (control === undefined) return undefined;
  return { ttl: textOf(control, 'ttl'), extensions: restOf(control, CACHE_CONTROL, FORMAT) };
}

function decodeText(value: JsonFields): TextPart | null {
  const text = textOf(value, 'text');
  if (text === undefined) return null;
  const citations = listOf(value, 'citations');
  return {
    type: 'text',
    text,
    citations: citations?.map(decodeCitation),
    cache: cacheOf(value),
    ...kept(value, TEXT),
  };
}

export function decodeCitation(value: unknown): Citation {
  const fields = isFields(value) ? value : {};
  const url = textOf(fields, 'url') ?? textOf(fields, 'source');
  return {
    kind: url !== undefined ? 'url' : numberOf(fields, 'document_index') !== undefined ? 'document' : 'other',
    url,
    title: textOf(fields, 'title') ?? textOf(fields, 'document_title'),
    fileId: textOf(fields, 'file_id'),
    quote: textOf(fields, 'cited_text'),
    documentIndex: numberOf(fields, 'document_index'),
    source:
      rangeOf(fields, 'char', '_char_index') ??
      rangeOf(fields, 'page', '_page_number') ??
      rangeOf(fields, 'block', '_block_index'),
    extensions: restOf(fields, CITATION, FORMAT),
    raw: { format: FORMAT, value: fields },
  };
}

function rangeOf(fields: JsonFields, unit: 'char' | 'page' | 'block', suffix: string): Citation['source'] {
  const from = numberOf(fields, `start${suffix}`);
  const to = numberOf(fields, `end${suffix}`);
  return from === undefined || to === undefined ? undefined : { unit, from, to };
}

function decodeSource(source: JsonFields, depth: number): MediaSource | null {
  const mediaType = textOf(source, 'media_type');
  const data = textOf(source, 'data');
  const url = textOf(source, 'url');
  const fileId = textOf(source, 'file_id');
  switch (source['type']) {
    case 'base64':
      return data === undefined ? null : { kind: 'data', data, mediaType };
    case 'text':
      return data === undefined ? null : { kind: 'text', text: data, mediaType };
    case 'url':
      return url === undefined ? null : { kind: 'url', url, mediaType };
    case 'file':
      return fileId === undefined ? null : { kind: 'file-id', fileId, mediaType };
    case 'content':
      return { kind: 'parts', parts: decodeContent(source['content'], depth + 1), mediaType };
    default:
      return null;
  }
}

function decodeImage(value: JsonFields, depth: number): ImagePart | null {
  const inner = objectOf(value, 'source') ?? {};
  const source = decodeSource(inner, depth);
  if (source === null) return null;
  return {
    type: 'image',
    source,
    cache: cacheOf(value),
    extensions: withInner(restOf(value, IMAGE, FORMAT), FORMAT, 'source', restOf(inner, SOURCE, FORMAT)),
  };
}

function decodeDocument(value: JsonFields, depth: number): FilePart | null {
  const inner = objectOf(value, 'source') ?? {};
  const source = decodeSource(inner, depth);
  if (source === null) return null;
  const citations = objectOf(value, 'citations');
  const outer = restOf(value, DOCUMENT, FORMAT);
  const withSource = withInner(outer, FORMAT, 'source', restOf(inner, SOURCE, FORMAT));
  return {
    type: 'file',
    source,
    title: textOf(value, 'title'),
    context: textOf(value, 'context'),
    citable: citations === undefined ? undefined : (booleanOf(citations, 'enabled') ?? false),
    cache: cacheOf(value),
    extensions:
      citations === undefined
        ? withSource
        : withInner(withSource, FORMAT, 'citations', restOf(citations, CITATIONS, FORMAT)),
    form: typeof inner['content'] === 'string' ? 'string' : undefined,
  };
}

function decodeToolUse(value: JsonFields): Part | null {
  const id = textOf(value, 'id');
  const name = textOf(value, 'name');
  if (id === undefined || name === undefined) return null;
  const input = objectOf(value, 'input');
  return {
    type: 'tool-call',
    id,
    name,
    arguments: input === undefined ? '' : jsonText(input),
    cache: cacheOf(value),
    ...kept(value, TOOL_USE),
  };
}

function decodeToolResult(value: JsonFields, depth: number): ToolResultPart | null {
  const callId = textOf(value, 'tool_use_id');
  if (callId === undefined) return null;
  const content = value['content'];
  return {
    type: 'tool-result',
    callId,
    content: decodeContent(content, depth + 1),
    isError: booleanOf(value, 'is_error'),
    cache: cacheOf(value),
    ...kept(value, TOOL_RESULT),
    form: typeof content === 'string' ? 'string' : Array.isArray(content) ? 'list' : undefined,
  };
}

function decodeThinking(value: JsonFields): ReasoningPart | null {
  const text = textOf(value, 'thinking');
  if (text === undefined) return null;
  const signature = textOf(value, 'signature');
  // Kept as it is: an empty one signs nothing.
  const empty = signature === '' ? '' : undefined;
  return {
    type: 'reasoning',
    text,
    ...(signature === undefined || signature === '' ? {} : openSignature(signature, FORMAT)),
    extensions: withExtension(restOf(value, THINKING, FORMAT), FORMAT, 'signature', empty),
  };
}

function decodeRedacted(value: JsonFields): ReasoningPart | null {
  const data = textOf(value, 'data');
  if (data === undefined) return null;
  const { signature, encrypted, id } = openSignature(data, FORMAT);
  return {
    type: 'reasoning',
    text: '',
    encrypted: encrypted ?? signature,
    redacted: true,
    id,
    ...kept(value, REDACTED_THINKING),
  };
}

function decodeServerUse(value: JsonFields): Part | null {
  const id = textOf(value, 'id');
  const name = textOf(value, 'name');
  if (id === undefined || name === undefined) return null;
  const input = objectOf(value, 'input');
  const server = textOf(value, 'server_name');
  return {
    type: 'builtin-call',
    tool: value['type'] === 'mcp_tool_use' ? 'mcp' : kindOfTool(name),
    id,
    name,
    arguments: input === undefined ? '' : jsonText(input),
    server,
    cache: cacheOf(value),
    ...kept(value, SERVER_TOOL_USE),
    form: textOf(value, 'type'),
  };
}

function decodeServerResult(value: JsonFields, type: string): Part | null {
  const callId = textOf(value, 'tool_use_id');
  if (callId === undefined) return null;
  return {
    type: 'builtin-result',
    tool: type === 'mcp_tool_result' ? 'mcp' : kindOfTool(type),
    callId,
    format: FORMAT,
    value: value['content'],
    isError: booleanOf(value, 'is_error'),
    cache: cacheOf(value),
    ...kept(value, SERVER_TOOL_RESULT),
    form: type,
  };
}

const KINDS: readonly (readonly [beginning: string, kind: BuiltinToolKind])[] = [
  ['web_search', 'web-search'],
  ['web_fetch', 'web-fetch'],
  ['code_execution', 'code-execution'],
  ['bash_code_execution', 'code-execution'],
  ['text_editor_code_execution', 'code-execution'],
  ['computer', 'computer-use'],
  ['bash', 'shell'],
  ['text_editor', 'text-editor'],
  ['memory', 'memory'],
  ['mcp', 'mcp'],
];

/** Which tool a name or type is of: `web_search`, `web_search_20250305`, `web_search_tool_result`. */
export function kindOfTool(name: string): BuiltinToolKind {
  return KINDS.find(([beginning]) => name.startsWith(beginning))?.[1] ?? 'vendor';
}

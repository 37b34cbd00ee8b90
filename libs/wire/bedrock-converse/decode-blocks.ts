import {
  type BuiltinToolKind,
  type CacheBreakpoint,
  type Extensions,
  type JsonFields,
  type OpaquePart,
  type Part,
  type ReasoningPart,
} from '../../protocol/index.js';
import { ANY, isFields, jsonText, listOf, objectOf, restOf, type Shape, shape, textOf, withInner } from '../fields.js';
import { openSignature } from '../signature-envelope.js';
import { decodeCitation } from './decode-citation.js';
import {
  decodeAudio,
  type Decoder,
  decodeDocument,
  decodeGuarded,
  decodeImage,
  decodeSearchResult,
  decodeVideo,
} from './decode-media.js';
import { CACHE_POINT, CITED, FORMAT, REASONING_TEXT, TOOL_RESULT, TOOL_USE } from './shapes.js';

/** Results of tools and documents hold blocks; deeper ones stay as they are. */
const MAX_DEPTH = 4;

/** A list of content blocks. A cache point belongs to the block before it. */
export function decodeBlocks(blocks: readonly unknown[], depth = 0): Part[] {
  const parts: Part[] = [];
  for (const block of blocks) {
    const last = parts.at(-1);
    const cache = last === undefined || last.cache !== undefined ? undefined : cachePointIn(block);
    if (last === undefined || cache === undefined) parts.push(decodeBlock(block, depth));
    else parts[parts.length - 1] = { ...last, cache };
  }
  return parts;
}

/** `undefined` for a block that is none. */
export function cachePointIn(block: unknown): CacheBreakpoint | undefined {
  const point = isFields(block) ? objectOf(block, 'cachePoint') : undefined;
  if (point?.['type'] !== 'default' || Object.keys(block as JsonFields).length > 1) return undefined;
  return { ttl: textOf(point, 'ttl'), extensions: restOf(point, CACHE_POINT, FORMAT) };
}

interface Member {
  readonly decode: (value: unknown, depth: number) => Part | null;
  /** Of the block around it. */
  readonly outer: Shape;
}

/** A block says what it is by the name of its member. */
const MEMBERS: Readonly<Record<string, Member>> = {
  text: member('text', (value) => (typeof value === 'string' ? { type: 'text', text: value } : null)),
  json: member('json', (value) => ({ type: 'json', value })),
  image: objectMember('image', decodeImage),
  document: objectMember('document', decodeDocument),
  video: objectMember('video', decodeVideo),
  audio: objectMember('audio', decodeAudio),
  searchResult: objectMember('searchResult', decodeSearchResult),
  guardContent: objectMember('guardContent', decodeGuarded),
  toolUse: objectMember('toolUse', decodeToolUse),
  toolResult: objectMember('toolResult', decodeToolResult),
  reasoningContent: objectMember('reasoningContent', decodeReasoning),
  citationsContent: objectMember('citationsContent', decodeCited),
};

function member(name: string, decode: Member['decode']): Member {
  return { decode, outer: shape({ [name]: ANY }) };
}

/** The unknown fields of the object go under its name. */
function objectMember(name: string, decode: Decoder): Member {
  return member(name, (value, depth) => {
    const part = isFields(value) ? decode(value, (blocks) => decodeBlocks(blocks, depth + 1)) : null;
    return part === null ? null : { ...part, extensions: withInner(undefined, FORMAT, name, part.extensions) };
  });
}

/** One block; what is none of the known kinds is kept as it is. */
function decodeBlock(block: unknown, depth: number): Part {
  if (!isFields(block) || depth > MAX_DEPTH) return opaque(block);
  for (const name in block) {
    const known = Object.hasOwn(MEMBERS, name) ? MEMBERS[name] : undefined;
    const part = known?.decode(block[name], depth) ?? null;
    if (known !== undefined && part !== null)
      return { ...part, extensions: joined(block, known.outer, part.extensions) };
  }
  return opaque(block);
}

function joined(block: JsonFields, outer: Shape, inner: Extensions | undefined): Extensions | undefined {
  const rest = restOf(block, outer, FORMAT);
  if (rest === undefined || inner === undefined) return rest ?? inner;
  return { [FORMAT]: { ...rest[FORMAT], ...inner[FORMAT] } };
}

function opaque(value: unknown): OpaquePart {
  return { type: 'opaque', format: FORMAT, value };
}

/** The type of a tool that runs at the provider. */
export const SERVER_TOOL_USE = 'server_tool_use';

function decodeToolUse(value: JsonFields): Part | null {
  const id = textOf(value, 'toolUseId');
  const name = textOf(value, 'name');
  if (id === undefined || name === undefined) return null;
  const form = textOf(value, 'type');
  const input = value['input'] === undefined ? '' : jsonText(value['input']);
  const extensions = restOf(value, TOOL_USE, FORMAT);
  if (form !== SERVER_TOOL_USE) return { type: 'tool-call', id, name, arguments: input, extensions, form };
  return { type: 'builtin-call', tool: kindOfTool(name), id, name, arguments: input, extensions, form };
}

/** `type` stands on the results of the provider's own tools only. */
function decodeToolResult(value: JsonFields, decodeParts: (blocks: readonly unknown[]) => Part[]): Part | null {
  const callId = textOf(value, 'toolUseId');
  if (callId === undefined) return null;
  const type = textOf(value, 'type');
  const content = listOf(value, 'content');
  const status = textOf(value, 'status');
  const isError = status === undefined ? undefined : status === 'error';
  const extensions = restOf(value, TOOL_RESULT, FORMAT);
  if (type === undefined || !type.endsWith('_result')) {
    const typed = type === undefined ? extensions : { [FORMAT]: { ...extensions?.[FORMAT], type } };
    return { type: 'tool-result', callId, content: decodeParts(content ?? []), isError, extensions: typed };
  }
  return {
    type: 'builtin-result',
    tool: kindOfTool(type),
    callId,
    format: FORMAT,
    value: content,
    isError,
    extensions,
    form: type,
  };
}

function decodeReasoning(value: JsonFields): ReasoningPart | null {
  const redacted = textOf(value, 'redactedContent');
  if (redacted !== undefined) {
    const extensions = restOf(value, REDACTED, FORMAT);
    return { type: 'reasoning', text: '', encrypted: { origin: FORMAT, value: redacted }, redacted: true, extensions };
  }
  const inner = objectOf(value, 'reasoningText');
  if (inner === undefined) return null;
  const signature = textOf(inner, 'signature');
  return {
    type: 'reasoning',
    text: textOf(inner, 'text') ?? '',
    ...(signature === undefined ? {} : openSignature(signature, FORMAT)),
    extensions: withInner(
      restOf(value, REASONING, FORMAT),
      FORMAT,
      'reasoningText',
      restOf(inner, REASONING_TEXT, FORMAT),
    ),
  };
}

const REDACTED = shape({ redactedContent: ANY });
const REASONING = shape({ reasoningText: ANY });

/** Text that was cut where citations stand; the form tells where its own pieces were cut. */
function decodeCited(value: JsonFields): Part | null {
  const pieces = listOf(value, 'content') ?? [];
  const texts = pieces.flatMap((piece) => (isFields(piece) ? (textOf(piece, 'text') ?? []) : []));
  if (texts.length !== pieces.length) return null;
  return {
    type: 'text',
    text: texts.join(''),
    citations: (listOf(value, 'citations') ?? []).map(decodeCitation),
    extensions: restOf(value, CITED, FORMAT),
    form: `citationsContent ${texts.map(({ length }) => length).join(',')}`,
  };
}

const KINDS: readonly (readonly [beginning: string, kind: BuiltinToolKind])[] = [
  ['nova_grounding', 'web-search'],
  ['nova_code_interpreter', 'code-execution'],
];

/** Which tool a name or the type of a result is of. */
export function kindOfTool(name: string): BuiltinToolKind {
  return KINDS.find(([beginning]) => name.startsWith(beginning))?.[1] ?? 'vendor';
}

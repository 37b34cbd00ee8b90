import type {
  Extensions,
  JsonFields,
  OpaquePart,
  Part,
  ReasoningPart,
  Role,
  ToolCallPart,
  ToolResultPart,
} from '../../protocol/index.js';
import { isFields, listOf, restOf, textOf, withInner } from '../fields.js';
import { openSignature, type Sealable } from '../signature-envelope.js';
import { decodeBuiltin } from './builtins.js';
import { decodePart, type PartContext } from './decode-parts.js';
import { type FormWords, formText, formWords, itemWords } from './forms.js';
import { CALL_OUTPUT, CUSTOM_CALL, FORMAT, FUNCTION_CALL, IMAGE_CALL, MESSAGE, REASONING } from './shapes.js';

/** An item as a part of a conversation. Items of the model join into one turn; their forms say where each begins. */
export interface DecodedItem {
  readonly role: Role;
  readonly parts: readonly Part[];
  /** Of the item, where it is a turn of its own. */
  readonly extensions?: Extensions | undefined;
  readonly form?: string | undefined;
}

/** One item of `input` or `output`; what is none of the known kinds is kept as it is. Never throws. */
export function decodeItem(item: JsonFields, tokens?: PartContext['tokens']): DecodedItem {
  const type = textOf(item, 'type') ?? 'message';
  if (type === 'message') return decodeMessage(item, tokens);
  if (type === 'function_call_output' || type === 'custom_tool_call_output') return decodeOutput(item, type);
  const decode = Object.hasOwn(DECODERS, type) ? DECODERS[type] : undefined;
  const part = decode?.(item) ?? decodeBuiltin(item, type);
  return part === null ? opaqueItem(item, type) : { role: 'assistant', parts: [part] };
}

/** An item as it came. */
export function opaquePart(item: unknown): OpaquePart {
  return { type: 'opaque', format: FORMAT, value: item, form: 'item' };
}

/** Of an unknown item only its type says whose it is. */
function opaqueItem(item: JsonFields, type: string): DecodedItem {
  const isModels = type === 'reasoning' || /_(?:call|tools|request)$/.test(type) || type === 'compaction';
  return { role: isModels ? 'assistant' : 'user', parts: [opaquePart(item)] };
}

const ROLES: Readonly<Record<string, Role>> = {
  user: 'user',
  assistant: 'assistant',
  system: 'system',
  developer: 'developer',
};

function decodeMessage(item: JsonFields, tokens: PartContext['tokens']): DecodedItem {
  const wireRole = textOf(item, 'role') ?? 'assistant';
  const role = Object.hasOwn(ROLES, wireRole) ? ROLES[wireRole]! : 'user';
  const content = item['content'];
  const parts: Part[] =
    typeof content === 'string'
      ? [{ type: 'text', text: content }]
      : (listOf(item, 'content')?.map((part) => decodePart(part, { role, tokens })) ?? []);
  const [first, ...more] = parts;
  if (role === 'assistant' && first !== undefined) return { role, parts: [begunBy(first, item), ...more] };
  return { role, parts, extensions: restOf(item, MESSAGE, FORMAT), form: formText(messageWords(item)) };
}

function messageWords(item: JsonFields): FormWords {
  return {
    ...itemWords(item, 'message'),
    typed: item['type'] === undefined ? undefined : true,
    string: typeof item['content'] === 'string' ? true : undefined,
  };
}

/** The first part of a message of the model: it tells where the message begins, and how it was written. */
export function begunBy(first: Part, item: JsonFields): Part {
  return {
    ...first,
    extensions: withInner(first.extensions, FORMAT, 'item', restOf(item, MESSAGE, FORMAT)),
    form: formText({ ...messageWords(item), ...formWords(first.form) }),
  };
}

type Decoder = (item: JsonFields) => Part | null;

const DECODERS: Readonly<Record<string, Decoder>> = {
  function_call: decodeCall,
  custom_tool_call: decodeCustomCall,
  reasoning: decodeReasoning,
  image_generation_call: decodeImageCall,
};

function decodeCall(item: JsonFields): ToolCallPart | null {
  const id = textOf(item, 'call_id') ?? textOf(item, 'id');
  const name = textOf(item, 'name');
  if (id === undefined || name === undefined) return null;
  return {
    type: 'tool-call',
    id,
    name,
    arguments: textOf(item, 'arguments') ?? '',
    extensions: restOf(item, FUNCTION_CALL, FORMAT),
    form: formText({
      ...itemWords(item, 'function_call'),
      'no-call-id': textOf(item, 'call_id') === undefined ? true : undefined,
    }),
  };
}

/** Tools that xAI runs itself, which it tells as if they were the caller's. */
const RUN_BY_XAI: ReadonlySet<string> = new Set([
  'x_keyword_search',
  'x_semantic_search',
  'x_user_search',
  'x_thread_fetch',
]);

export function isRunByProvider(item: JsonFields): boolean {
  return textOf(item, 'call_id')?.startsWith('xs_') === true && RUN_BY_XAI.has(textOf(item, 'name') ?? '');
}

function decodeCustomCall(item: JsonFields): Part | null {
  const id = textOf(item, 'call_id');
  const name = textOf(item, 'name');
  if (id === undefined || name === undefined) return null;
  const common = {
    id,
    name,
    arguments: textOf(item, 'input') ?? '',
    extensions: restOf(item, CUSTOM_CALL, FORMAT),
    form: formText(itemWords(item, 'custom_tool_call')),
  };
  if (isRunByProvider(item)) return { type: 'builtin-call', tool: 'web-search', ...common };
  return { type: 'tool-call', kind: 'custom', ...common };
}

/** A signature of another provider travels in the place of the encrypted thought. */
function decodeReasoning(item: JsonFields): ReasoningPart | null {
  const texts = textsOf(listOf(item, 'content'), 'reasoning_text');
  const summary = textsOf(listOf(item, 'summary'), 'summary_text');
  if (texts === null || summary === null) return null;
  const sealed = textOf(item, 'encrypted_content');
  const opened = sealed === undefined ? {} : openSignature(sealed, FORMAT);
  const kept = opened.signature?.origin === FORMAT ? { encrypted: opened.signature } : opened;
  return {
    type: 'reasoning',
    ...toldOf(texts, summary, isForeign(kept)),
    ...kept,
    id: opened.id ?? textOf(item, 'id'),
    extensions: restOf(item, REASONING, FORMAT),
    form: formText({
      ...itemWords(item, 'reasoning'),
      content: texts?.map(({ length }) => String(length)).join(','),
    }),
  };
}

function isForeign({ encrypted, signature }: Sealable): boolean {
  return (encrypted ?? signature ?? { origin: FORMAT }).origin !== FORMAT;
}

/** A thought of another format was told as its summary. */
function toldOf(
  texts: readonly string[] | undefined,
  summary: readonly string[] | undefined,
  foreign: boolean,
): Pick<ReasoningPart, 'text' | 'summary'> {
  if (foreign && texts === undefined) return { text: summary?.join('') ?? '' };
  return { text: texts?.join('') ?? '', summary };
}

/** `null` where the list holds something else, `undefined` where there is none. */
function textsOf(list: readonly unknown[] | undefined, type: string): string[] | null | undefined {
  if (list === undefined) return undefined;
  const isPlain = list.every(
    (one) => isFields(one) && one['type'] === type && typeof one['text'] === 'string' && Object.keys(one).length === 2,
  );
  return isPlain ? list.map((one) => (one as { text: string }).text) : null;
}

/** A picture that was made is one, for whoever reads the answer. */
function decodeImageCall(item: JsonFields): Part | null {
  const data = textOf(item, 'result');
  if (data === undefined) return null;
  const format = textOf(item, 'output_format');
  return {
    type: 'image',
    source: { kind: 'data', data, mediaType: format === undefined ? undefined : `image/${format}` },
    extensions: restOf(item, IMAGE_CALL, FORMAT),
    form: formText(itemWords(item, 'image_generation_call')),
  };
}

/** What a tool of the caller's gave. */
function decodeOutput(item: JsonFields, type: string): DecodedItem {
  const callId = textOf(item, 'call_id');
  const output = item['output'];
  if (callId === undefined) return opaqueItem(item, 'output');
  const content: Part[] =
    typeof output === 'string'
      ? [{ type: 'text', text: output }]
      : (listOf(item, 'output')?.map((part) => decodePart(part, { role: 'user' })) ?? []);
  const result: ToolResultPart = {
    type: 'tool-result',
    callId,
    content,
    kind: type === 'custom_tool_call_output' ? 'custom' : undefined,
    extensions: restOf(item, CALL_OUTPUT, FORMAT),
    form: formText({ ...itemWords(item, type), string: typeof output === 'string' ? true : undefined }),
  };
  return { role: 'tool', parts: [result] };
}

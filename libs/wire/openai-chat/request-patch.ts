import {
  CLOSE_BRACKET,
  COMMA,
  DEFAULT_MAX_DEPTH,
  ObjectScan,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
  skipValue,
} from '../../streaming/index.js';
import type { ChatRequest } from './request.js';
import { EXTENSION_FIELDS } from './request-extensions.js';
import { type Fields, isObject } from './request-fields.js';
import { RequestSplice } from './request-splice.js';

type MaxTokensField = 'max_tokens' | 'max_completion_tokens';

/** What the target of an attempt makes of a request. */
export interface ChatPatch {
  /** What the upstream calls the model. */
  readonly model: string;
  /** Added where the caller left the field out; `max_tokens` and `max_completion_tokens` are one field here. */
  readonly defaultParams: Fields;
  /** Written into `chat_template_kwargs.enable_thinking`; `null` leaves the caller's alone. */
  readonly enableThinking: boolean | null;
  /** Put before the first system (or developer) message; `null` for none. */
  readonly systemPrefix: string | null;
  /** On streams asks the upstream for usage, whatever the caller said. */
  readonly includeUsage: boolean;
  /** What the upstream calls the limit of generated tokens; absent: as the caller does. */
  readonly maxTokensField?: MaxTokensField | undefined;
}

const THINKING = new ObjectScan(['enable_thinking'] as const);
const USAGE = new ObjectScan(['include_usage'] as const);
const MESSAGE = new ObjectScan(['content'] as const);

/** Defaults never decide what was asked, whether it streams, or what the gateway does with it. */
const NEVER_DEFAULT: ReadonlySet<string> = new Set(['model', 'messages', 'stream', '__proto__', ...EXTENSION_FIELDS]);
const MAX_TOKENS_FIELDS: readonly string[] = ['max_tokens', 'max_completion_tokens'] satisfies MaxTokensField[];

/**
 * The body to send upstream, cut from the raw bytes: numbers, key order and unknown fields survive byte for byte.
 * Transforms apply in the order: default params, reasoning override, system prefix, model name. The gateway's own
 * fields are taken out. A patch that changes nothing returns the caller's own buffer.
 */
export function encodeChatRequest(request: ChatRequest, patch: ChatPatch): Buffer {
  const splice = new RequestSplice(request.raw, request.spans.objectEnd);
  removeExtensions(request, splice);
  if (patch.maxTokensField !== undefined) renameMaxTokens(request, patch.maxTokensField, splice);
  addDefaults(request, patch, splice);
  if (patch.enableThinking !== null) {
    setMember(request, patch, splice, {
      field: 'chat_template_kwargs',
      scan: THINKING,
      value: patch.enableThinking,
    });
  }
  if (asksForUsage(request, patch)) {
    setMember(request, patch, splice, { field: 'stream_options', scan: USAGE, value: true });
  }
  if (patch.systemPrefix) prependSystem(request, patch.systemPrefix, splice);
  const { spans } = request;
  if (patch.model !== request.model) {
    splice.replace(spans.valueStart('model'), spans.valueEnd('model'), JSON.stringify(patch.model));
  }
  return splice.build();
}

function asksForUsage(request: ChatRequest, patch: ChatPatch): boolean {
  return patch.includeUsage && request.stream;
}

function removeExtensions(request: ChatRequest, splice: RequestSplice): void {
  const { spans } = request;
  const members = EXTENSION_FIELDS.filter((name) => spans.has(name)).map((name) => ({
    start: spans.keyStart(name),
    end: spans.valueEnd(name),
  }));
  if (members.length === 0) return;
  splice.removeMembers(members.sort((one, other) => one.start - other.start));
}

function addDefaults(request: ChatRequest, patch: ChatPatch, splice: RequestSplice): void {
  for (const { name, json } of encodedDefaults(patch.defaultParams)) {
    if (isGiven(request.value, name)) continue;
    // These two are written below, together with what is set in them.
    if (name === 'chat_template_kwargs' && patch.enableThinking !== null) continue;
    if (name === 'stream_options' && (!request.stream || asksForUsage(request, patch))) continue;
    const written = nameOfDefault(name, patch);
    if (written !== null) splice.addMember(written, json);
  }
}

/** Of two defaults for the limit, the one of the upstream's name is meant for it; the other is left out (`null`). */
function nameOfDefault(name: string, { maxTokensField, defaultParams }: ChatPatch): string | null {
  if (maxTokensField === undefined || name === maxTokensField || !MAX_TOKENS_FIELDS.includes(name)) return name;
  return Object.hasOwn(defaultParams, maxTokensField) ? null : maxTokensField;
}

/** Vendors refuse the other name, or take no notice of it. A caller who gives both means something by it. */
function renameMaxTokens({ raw, spans }: ChatRequest, wanted: MaxTokensField, splice: RequestSplice): void {
  const other = wanted === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens';
  if (spans.has(wanted) || !spans.has(other)) return;
  const start = spans.keyStart(other);
  const key = JSON.stringify(other);
  // A key that is written with escapes is left alone.
  if (raw.toString('latin1', start, start + key.length) !== key) return;
  splice.replace(start, start + key.length, JSON.stringify(wanted));
}

function isGiven(body: Fields, name: string): boolean {
  if (MAX_TOKENS_FIELDS.includes(name)) return MAX_TOKENS_FIELDS.some((field) => Object.hasOwn(body, field));
  return Object.hasOwn(body, name);
}

interface EncodedParam {
  readonly name: string;
  readonly json: string;
}

/** Default params belong to an immutable snapshot and are the same object call after call. */
const ENCODED_DEFAULTS = new WeakMap<Fields, readonly EncodedParam[]>();

function encodedDefaults(params: Fields): readonly EncodedParam[] {
  let encoded = ENCODED_DEFAULTS.get(params);
  if (encoded === undefined) {
    encoded = Object.entries(params)
      .filter(([name, value]) => !NEVER_DEFAULT.has(name) && value !== undefined)
      .map(([name, value]) => ({ name, json: JSON.stringify(value) }));
    ENCODED_DEFAULTS.set(params, encoded);
  }
  return encoded;
}

interface MemberToSet {
  readonly field: 'chat_template_kwargs' | 'stream_options';
  readonly scan: ObjectScan;
  readonly value: boolean;
}

/** Writes one member of a top-level object, which is made where it is missing or no object. */
function setMember(request: ChatRequest, patch: ChatPatch, splice: RequestSplice, member: MemberToSet): void {
  const { field, scan, value } = member;
  const { spans } = request;
  const name = scan.name(0);
  if (!spans.has(field)) {
    const defaults = patch.defaultParams[field];
    splice.addMember(field, JSON.stringify({ ...(isObject(defaults) ? defaults : {}), [name]: value }));
    return;
  }
  const given = request.value[field];
  const span = { start: spans.valueStart(field), end: spans.valueEnd(field) };
  if (isObject(given) && splice.setNested(span, scan, JSON.stringify(value))) return;
  splice.replace(span.start, span.end, JSON.stringify({ ...(isObject(given) ? given : {}), [name]: value }));
}

function prependSystem(request: ChatRequest, prefix: string, splice: RequestSplice): void {
  const { raw, spans } = request;
  const index = request.messages.findIndex(isSystemMessage);
  const content = index < 0 ? -1 : contentStart(request, index);
  if (content >= 0 && raw[content] === QUOTE) {
    splice.replace(content + 1, content + 1, JSON.stringify(`${prefix}\n`).slice(1, -1));
  } else if (content >= 0 && raw[content] === OPEN_BRACKET) {
    const isEmpty = raw[skipSpace(raw, content + 1, raw.length)] === CLOSE_BRACKET;
    const part = JSON.stringify({ type: 'text', text: prefix });
    splice.replace(content + 1, content + 1, isEmpty ? part : `${part},`);
  } else {
    const first = spans.valueStart('messages') + 1;
    splice.replace(first, first, `${JSON.stringify({ role: 'system', content: prefix })},`);
  }
}

function isSystemMessage(message: Fields): boolean {
  if (message['role'] !== 'system' && message['role'] !== 'developer') return false;
  return typeof message['content'] === 'string' || Array.isArray(message['content']);
}

/** Where the content of a message begins in the raw body, or -1 where the message names it twice. */
function contentStart(request: ChatRequest, index: number): number {
  const { raw, spans } = request;
  const end = spans.valueEnd('messages');
  let position = skipSpace(raw, spans.valueStart('messages') + 1, end);
  for (let passed = 0; passed < index && raw[position] === OPEN_BRACE; passed++) {
    position = skipSpace(raw, skipValue(raw, position, end, DEFAULT_MAX_DEPTH), end);
    if (raw[position] === COMMA) position = skipSpace(raw, position + 1, end);
  }
  MESSAGE.runAt(raw, position, end);
  return MESSAGE.duplicate < 0 && MESSAGE.has(0) ? MESSAGE.valueStart(0) : -1;
}

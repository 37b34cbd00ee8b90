import {
  type AudioPart,
  type Citation,
  type Extensions,
  type FormatId,
  GatewayError,
  type ImagePart,
  type JsonFields,
  type Message,
  type Part,
  type ReasoningPart,
  type Role,
  type TextPart,
  type ToolCallPart,
} from '../../protocol/index.js';
import {
  checkShape,
  isFields,
  jsonText,
  listOf,
  numberOf,
  objectOf,
  refuse,
  restOf,
  textOf,
  withExtension,
  withInner,
} from '../fields.js';
import { openSignature } from '../signature-envelope.js';
import { decodeContent, decodePart } from './decode-parts.js';
import {
  ANNOTATION,
  ANSWERED_MESSAGE,
  CALLED_CUSTOM,
  CALLED_FUNCTION,
  FORMAT,
  MESSAGE,
  REASONING_DETAIL,
  SIGNED_TOOL_CALL,
  SPOKEN_AUDIO,
  TOOL_CALL,
  URL_CITATION,
} from './shapes.js';

const ROLES: Readonly<Record<string, Role>> = {
  system: 'system',
  developer: 'developer',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
  function: 'tool',
};

/** The messages of a request. @throws GatewayError 400 naming the field at fault */
export function decodeMessages(list: readonly unknown[]): Message[] {
  return list.map((value, index) => decodeMessage(value, `messages[${String(index)}]`));
}

function decodeMessage(value: unknown, path: string): Message {
  if (!isFields(value)) refuse(path, `'${path}' must be an object.`);
  checkShape(value, MESSAGE, path);
  const wireRole = textOf(value, 'role') ?? '';
  if (!Object.hasOwn(ROLES, wireRole)) refuse(`${path}.role`, `'${path}.role' is not a known role.`);
  checkParts(value, path);
  const role = ROLES[wireRole]!;
  if (role === 'tool') return decodeToolMessage(value, wireRole, path);
  const spoken = decodeSpoken(value);
  return { role, name: textOf(value, 'name'), ...spoken };
}

function checkParts(message: JsonFields, path: string): void {
  const content = message['content'];
  if (Array.isArray(content)) checkTyped(content, `${path}.content`);
  const calls = listOf(message, 'tool_calls');
  calls?.forEach((call, index) => {
    const at = `${path}.tool_calls[${String(index)}]`;
    if (!isFields(call)) refuse(at, `'${at}' must be an object.`);
    checkShape(call, TOOL_CALL, at);
  });
}

/** Every part is an object with a type. */
function checkTyped(parts: readonly unknown[], path: string): void {
  parts.forEach((part, index) => {
    if (isFields(part) && typeof part['type'] === 'string') return;
    const param = `${path}[${String(index)}]`;
    throw new GatewayError('invalid_request', `'${param}' must be an object with a type.`, { param });
  });
}

/** One message a result; the older `function` role names the function instead of a call. */
function decodeToolMessage(value: JsonFields, wireRole: string, path: string): Message {
  const name = textOf(value, 'name');
  const callId = textOf(value, 'tool_call_id') ?? (wireRole === 'function' ? name : undefined);
  if (callId === undefined) refuse(`${path}.tool_call_id`, `'${path}.tool_call_id' is required.`);
  const content = value['content'];
  const result: Part = {
    type: 'tool-result',
    callId,
    name,
    content: decodeContent(content),
    form: typeof content === 'string' ? 'string' : undefined,
  };
  return {
    role: 'tool',
    parts: [result],
    extensions: restOf(value, MESSAGE, FORMAT),
    form: wireRole === 'function' ? 'function' : undefined,
  };
}

/** What somebody said: parts in the order reasoning, content, refusal, tool calls. */
export interface Spoken {
  readonly parts: Part[];
  readonly extensions: Extensions | undefined;
  /** `string`, `list`, `object` or `none` for the content; then the fields that repeat the text of the reasoning's details. */
  readonly form: string;
}

/** Reads the fields of a message, the caller's or the model's. Takes what it can, never throws. */
export function decodeSpoken(value: JsonFields): Spoken {
  const reasoning = decodeReasoning(value);
  const parts: Part[] = reasoning.parts;
  const content = value['content'];
  const annotations = withAnnotations(
    isFields(content) ? [{ type: 'json', value: content }] : decodeContent(content),
    listOf(value, 'annotations'),
  );
  parts.push(...annotations.parts);
  parts.push(...(listOf(value, 'images')?.map(decodeOutputImage) ?? []));
  const refusal = textOf(value, 'refusal');
  if (refusal !== undefined) parts.push({ type: 'refusal', text: refusal });
  const audio = objectOf(value, 'audio');
  if (audio !== undefined) parts.push(decodeAudio(audio));
  const calls = decodeToolCalls(listOf(value, 'tool_calls'));
  parts.push(...calls.parts);
  let extensions = restOf(value, isFields(content) ? ANSWERED_MESSAGE : MESSAGE, FORMAT);
  for (const [name, left] of [
    ...reasoning.left,
    ['annotations', annotations.left],
    ['tool_calls', calls.left],
  ] as const)
    extensions = withExtension(extensions, FORMAT, name, left);
  return { parts, extensions, form: [contentForm(content), ...reasoning.forms].join(' ') };
}

function contentForm(content: unknown): string {
  if (typeof content === 'string') return 'string';
  return Array.isArray(content) ? 'list' : isFields(content) ? 'object' : 'none';
}

type LeftOver = readonly [name: string, value: unknown];

/** Reasoning stands in one of three fields; some providers repeat it in a second, which is then left as it is. */
function decodeReasoning(value: JsonFields): { parts: Part[]; left: LeftOver[]; forms: string[] } {
  const content = textOf(value, 'reasoning_content');
  const plain = textOf(value, 'reasoning');
  const details = listOf(value, 'reasoning_details');
  const left: LeftOver[] = [];
  if (details?.some(isFields) === true) {
    const parts = details.map(decodeReasoningDetail);
    const text = reasoningText(parts);
    const forms: string[] = [];
    for (const [name, repeated] of [
      ['reasoning', plain],
      ['reasoning_content', content],
    ] as const) {
      if (repeated === text) forms.push(name);
      else left.push([name, repeated]);
    }
    return { parts, left, forms };
  }
  left.push(['reasoning_details', details]);
  if (content !== undefined) {
    const forms = plain === content ? ['reasoning'] : [];
    if (forms.length === 0) left.push(['reasoning', plain]);
    return { parts: [{ type: 'reasoning', text: content, form: 'reasoning_content' }], left, forms };
  }
  if (plain === undefined) return { parts: [], left, forms: [] };
  return { parts: [{ type: 'reasoning', text: plain, form: 'reasoning' }], left, forms: [] };
}

/** What is said in reasoning parts, as the fields for plain text repeat it. */
export function reasoningText(parts: readonly Part[]): string {
  return parts.map((part) => (part.type === 'reasoning' ? part.text + (part.summary?.join('') ?? '') : '')).join('');
}

/** OpenRouter's names for those who sign; others sign for nobody else. */
const SIGNERS: Readonly<Record<string, FormatId>> = {
  'anthropic-claude-v1': 'anthropic-messages',
  'openai-responses-v1': 'openai-responses',
  'google-gemini-v1': 'gemini-generate-content',
};

export function decodeReasoningDetail(value: unknown): Part {
  if (!isFields(value)) return { type: 'opaque', format: FORMAT, value, form: 'reasoning_details' };
  const signer = textOf(value, 'format') ?? '';
  const origin = Object.hasOwn(SIGNERS, signer) ? SIGNERS[signer]! : FORMAT;
  const signature = textOf(value, 'signature');
  const data = textOf(value, 'data');
  const summary = textOf(value, 'summary');
  const part: ReasoningPart = {
    type: 'reasoning',
    text: textOf(value, 'text') ?? '',
    summary: summary === undefined ? undefined : [summary],
    id: textOf(value, 'id'),
    ...(signature === undefined ? {} : openSignature(signature, origin)),
    ...(data === undefined ? {} : { encrypted: { origin, value: data }, redacted: true }),
    extensions: restOf(value, REASONING_DETAIL, FORMAT),
    form: `details|${signer}|${textOf(value, 'type') ?? ''}|${String(numberOf(value, 'index') ?? '')}`,
  };
  return part;
}

function decodeOutputImage(value: unknown): Part {
  const part = decodePart(value);
  return part.type === 'image' ? ({ ...part, form: 'images' } satisfies ImagePart) : part;
}

/** Audio the model said before (`{id}`), or says now. */
function decodeAudio(value: JsonFields): AudioPart {
  const data = textOf(value, 'data');
  const id = textOf(value, 'id');
  return {
    type: 'audio',
    source: data === undefined ? { kind: 'file-id', fileId: id ?? '' } : { kind: 'data', data },
    transcript: textOf(value, 'transcript'),
    id,
    extensions: restOf(value, SPOKEN_AUDIO, FORMAT),
    form: 'audio',
  };
}

interface DecodedList {
  readonly parts: Part[];
  /** The list itself, where it says nothing or nothing readable. */
  readonly left: unknown;
}

export function decodeToolCalls(calls: readonly unknown[] | undefined): DecodedList {
  if (calls === undefined || !calls.every(isFields)) return { parts: [], left: calls };
  return { parts: calls.map(decodeToolCall), left: calls.length === 0 ? calls : undefined };
}

function decodeToolCall(value: JsonFields, index: number): ToolCallPart {
  const custom = objectOf(value, 'custom');
  const called = custom ?? objectOf(value, 'function') ?? {};
  const text = called[custom === undefined ? 'arguments' : 'input'];
  const signature = thoughtSignature(value);
  const outer = restOf(value, signature === undefined ? TOOL_CALL : SIGNED_TOOL_CALL, FORMAT);
  const inner = restOf(called, custom === undefined ? CALLED_FUNCTION : CALLED_CUSTOM, FORMAT);
  return {
    type: 'tool-call',
    id: textOf(value, 'id') ?? `call_${String(index)}`,
    name: textOf(called, 'name') ?? '',
    arguments: argumentsText(text),
    kind: custom === undefined ? undefined : 'custom',
    signature,
    extensions: withInner(outer, FORMAT, custom === undefined ? 'function' : 'custom', inner),
    form: formOfCall(value, text),
  };
}

/** Some providers write the arguments as an object: then their JSON. */
export function argumentsText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : jsonText(value);
}

function formOfCall(value: JsonFields, text: unknown): string | undefined {
  const index = numberOf(value, 'index');
  const forms = [
    ...(isFields(text) ? ['object'] : []),
    ...(index === undefined ? [] : [`index=${String(index)}`]),
    ...(textOf(value, 'id') === undefined ? ['no-id'] : []),
  ];
  return forms.length === 0 ? undefined : forms.join(' ');
}

/** Google's OpenAI-compatible surface gives the signature of a call here. */
export function thoughtSignature(value: JsonFields): ToolCallPart['signature'] {
  const google = objectOf(objectOf(value, 'extra_content') ?? {}, 'google') ?? {};
  const signature = textOf(google, 'thought_signature');
  return signature === undefined ? undefined : { origin: 'gemini-generate-content', value: signature };
}

/** Puts the annotations of a message on its last text. */
function withAnnotations(content: Part[], annotations: readonly unknown[] | undefined): DecodedList {
  const at = content.findLastIndex(({ type }) => type === 'text');
  if (annotations === undefined || annotations.length === 0 || at < 0) return { parts: content, left: annotations };
  const text = content[at] as TextPart;
  return { parts: content.with(at, { ...text, citations: annotations.map(decodeAnnotation) }), left: undefined };
}

export function decodeAnnotation(value: unknown): Citation {
  const fields = isFields(value) ? value : {};
  const url = objectOf(fields, 'url_citation') ?? {};
  return {
    kind: fields['type'] === 'url_citation' ? 'url' : 'other',
    url: textOf(url, 'url'),
    title: textOf(url, 'title'),
    start: numberOf(url, 'start_index'),
    end: numberOf(url, 'end_index'),
    extensions: withInner(
      restOf(fields, ANNOTATION, FORMAT),
      FORMAT,
      'url_citation',
      restOf(url, URL_CITATION, FORMAT),
    ),
    raw: { format: FORMAT, value: fields },
  };
}

import {
  type Extensions,
  GatewayError,
  type JsonFields,
  type Message,
  type Part,
  type ToolCallPart,
} from '../../protocol/index.js';
import { checkShape, isFields, listOf, objectOf, refuse, restOf, textOf, withExtension, withInner } from '../fields.js';
import { withCitations } from './decode-citation.js';
import { decodeContent } from './decode-content.js';
import { CALLED_FUNCTION, FORMAT, MESSAGE, TOOL_CALL } from './shapes.js';

const ROLES: Readonly<Record<string, 'system' | 'user' | 'assistant' | 'tool'>> = {
  system: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
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
  checkTyped(value, path);
  const role = ROLES[wireRole]!;
  return role === 'tool' ? decodeToolMessage(value, path) : { role, ...decodeSpoken(value) };
}

function checkTyped(message: JsonFields, path: string): void {
  const content = listOf(message, 'content') ?? [];
  content.forEach((part, index) => {
    if (isFields(part) && typeof part['type'] === 'string') return;
    const param = `${path}.content[${String(index)}]`;
    throw new GatewayError('invalid_request', `'${param}' must be an object with a type.`, { param });
  });
  listOf(message, 'tool_calls')?.forEach((call, index) => {
    const at = `${path}.tool_calls[${String(index)}]`;
    if (!isFields(call)) refuse(at, `'${at}' must be an object.`);
    checkShape(call, TOOL_CALL, at);
  });
}

function decodeToolMessage(value: JsonFields, path: string): Message {
  const callId = textOf(value, 'tool_call_id');
  if (callId === undefined) refuse(`${path}.tool_call_id`, `'${path}.tool_call_id' is required.`);
  const content = value['content'];
  const result: Part = {
    type: 'tool-result',
    callId,
    content: decodeContent(content),
    form: formOf(content),
  };
  return { role: 'tool', parts: [result], extensions: restOf(value, MESSAGE, FORMAT) };
}

function formOf(content: unknown): string {
  return typeof content === 'string' ? 'string' : Array.isArray(content) ? 'list' : 'none';
}

/** What somebody said: parts in the order plan, content, tool calls. */
export interface Spoken {
  readonly parts: Part[];
  readonly extensions: Extensions | undefined;
  /** `string`, `list` or `none` for the content. */
  readonly form: string;
}

/** Reads the fields of a message, the caller's or the model's. Takes what it can, never throws. */
export function decodeSpoken(value: JsonFields): Spoken {
  const plan = textOf(value, 'tool_plan');
  const citations = listOf(value, 'citations');
  const calls = listOf(value, 'tool_calls');
  const content = decodeContent(value['content']);
  const cited = citations === undefined || citations.length === 0 ? null : withCitations(content, citations);
  const readable = readableCalls(calls);
  let extensions = restOf(value, MESSAGE, FORMAT);
  if (cited === null) extensions = withExtension(extensions, FORMAT, 'citations', citations);
  if (readable.length === 0) extensions = withExtension(extensions, FORMAT, 'tool_calls', calls);
  return {
    parts: [
      ...(plan === undefined ? [] : [{ type: 'reasoning', text: plan, form: 'tool_plan' } as const]),
      ...(cited ?? content),
      ...readable.map(decodeToolCall),
    ],
    extensions,
    form: formOf(value['content']),
  };
}

/** None where one of them cannot be read: then the list stays as it is. */
function readableCalls(calls: readonly unknown[] | undefined): readonly JsonFields[] {
  return calls?.every(isFields) === true ? calls : [];
}

function decodeToolCall(value: JsonFields, index: number): ToolCallPart {
  const called = objectOf(value, 'function') ?? {};
  const inner = restOf(called, CALLED_FUNCTION, FORMAT);
  return {
    type: 'tool-call',
    id: textOf(value, 'id') ?? `call_${String(index)}`,
    name: textOf(called, 'name') ?? '',
    arguments: textOf(called, 'arguments') ?? '',
    extensions: withInner(restOf(value, TOOL_CALL, FORMAT), FORMAT, 'function', inner),
    form: formsOfCall(value, called),
  };
}

/** What of a call was left out. */
function formsOfCall(value: JsonFields, called: JsonFields): string | undefined {
  const forms = [
    ...(textOf(value, 'id') === undefined ? ['no-id'] : []),
    ...(textOf(value, 'type') === undefined ? ['no-type'] : []),
    ...(textOf(called, 'arguments') === undefined ? ['no-arguments'] : []),
  ];
  return forms.length === 0 ? undefined : forms.join(' ');
}

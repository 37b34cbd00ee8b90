import type { Extensions, JsonFields, Message, Part, ToolCallPart } from '../../protocol/index.js';
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
import { CallIds } from './call-ids.js';
import { decodeImage } from './images.js';
import { CALLED_FUNCTION, FORMAT, MESSAGE, TOOL_CALL } from './shapes.js';

const ROLES: ReadonlySet<string> = new Set(['system', 'user', 'assistant', 'tool']);

/** The messages of a request. @throws GatewayError 400 naming the field at fault */
export function decodeMessages(list: readonly unknown[]): Message[] {
  const ids = new CallIds('call_');
  return list.map((value, index) => decodeMessage(value, ids, `messages[${String(index)}]`));
}

function decodeMessage(value: unknown, ids: CallIds, path: string): Message {
  if (!isFields(value)) refuse(path, `'${path}' must be an object.`);
  checkShape(value, MESSAGE, path);
  const role = textOf(value, 'role') ?? '';
  if (!ROLES.has(role)) refuse(`${path}.role`, `'${path}.role' is not a known role.`);
  checkLists(value, path);
  if (role === 'tool') return decodeToolMessage(value, ids);
  const { parts, ...rest } = decodeSpoken(value, ids);
  const spoken = parts.length > 0 ? parts : [{ type: 'text' as const, text: '' }];
  return { role: role as Message['role'], parts: spoken, ...rest };
}

function checkLists(message: JsonFields, path: string): void {
  listOf(message, 'images')?.forEach((image, index) => {
    const at = `${path}.images[${String(index)}]`;
    if (typeof image !== 'string') refuse(at, `'${at}' must be a string.`);
  });
  listOf(message, 'tool_calls')?.forEach((call, index) => {
    const at = `${path}.tool_calls[${String(index)}]`;
    if (!isFields(call)) refuse(at, `'${at}' must be an object.`);
    checkShape(call, TOOL_CALL, at);
    checkShape(objectOf(call, 'function') ?? {}, CALLED_FUNCTION, `${at}.function`);
  });
}

function decodeToolMessage(value: JsonFields, ids: CallIds): Message {
  const id = textOf(value, 'tool_call_id');
  const name = textOf(value, 'tool_name');
  const { parts, extensions, form } = decodeSpoken(value, ids);
  const result: Part = {
    type: 'tool-result',
    callId: ids.answered(id, name),
    name,
    content: parts,
    form: id === undefined ? 'no-id' : undefined,
  };
  return { role: 'tool', parts: [result], extensions, form };
}

/** What somebody said: parts in the order thoughts, images, words, tool calls. Images are read before the words. */
export interface Spoken {
  readonly parts: Part[];
  readonly extensions: Extensions | undefined;
  /** `none` where the content is absent. */
  readonly form: string | undefined;
}

/** Reads the fields of a message, the caller's or the model's. Takes what it can, never throws. */
export function decodeSpoken(value: JsonFields, ids: CallIds): Spoken {
  const images = listOf(value, 'images');
  const calls = listOf(value, 'tool_calls');
  const readable = calls?.every(isFields) === true ? calls : [];
  const shown = images?.filter((one) => typeof one === 'string') ?? [];
  const parts = [...thoughtIn(value), ...shown.map(decodeImage), ...wordsIn(value)];
  for (const call of readable) parts.push(decodeToolCall(call, ids));
  let extensions = restOf(value, MESSAGE, FORMAT);
  // What is empty, or cannot be read, stays as it is.
  if (readable.length === 0) extensions = withExtension(extensions, FORMAT, 'tool_calls', calls);
  if (shown.length === 0) extensions = withExtension(extensions, FORMAT, 'images', images);
  return { parts, extensions, form: typeof value['content'] === 'string' ? undefined : 'none' };
}

function thoughtIn(value: JsonFields): Part[] {
  const text = textOf(value, 'thinking');
  return text === undefined ? [] : [{ type: 'reasoning', text }];
}

function wordsIn(value: JsonFields): Part[] {
  const text = textOf(value, 'content') ?? '';
  return text === '' ? [] : [{ type: 'text', text }];
}

export function decodeToolCall(value: JsonFields, ids: CallIds): ToolCallPart {
  const called = objectOf(value, 'function') ?? {};
  const id = textOf(value, 'id');
  const name = textOf(called, 'name') ?? '';
  const inner = restOf(called, CALLED_FUNCTION, FORMAT);
  return {
    type: 'tool-call',
    id: ids.called(id === '' ? undefined : id, name),
    name,
    arguments: argumentsText(called['arguments']),
    extensions: withInner(restOf(value, TOOL_CALL, FORMAT), FORMAT, 'function', inner),
    form: formsOfCall(value, called),
  };
}

/** An object on the wire; what is a text already stays one. */
function argumentsText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : jsonText(value);
}

/** What of a call cannot be told from the part. */
function formsOfCall(value: JsonFields, called: JsonFields): string | undefined {
  const id = textOf(value, 'id');
  const index = numberOf(called, 'index');
  const type = textOf(value, 'type');
  const given = called['arguments'];
  const forms = [
    ...(id === undefined ? ['no-id'] : id === '' ? ['empty-id'] : []),
    ...(type === undefined ? [] : [`type=${encodeURIComponent(type.toWellFormed())}`]),
    ...(index === undefined ? [] : [`index=${String(index)}`]),
    ...(given === undefined || given === null ? ['no-arguments'] : typeof given === 'string' ? ['text-arguments'] : []),
  ];
  return forms.length === 0 ? undefined : forms.join(' ');
}

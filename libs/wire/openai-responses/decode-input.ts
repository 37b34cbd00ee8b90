import type { JsonFields, Message, Part } from '../../protocol/index.js';
import { isFields, refuse, textOf } from '../fields.js';
import { type DecodedItem, decodeItem } from './decode-items.js';

/** `instructions` and `input` as messages. @throws GatewayError 400 naming the field at fault */
export function decodeInput(body: JsonFields): Message[] {
  const messages: Message[] = [];
  const instructions = textOf(body, 'instructions');
  if (instructions !== undefined)
    messages.push({ role: 'system', parts: [{ type: 'text', text: instructions }], form: 'instructions' });
  const input = body['input'];
  if (typeof input === 'string') return [...messages, { role: 'user', parts: [{ type: 'text', text: input }] }];
  if (Array.isArray(input)) pushItems(messages, input);
  // A stored prompt or an earlier response may be all there is.
  else if (
    body['prompt'] === undefined &&
    body['previous_response_id'] === undefined &&
    body['conversation'] === undefined
  )
    refuse('input', "'input' is required.");
  return messages;
}

/** What the model said and called between two turns of others is one turn, as in all other formats. */
function pushItems(messages: Message[], input: readonly unknown[]): void {
  let turn: Part[] | null = null;
  input.forEach((value, index) => {
    const item = decodeItem(checked(value, `input[${String(index)}]`));
    if (item.role === 'assistant' && item.parts.length > 0) {
      if (turn === null) {
        turn = [];
        messages.push({ role: 'assistant', parts: turn });
      }
      turn.push(...item.parts);
      return;
    }
    turn = null;
    messages.push(messageOf(item));
  });
}

function messageOf({ role, parts, extensions, form }: DecodedItem): Message {
  return { role, parts, extensions, form };
}

const ROLES: ReadonlySet<string> = new Set(['user', 'assistant', 'system', 'developer']);

/** The item, if it has what its type must have. */
function checked(value: unknown, path: string): JsonFields {
  if (!isFields(value)) refuse(path, `'${path}' must be an object.`);
  const { type } = value;
  if (type !== undefined && type !== null && typeof type !== 'string')
    refuse(`${path}.type`, `'${path}.type' must be a string.`);
  const check = CHECKS[type ?? 'message'];
  check?.(value, path);
  return value;
}

type Check = (item: JsonFields, path: string) => void;

const CHECKS: Readonly<Record<string, Check | undefined>> = Object.assign(
  Object.create(null) as Record<string, Check | undefined>,
  {
    message: checkMessage,
    function_call: texts('call_id', 'name', 'arguments'),
    custom_tool_call: texts('call_id', 'name', 'input'),
    function_call_output: checkOutput,
    custom_tool_call_output: checkOutput,
  },
);

function texts(...names: readonly string[]): Check {
  return (item, path) => {
    for (const name of names) {
      if (typeof item[name] === 'string') continue;
      refuse(`${path}.${name}`, `'${path}.${name}' must be a string.`);
    }
  };
}

function checkMessage(item: JsonFields, path: string): void {
  const role = item['role'];
  if (typeof role !== 'string' || !ROLES.has(role)) refuse(`${path}.role`, `'${path}.role' is not a known role.`);
  checkParts(item['content'], `${path}.content`);
}

function checkOutput(item: JsonFields, path: string): void {
  texts('call_id')(item, path);
  checkParts(item['output'], `${path}.output`);
}

/** A text, or a list of objects with a type. */
function checkParts(content: unknown, path: string): void {
  if (typeof content === 'string') return;
  if (!Array.isArray(content)) refuse(path, `'${path}' must be a string or an array.`);
  content.forEach((part, index) => {
    const at = `${path}[${String(index)}]`;
    if (!isFields(part) || typeof part['type'] !== 'string') refuse(at, `'${at}' must be an object with a type.`);
  });
}

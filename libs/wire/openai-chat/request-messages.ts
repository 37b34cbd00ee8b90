import { type Fields, isAbsent, isObject, refuse } from './request-fields.js';

const ROLES: ReadonlySet<unknown> = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function']);

/** Checks `messages` as far as the gateway reads them. Paths are built only for the refusal. */
export function checkMessages(value: unknown): readonly Fields[] {
  if (!Array.isArray(value)) {
    refuse('messages', value === undefined ? "'messages' is required." : "'messages' must be an array.");
  }
  if (value.length === 0) refuse('messages', "'messages' must not be empty.");
  for (let index = 0; index < value.length; index++) checkMessage(value[index], index);
  return value as readonly Fields[];
}

function checkMessage(message: unknown, index: number): void {
  if (!isObject(message)) refuseAt(index, '', 'must be an object');
  const role = message['role'];
  if (typeof role !== 'string') refuseAt(index, '.role', role === undefined ? 'is required' : 'must be a string');
  if (!ROLES.has(role)) refuseAt(index, '.role', `must be one of ${[...ROLES].join(', ')}`);
  const content = message['content'];
  if (typeof content !== 'string' && !isAbsent(content)) checkParts(content, index);
  const toolCalls = message['tool_calls'];
  if (!isAbsent(toolCalls)) checkToolCalls(toolCalls, index);
  const toolCallId = message['tool_call_id'];
  if (!isAbsent(toolCallId) && typeof toolCallId !== 'string') refuseAt(index, '.tool_call_id', 'must be a string');
}

function checkParts(parts: unknown, index: number): void {
  if (!Array.isArray(parts)) refuseAt(index, '.content', 'must be a string or an array of objects');
  for (let at = 0; at < parts.length; at++) {
    const part: unknown = parts[at];
    if (!isObject(part)) refuseAt(index, `.content[${String(at)}]`, 'must be an object');
    if (typeof part['type'] !== 'string') refuseAt(index, `.content[${String(at)}].type`, 'must be a string');
  }
}

function checkToolCalls(calls: unknown, index: number): void {
  if (!Array.isArray(calls)) refuseAt(index, '.tool_calls', 'must be an array');
  for (let at = 0; at < calls.length; at++) {
    const call: unknown = calls[at];
    if (!isObject(call)) refuseAt(index, `.tool_calls[${String(at)}]`, 'must be an object');
    checkOptionalString(call['id'], index, at, '.id');
    checkOptionalString(call['type'], index, at, '.type');
    const called = call['function'];
    if (isAbsent(called)) continue;
    if (!isObject(called)) refuseAt(index, `.tool_calls[${String(at)}].function`, 'must be an object');
    checkOptionalString(called['name'], index, at, '.function.name');
    checkOptionalString(called['arguments'], index, at, '.function.arguments');
  }
}

function checkOptionalString(value: unknown, index: number, at: number, field: string): void {
  if (isAbsent(value) || typeof value === 'string') return;
  refuseAt(index, `.tool_calls[${String(at)}]${field}`, 'must be a string');
}

function refuseAt(index: number, path: string, what: string): never {
  const param = `messages[${String(index)}]${path}`;
  refuse(param, `'${param}' ${what}.`);
}

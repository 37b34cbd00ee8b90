import { GatewayError } from '../../protocol/index.js';

/** Top-level fields of a chat request that the gateway reads, in the order of their slots. */
export const REQUEST_FIELDS = [
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'n',
  'temperature',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'seed',
  'logprobs',
  'top_logprobs',
  'stop',
  'tools',
  'tool_choice',
  'response_format',
  'user',
  'metadata',
  'chat_template_kwargs',
  'omni_route',
  'omni_provider',
  'omni_metadata',
  'fallback_models',
  'omni_cache',
  'omni_strict',
] as const;

export type RequestField = (typeof REQUEST_FIELDS)[number];

export type Fields = Readonly<Record<string, unknown>>;

const MAX_COUNT = 2 ** 31 - 1;
const MAX_NAME_CHARS = 256;

/** A 400 that names the field and never repeats what the caller wrote in it. */
export function refuse(param: string | null, message: string): never {
  throw new GatewayError('invalid_request', message, param === null ? {} : { param });
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

export function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME_CHARS;
}

/** Checks the type of every field the gateway reads but `messages` and its own extensions. `null` is left to stand. */
export function checkFields(body: Fields): void {
  for (const name of NUMBERS) checkNumber(body, name);
  for (const name of COUNTS) checkInteger(body, name, 1, MAX_COUNT);
  checkInteger(body, 'top_logprobs', 0, MAX_COUNT);
  checkInteger(body, 'seed', -Infinity, Infinity);
  checkBoolean(body, 'logprobs');
  checkBoolean(body, 'stream');
  checkStreamOptions(body['stream_options']);
  checkStop(body['stop']);
  checkTools(body['tools']);
  const choice = body['tool_choice'];
  if (!isAbsent(choice) && typeof choice !== 'string' && !isObject(choice)) {
    refuse('tool_choice', "'tool_choice' must be a string or an object.");
  }
  checkObject(body, 'response_format');
  checkObject(body, 'metadata');
  checkString(body, 'user');
}

const NUMBERS = ['temperature', 'top_p', 'presence_penalty', 'frequency_penalty'] as const;
const COUNTS = ['n', 'max_tokens', 'max_completion_tokens'] as const;

function checkNumber(body: Fields, name: RequestField): void {
  const value = body[name];
  // Number.isFinite: 1e999 is valid JSON and parses to Infinity.
  if (!isAbsent(value) && !Number.isFinite(value)) refuse(name, `'${name}' must be a number.`);
}

function checkInteger(body: Fields, name: RequestField, least: number, most: number): void {
  const value = body[name];
  if (isAbsent(value)) return;
  if (!Number.isInteger(value)) refuse(name, `'${name}' must be an integer.`);
  if ((value as number) < least) refuse(name, `'${name}' must be at least ${String(least)}.`);
  if ((value as number) > most) refuse(name, `'${name}' must be at most ${String(most)}.`);
}

function checkBoolean(body: Fields, name: RequestField): void {
  const value = body[name];
  if (!isAbsent(value) && typeof value !== 'boolean') refuse(name, `'${name}' must be a boolean.`);
}

function checkString(body: Fields, name: RequestField): void {
  const value = body[name];
  if (!isAbsent(value) && typeof value !== 'string') refuse(name, `'${name}' must be a string.`);
}

function checkObject(body: Fields, name: RequestField): void {
  const value = body[name];
  if (!isAbsent(value) && !isObject(value)) refuse(name, `'${name}' must be an object.`);
}

function checkStreamOptions(value: unknown): void {
  if (isAbsent(value)) return;
  if (!isObject(value)) refuse('stream_options', "'stream_options' must be an object.");
  const includeUsage = value['include_usage'];
  if (!isAbsent(includeUsage) && typeof includeUsage !== 'boolean') {
    refuse('stream_options.include_usage', "'stream_options.include_usage' must be a boolean.");
  }
}

function checkStop(value: unknown): void {
  if (isAbsent(value) || typeof value === 'string') return;
  if (!Array.isArray(value)) refuse('stop', "'stop' must be a string or an array of strings.");
  const wrong = value.findIndex((entry) => typeof entry !== 'string');
  if (wrong >= 0) refuse(`stop[${String(wrong)}]`, `'stop[${String(wrong)}]' must be a string.`);
}

function checkTools(value: unknown): void {
  if (isAbsent(value)) return;
  if (!Array.isArray(value)) refuse('tools', "'tools' must be an array.");
  for (let index = 0; index < value.length; index++) {
    const tool: unknown = value[index];
    const path = (): string => `tools[${String(index)}]`;
    if (!isObject(tool)) refuse(path(), `'${path()}' must be an object.`);
    if (typeof tool['type'] !== 'string') refuse(`${path()}.type`, `'${path()}.type' must be a string.`);
  }
}

import {
  type CanonicalRequest,
  type Extensions,
  GatewayError,
  type GenerationSettings,
  type JsonFields,
  type PromptCachePolicy,
  type ReasoningSettings,
} from '../../protocol/index.js';
import {
  booleanOf,
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
import type { RequestOrigin } from '../wire-format.js';
import { decodeInput } from './decode-input.js';
import { decodeFormat, decodeToolChoice, decodeTools } from './decode-tools.js';
import { FORMAT, INCLUDE_LOGPROBS, INCLUDE_THOUGHTS, REASONING_OPTIONS, REQUEST, TEXT_OPTIONS } from './shapes.js';

/**
 * Reads a request body of `POST /v1/responses`, parsed.
 * @throws GatewayError 400 that names the field at fault
 */
export function decodeRequest(body: unknown, origin: RequestOrigin = {}): CanonicalRequest {
  if (!isFields(body)) throw new GatewayError('invalid_request', 'The request body must be a JSON object.');
  checkShape(body, REQUEST, '');
  const model = textOf(body, 'model') ?? origin.model ?? '';
  if (model === '') refuse('model', "'model' is required.");
  const leftOver: LeftOver = { extensions: restOf(body, REQUEST, FORMAT), forms: formsOf(body) };
  takeDefaults(body, leftOver);
  const text = textOptions(body, leftOver);
  return {
    source: FORMAT,
    model,
    messages: decodeInput(body),
    ...toolFields(body),
    responseFormat: decodeFormat(text, leftOver),
    reasoning: decodeReasoning(body),
    generation: decodeGeneration(body, text),
    promptCache: decodePromptCache(body, leftOver),
    ...callerFields(body, leftOver),
    stream: booleanOf(body, 'stream') ?? origin.stream ?? false,
    extensions: leftOver.extensions,
    forms: leftOver.forms,
  };
}

function toolFields(body: JsonFields): Pick<CanonicalRequest, 'tools' | 'toolChoice' | 'parallelToolCalls'> {
  const tools = listOf(body, 'tools');
  const choice = body['tool_choice'] ?? undefined;
  return {
    tools: tools === undefined ? undefined : decodeTools(tools),
    toolChoice: choice === undefined ? undefined : decodeToolChoice(choice),
    parallelToolCalls: booleanOf(body, 'parallel_tool_calls'),
  };
}

/** Unknown fields, and known ones that say what another has said already. */
export interface LeftOver {
  extensions: Extensions | undefined;
  readonly forms: Record<string, string>;
}

function leave(leftOver: LeftOver, body: JsonFields, name: string): void {
  leftOver.extensions = withExtension(leftOver.extensions, FORMAT, name, body[name]);
}

/** What cannot be told from the canonical fields. */
function formsOf(body: JsonFields): Record<string, string> {
  return {
    ...(body['stream'] === false ? { stream: 'false' } : {}),
    ...(typeof body['input'] === 'string' ? { input: 'string' } : {}),
    ...(isFields(body['text']) ? { text: 'there' } : {}),
    ...(isFields(body['reasoning']) ? { reasoning: 'there' } : {}),
  };
}

/** Fields that say what holds anyway; leaving them out loses nothing. */
const DEFAULTS: Readonly<Record<string, unknown>> = { background: false, truncation: 'disabled' };

/** Parts of the answer to include that every target includes where it has them. */
const INCLUDED: ReadonlySet<unknown> = new Set([INCLUDE_THOUGHTS, INCLUDE_LOGPROBS]);

function takeDefaults(body: JsonFields, leftOver: LeftOver): void {
  const own = { ...leftOver.extensions?.[FORMAT] };
  for (const name in DEFAULTS) {
    if (own[name] !== DEFAULTS[name]) continue;
    leftOver.forms[name] = jsonText(own[name]);
    Reflect.deleteProperty(own, name);
  }
  const include = listOf(body, 'include');
  if (include !== undefined) {
    leftOver.forms['include'] = jsonText(include);
    const unknown = include.filter((one) => !INCLUDED.has(one));
    if (unknown.length > 0) own['include'] = unknown;
  }
  leftOver.extensions = Object.keys(own).length === 0 ? undefined : { [FORMAT]: own };
}

function textOptions(body: JsonFields, leftOver: LeftOver): JsonFields {
  const text = objectOf(body, 'text') ?? {};
  checkShape(text, TEXT_OPTIONS, 'text');
  leftOver.extensions = withInner(leftOver.extensions, FORMAT, 'text', restOf(text, TEXT_OPTIONS, FORMAT));
  return text;
}

function decodeGeneration(body: JsonFields, text: JsonFields): GenerationSettings {
  return {
    maxOutputTokens: numberOf(body, 'max_output_tokens'),
    temperature: numberOf(body, 'temperature'),
    topP: numberOf(body, 'top_p'),
    presencePenalty: numberOf(body, 'presence_penalty'),
    frequencyPenalty: numberOf(body, 'frequency_penalty'),
    logprobs: listOf(body, 'include')?.includes(INCLUDE_LOGPROBS) === true ? true : undefined,
    topLogprobs: numberOf(body, 'top_logprobs'),
    verbosity: textOf(text, 'verbosity'),
  };
}

function decodeReasoning(body: JsonFields): ReasoningSettings | undefined {
  const settings = objectOf(body, 'reasoning');
  if (settings === undefined) return undefined;
  checkShape(settings, REASONING_OPTIONS, 'reasoning');
  const effort = textOf(settings, 'effort');
  return {
    effort,
    enabled: effort === 'none' ? false : undefined,
    summary: textOf(settings, 'summary'),
    extensions: restOf(settings, REASONING_OPTIONS, FORMAT),
  };
}

const RETENTION: Readonly<Record<string, 'short' | 'long'>> = { in_memory: 'short', '24h': 'long' };

function decodePromptCache(body: JsonFields, leftOver: LeftOver): PromptCachePolicy | undefined {
  const key = textOf(body, 'prompt_cache_key');
  const word = textOf(body, 'prompt_cache_retention');
  if (key === undefined && word === undefined) return undefined;
  const retention = word !== undefined && Object.hasOwn(RETENTION, word) ? RETENTION[word] : undefined;
  if (retention === undefined) leave(leftOver, body, 'prompt_cache_retention');
  return { mode: 'best-effort', key, retention, breakpoint: { at: 'auto' } };
}

/** `safety_identifier` is the newer name of `user`. */
function callerFields(
  body: JsonFields,
  leftOver: LeftOver,
): Pick<CanonicalRequest, 'metadata' | 'user' | 'serviceTier' | 'store'> {
  const user = textOf(body, 'user');
  const identifier = textOf(body, 'safety_identifier');
  if (user !== undefined) leave(leftOver, body, 'safety_identifier');
  else if (identifier !== undefined) leftOver.forms['user'] = 'safety_identifier';
  return {
    metadata: objectOf(body, 'metadata'),
    user: user ?? identifier,
    serviceTier: textOf(body, 'service_tier'),
    store: booleanOf(body, 'store'),
  };
}

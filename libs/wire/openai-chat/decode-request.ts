import {
  type BuiltinTool,
  type CanonicalRequest,
  type Extensions,
  GatewayError,
  type GenerationSettings,
  type JsonFields,
  type PromptCachePolicy,
  type ReasoningSettings,
} from '../../protocol/index.js';
import {
  BOOLEAN,
  booleanOf,
  checkShape,
  isFields,
  listOf,
  NUMBER,
  numberOf,
  OBJECT,
  objectOf,
  refuse,
  restOf,
  shape,
  STRING,
  textOf,
  withExtension,
  withInner,
} from '../fields.js';
import type { RequestOrigin } from '../wire-format.js';
import { decodeMessages } from './decode-messages.js';
import { decodeResponseFormat, decodeToolChoice, decodeTools } from './decode-tools.js';
import { FORMAT, REQUEST } from './shapes.js';

/**
 * Reads a request body of `POST /v1/chat/completions`, parsed.
 * @throws GatewayError 400 that names the field at fault
 */
export function decodeRequest(body: unknown, origin: RequestOrigin = {}): CanonicalRequest {
  if (!isFields(body)) throw new GatewayError('invalid_request', 'The request body must be a JSON object.');
  checkShape(body, REQUEST, '');
  const model = textOf(body, 'model') ?? origin.model ?? '';
  if (model === '') refuse('model', "'model' is required.");
  const messages = listOf(body, 'messages');
  if (messages === undefined) refuse('messages', "'messages' is required.");
  const leftOver: LeftOver = { extensions: restOf(body, REQUEST, FORMAT), forms: formsOf(body) };
  return {
    source: FORMAT,
    model,
    messages: decodeMessages(messages),
    tools: toolsOf(body),
    toolChoice: toolChoiceOf(body),
    parallelToolCalls: booleanOf(body, 'parallel_tool_calls'),
    responseFormat: responseFormatOf(body, leftOver),
    reasoning: decodeReasoning(body, leftOver),
    generation: decodeGeneration(body, leftOver),
    modalities: textsOf(body, 'modalities'),
    audioOutput: decodeAudioOutput(body, leftOver),
    promptCache: decodePromptCache(body, leftOver),
    metadata: objectOf(body, 'metadata'),
    user: decodeUser(body, leftOver),
    serviceTier: textOf(body, 'service_tier'),
    store: booleanOf(body, 'store'),
    stream: booleanOf(body, 'stream') ?? origin.stream ?? false,
    includeUsage: decodeStreamOptions(body, leftOver),
    extensions: leftOver.extensions,
    forms: leftOver.forms,
  };
}

function toolChoiceOf(body: JsonFields): CanonicalRequest['toolChoice'] {
  const choice = body['tool_choice'];
  return choice === undefined || choice === null ? undefined : decodeToolChoice(choice);
}

/** Unknown fields, and known ones that say what another has said already. */
interface LeftOver {
  extensions: Extensions | undefined;
  readonly forms: Record<string, string>;
}

function leave(leftOver: LeftOver, body: JsonFields, name: string): void {
  leftOver.extensions = withExtension(leftOver.extensions, FORMAT, name, body[name]);
}

/** What cannot be told from the canonical fields. */
function formsOf(body: JsonFields): Record<string, string> {
  return body['stream'] === false ? { stream: 'false' } : {};
}

function responseFormatOf(body: JsonFields, leftOver: LeftOver): CanonicalRequest['responseFormat'] {
  const format = objectOf(body, 'response_format');
  const decoded = format === undefined ? undefined : decodeResponseFormat(format);
  if (decoded === undefined && format !== undefined) leave(leftOver, body, 'response_format');
  return decoded;
}

function textsOf(body: JsonFields, name: string): readonly string[] | undefined {
  return listOf(body, name)?.filter((value) => typeof value === 'string');
}

function toolsOf(body: JsonFields): CanonicalRequest['tools'] {
  const tools = listOf(body, 'tools');
  const search = objectOf(body, 'web_search_options');
  const decoded = tools === undefined ? undefined : decodeTools(tools);
  return search === undefined ? decoded : [...(decoded ?? []), decodeWebSearch(search)];
}

const WEB_SEARCH = shape({ search_context_size: STRING, user_location: OBJECT });

function decodeWebSearch(options: JsonFields): BuiltinTool {
  return {
    type: 'builtin',
    tool: 'web-search',
    settings: {
      contextSize: textOf(options, 'search_context_size'),
      userLocation: objectOf(options, 'user_location'),
    },
    extensions: restOf(options, WEB_SEARCH, FORMAT),
    form: 'web_search_options',
  };
}

function decodeGeneration(body: JsonFields, leftOver: LeftOver): GenerationSettings {
  const newer = numberOf(body, 'max_completion_tokens');
  const older = numberOf(body, 'max_tokens');
  if (newer !== undefined) leave(leftOver, body, 'max_tokens');
  else if (older !== undefined) leftOver.forms['maxOutputTokens'] = 'max_tokens';
  const seed = numberOf(body, 'seed');
  const randomSeed = numberOf(body, 'random_seed');
  if (seed !== undefined) leave(leftOver, body, 'random_seed');
  else if (randomSeed !== undefined) leftOver.forms['seed'] = 'random_seed';
  const stop = textOf(body, 'stop');
  if (stop !== undefined) leftOver.forms['stop'] = 'string';
  return {
    maxOutputTokens: newer ?? older,
    temperature: numberOf(body, 'temperature'),
    topP: numberOf(body, 'top_p'),
    topK: numberOf(body, 'top_k'),
    stop: stop === undefined ? textsOf(body, 'stop') : [stop],
    presencePenalty: numberOf(body, 'presence_penalty'),
    frequencyPenalty: numberOf(body, 'frequency_penalty'),
    seed: seed ?? randomSeed,
    choices: numberOf(body, 'n'),
    logprobs: booleanOf(body, 'logprobs'),
    topLogprobs: numberOf(body, 'top_logprobs'),
    logitBias: objectOf(body, 'logit_bias'),
    verbosity: textOf(body, 'verbosity'),
  };
}

/** OpenAI's effort; OpenRouter's and xAI's object; the switch of DeepSeek, Z.ai and others. The first that is there counts. */
function decodeReasoning(body: JsonFields, leftOver: LeftOver): ReasoningSettings | undefined {
  const effort = textOf(body, 'reasoning_effort');
  const settings = objectOf(body, 'reasoning');
  const thinking = objectOf(body, 'thinking');
  if (effort !== undefined) {
    leave(leftOver, body, 'reasoning');
    leave(leftOver, body, 'thinking');
    return { effort, enabled: effort === 'none' ? false : undefined, form: 'reasoning_effort' };
  }
  if (settings !== undefined) {
    leave(leftOver, body, 'thinking');
    return reasoningOf(settings);
  }
  return thinking === undefined ? undefined : thinkingOf(thinking);
}

const REASONING = shape({ effort: STRING, max_tokens: NUMBER, enabled: BOOLEAN, exclude: BOOLEAN, summary: STRING });

function reasoningOf(settings: JsonFields): ReasoningSettings {
  const exclude = booleanOf(settings, 'exclude');
  return {
    effort: textOf(settings, 'effort'),
    budgetTokens: numberOf(settings, 'max_tokens'),
    enabled: booleanOf(settings, 'enabled'),
    summary: textOf(settings, 'summary'),
    visible: exclude === undefined ? undefined : !exclude,
    extensions: restOf(settings, REASONING, FORMAT),
    form: 'reasoning',
  };
}

const THINKING = shape({ type: STRING, budget_tokens: NUMBER });

function thinkingOf(thinking: JsonFields): ReasoningSettings {
  const type = textOf(thinking, 'type');
  return {
    enabled: type === 'disabled' ? false : true,
    budgetTokens: numberOf(thinking, 'budget_tokens'),
    extensions: restOf(thinking, THINKING, FORMAT),
    form: `thinking ${type ?? ''}`,
  };
}

const AUDIO = shape({ voice: STRING, format: STRING });

function decodeAudioOutput(body: JsonFields, leftOver: LeftOver): CanonicalRequest['audioOutput'] {
  const audio = objectOf(body, 'audio');
  if (audio === undefined) return undefined;
  leftOver.extensions = withInner(leftOver.extensions, FORMAT, 'audio', restOf(audio, AUDIO, FORMAT));
  return { voice: textOf(audio, 'voice'), format: textOf(audio, 'format') };
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
function decodeUser(body: JsonFields, leftOver: LeftOver): string | undefined {
  const user = textOf(body, 'user');
  const identifier = textOf(body, 'safety_identifier');
  if (user !== undefined) leave(leftOver, body, 'safety_identifier');
  else if (identifier !== undefined) leftOver.forms['user'] = 'safety_identifier';
  return user ?? identifier;
}

const STREAM_OPTIONS = shape({ include_usage: BOOLEAN });

function decodeStreamOptions(body: JsonFields, leftOver: LeftOver): boolean | undefined {
  const options = objectOf(body, 'stream_options');
  if (options === undefined) return undefined;
  leftOver.extensions = withInner(
    leftOver.extensions,
    FORMAT,
    'stream_options',
    restOf(options, STREAM_OPTIONS, FORMAT),
  );
  return booleanOf(options, 'include_usage');
}

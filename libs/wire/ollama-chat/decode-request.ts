import { type CanonicalRequest, GatewayError, type JsonFields, type ReasoningSettings } from '../../protocol/index.js';
import {
  booleanOf,
  checkShape,
  isFields,
  listOf,
  numberOf,
  objectOf,
  refuse,
  restOf,
  textOf,
  withInner,
} from '../fields.js';
import type { RequestOrigin } from '../wire-format.js';
import { decodeMessages } from './decode-messages.js';
import { decodeFormat, decodeTools } from './decode-tools.js';
import { FORMAT, OPTIONS, REQUEST } from './shapes.js';

/**
 * Reads a request body of `POST /api/chat`, parsed. It streams unless it says otherwise.
 * @throws GatewayError 400 that names the field at fault
 */
export function decodeRequest(body: unknown, origin: RequestOrigin = {}): CanonicalRequest {
  if (!isFields(body)) throw new GatewayError('invalid_request', 'The request body must be a JSON object.');
  checkShape(body, REQUEST, '');
  const model = textOf(body, 'model') ?? origin.model ?? '';
  if (model === '') refuse('model', "'model' is required.");
  const messages = listOf(body, 'messages');
  if (messages === undefined) refuse('messages', "'messages' is required.");
  const tools = listOf(body, 'tools');
  const options = objectOf(body, 'options') ?? {};
  checkShape(options, OPTIONS, 'options');
  return {
    source: FORMAT,
    model,
    messages: decodeMessages(messages),
    tools: tools === undefined ? undefined : decodeTools(tools),
    responseFormat: decodeFormat(body['format']),
    reasoning: decodeThink(body['think']),
    generation: decodeGeneration(body, options),
    stream: booleanOf(body, 'stream') ?? true,
    extensions: withInner(restOf(body, REQUEST, FORMAT), FORMAT, 'options', otherOptions(options)),
    forms: formsOf(body, options),
  };
}

/** What cannot be told from the canonical fields. */
function formsOf(body: JsonFields, options: JsonFields): Record<string, string> {
  return {
    ...(booleanOf(body, 'stream') === undefined ? { stream: 'absent' } : {}),
    ...(body['options'] === undefined ? {} : { options: 'object' }),
    ...(textOf(options, 'stop') === undefined ? {} : { stop: 'string' }),
    ...(body['format'] === '' ? { format: 'empty' } : {}),
  };
}

/** As many tokens as there is room for: no limit at all. */
function isEndless(options: JsonFields): boolean {
  return (numberOf(options, 'num_predict') ?? 1) <= 0;
}

function otherOptions(options: JsonFields): ReturnType<typeof restOf> {
  const rest = restOf(options, OPTIONS, FORMAT);
  return isEndless(options) ? { [FORMAT]: { ...rest?.[FORMAT], num_predict: options['num_predict'] } } : rest;
}

function decodeGeneration(body: JsonFields, options: JsonFields): CanonicalRequest['generation'] {
  const stop = textOf(options, 'stop');
  return {
    maxOutputTokens: isEndless(options) ? undefined : numberOf(options, 'num_predict'),
    temperature: numberOf(options, 'temperature'),
    topP: numberOf(options, 'top_p'),
    topK: numberOf(options, 'top_k'),
    stop: stop === undefined ? listOf(options, 'stop')?.filter((value) => typeof value === 'string') : [stop],
    presencePenalty: numberOf(options, 'presence_penalty'),
    frequencyPenalty: numberOf(options, 'frequency_penalty'),
    seed: numberOf(options, 'seed'),
    logprobs: booleanOf(body, 'logprobs'),
    topLogprobs: numberOf(body, 'top_logprobs'),
  };
}

/** Whether to think, or how much. */
function decodeThink(value: unknown): ReasoningSettings | undefined {
  if (typeof value === 'boolean') return { enabled: value };
  return typeof value === 'string' ? { effort: value } : undefined;
}

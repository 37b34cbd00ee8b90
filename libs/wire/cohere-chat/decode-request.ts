import { type CanonicalRequest, GatewayError, type JsonFields, type ReasoningSettings } from '../../protocol/index.js';
import { booleanOf, checkShape, isFields, listOf, numberOf, objectOf, refuse, restOf, textOf } from '../fields.js';
import type { RequestOrigin } from '../wire-format.js';
import { decodeMessages } from './decode-messages.js';
import { decodeResponseFormat, decodeToolChoice, decodeTools } from './decode-tools.js';
import { withDocuments } from './documents.js';
import { FORMAT, REQUEST, THINKING_CONFIG } from './shapes.js';

/**
 * Reads a request body of `POST /v2/chat`, parsed.
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
  const strict = booleanOf(body, 'strict_tools');
  return {
    source: FORMAT,
    model,
    messages: withDocuments(decodeMessages(messages), listOf(body, 'documents')),
    tools: tools === undefined ? undefined : decodeTools(tools, strict),
    toolChoice: decodeToolChoice(textOf(body, 'tool_choice')),
    responseFormat: decodeResponseFormat(objectOf(body, 'response_format')),
    reasoning: decodeThinking(objectOf(body, 'thinking')),
    generation: decodeGeneration(body),
    stream: booleanOf(body, 'stream') ?? origin.stream ?? false,
    extensions: restOf(body, REQUEST, FORMAT),
    forms: formsOf(body),
  };
}

/** What cannot be told from the canonical fields. */
function formsOf(body: JsonFields): Record<string, string> {
  const strict = booleanOf(body, 'strict_tools');
  return {
    ...(body['stream'] === false ? { stream: 'false' } : {}),
    ...(strict === undefined ? {} : { strictTools: String(strict) }),
    ...(listOf(body, 'documents') === undefined ? {} : { documents: 'list' }),
  };
}

function decodeGeneration(body: JsonFields): CanonicalRequest['generation'] {
  return {
    maxOutputTokens: numberOf(body, 'max_tokens'),
    temperature: numberOf(body, 'temperature'),
    topP: numberOf(body, 'p'),
    topK: numberOf(body, 'k'),
    stop: listOf(body, 'stop_sequences')?.filter((value) => typeof value === 'string'),
    presencePenalty: numberOf(body, 'presence_penalty'),
    frequencyPenalty: numberOf(body, 'frequency_penalty'),
    seed: numberOf(body, 'seed'),
    logprobs: booleanOf(body, 'logprobs'),
  };
}

function decodeThinking(thinking: JsonFields | undefined): ReasoningSettings | undefined {
  if (thinking === undefined) return undefined;
  const type = textOf(thinking, 'type') ?? '';
  return {
    enabled: type === '' ? undefined : type !== 'disabled',
    budgetTokens: numberOf(thinking, 'token_budget'),
    extensions: restOf(thinking, THINKING_CONFIG, FORMAT),
    form: type,
  };
}

import {
  type CanonicalRequest,
  type Extensions,
  GatewayError,
  type JsonFields,
  type Message,
  type PromptCachePolicy,
  type ReasoningSettings,
  type ResponseFormat,
} from '../../protocol/index.js';
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
  withExtension,
  withInner,
} from '../fields.js';
import type { RequestOrigin } from '../wire-format.js';
import { decodeContent } from './decode-blocks.js';
import { decodeToolChoice, decodeTools } from './decode-tools.js';
import {
  CACHE_CONTROL,
  FORMAT,
  MESSAGE,
  METADATA,
  OUTPUT_CONFIG,
  OUTPUT_FORMAT,
  REQUEST,
  THINKING_CONFIG,
} from './shapes.js';

/**
 * Reads a request body of `POST /v1/messages` (versions 2023-06-01 and 2026-10-21), parsed; that of `count_tokens` too.
 * @throws GatewayError 400 that names the field at fault
 */
export function decodeRequest(body: unknown, origin: RequestOrigin = {}): CanonicalRequest {
  if (!isFields(body)) throw new GatewayError('invalid_request', 'The request body must be a JSON object.');
  checkShape(body, REQUEST, '');
  const model = textOf(body, 'model') ?? origin.model ?? '';
  if (model === '') refuse('model', "'model' is required.");
  const messages = listOf(body, 'messages');
  if (messages === undefined) refuse('messages', "'messages' is required.");
  const leftOver: LeftOver = { extensions: restOf(body, REQUEST, FORMAT) };
  return {
    source: FORMAT,
    model,
    messages: [...decodeSystem(body), ...messages.map(decodeMessage)],
    tools: decodeTools(listOf(body, 'tools'), listOf(body, 'mcp_servers')),
    ...choiceOf(body),
    responseFormat: decodeFormat(body, leftOver),
    reasoning: decodeReasoning(body),
    generation: {
      maxOutputTokens: numberOf(body, 'max_tokens'),
      temperature: numberOf(body, 'temperature'),
      topP: numberOf(body, 'top_p'),
      topK: numberOf(body, 'top_k'),
      stop: decodeStop(body),
    },
    promptCache: decodePromptCache(body),
    user: decodeUser(body, leftOver),
    serviceTier: textOf(body, 'service_tier'),
    stream: booleanOf(body, 'stream') ?? origin.stream ?? false,
    extensions: leftOver.extensions,
    forms: body['stream'] === false ? { stream: 'false' } : undefined,
  };
}

interface LeftOver {
  extensions: Extensions | undefined;
}

/** The instructions, a message like others in the canonical model; its form says that they stood in front. */
function decodeSystem(body: JsonFields): Message[] {
  const system = body['system'];
  if (typeof system === 'string') return [{ role: 'system', parts: decodeContent(system), form: 'system string' }];
  if (!Array.isArray(system)) return [];
  checkBlocks(system, 'system');
  return [{ role: 'system', parts: decodeContent(system), form: 'system list' }];
}

const ROLES: Readonly<Record<string, 'user' | 'assistant' | 'system'>> = {
  user: 'user',
  assistant: 'assistant',
  system: 'system',
};

function decodeMessage(value: unknown, index: number): Message {
  const path = `messages[${String(index)}]`;
  if (!isFields(value)) refuse(path, `'${path}' must be an object.`);
  checkShape(value, MESSAGE, path);
  const role = textOf(value, 'role') ?? '';
  if (!Object.hasOwn(ROLES, role)) refuse(`${path}.role`, `'${path}.role' must be user, assistant or system.`);
  const content = value['content'];
  if (content === undefined || content === null) refuse(`${path}.content`, `'${path}.content' is required.`);
  if (Array.isArray(content)) checkBlocks(content, `${path}.content`);
  return {
    role: ROLES[role]!,
    parts: decodeContent(content),
    extensions: restOf(value, MESSAGE, FORMAT),
    form: typeof content === 'string' ? 'string' : 'list',
  };
}

function checkBlocks(blocks: readonly unknown[], path: string): void {
  blocks.forEach((block, index) => {
    const at = `${path}[${String(index)}]`;
    if (!isFields(block) || typeof block['type'] !== 'string') refuse(at, `'${at}' must be an object with a type.`);
  });
}

function choiceOf(body: JsonFields): Pick<CanonicalRequest, 'toolChoice' | 'parallelToolCalls'> {
  const choice = objectOf(body, 'tool_choice');
  return choice === undefined ? {} : decodeToolChoice(choice);
}

function decodeStop(body: JsonFields): readonly string[] | undefined {
  return listOf(body, 'stop_sequences')?.filter((value) => typeof value === 'string');
}

/** `output_config.format`, or `output_format` of the beta before it. */
function decodeFormat(body: JsonFields, leftOver: LeftOver): ResponseFormat | undefined {
  const config = objectOf(body, 'output_config');
  if (config !== undefined)
    leftOver.extensions = withInner(
      leftOver.extensions,
      FORMAT,
      'output_config',
      restOf(config, OUTPUT_CONFIG, FORMAT),
    );
  const newer = config === undefined ? undefined : objectOf(config, 'format');
  const older = objectOf(body, 'output_format');
  const format = newer ?? older;
  if (format === undefined) return undefined;
  if (newer !== undefined) leftOver.extensions = withExtension(leftOver.extensions, FORMAT, 'output_format', older);
  const schema = objectOf(format, 'schema');
  if (format['type'] !== 'json_schema' || schema === undefined) {
    const at = newer === undefined ? 'output_format' : 'output_config.format';
    refuse(at, `'${at}' must be a JSON schema.`);
  }
  return {
    type: 'json-schema',
    schema,
    strict: true,
    extensions: restOf(format, OUTPUT_FORMAT, FORMAT),
    form: newer === undefined ? 'output_format' : 'output_config',
  };
}

const ENABLED: Readonly<Record<string, boolean>> = {
  enabled: true,
  adaptive: true,
  between_tools: true,
  disabled: false,
};

/** `thinking` and the effort of `output_config`. */
function decodeReasoning(body: JsonFields): ReasoningSettings | undefined {
  const thinking = objectOf(body, 'thinking');
  const effort = textOf(objectOf(body, 'output_config') ?? {}, 'effort');
  if (thinking === undefined) return effort === undefined ? undefined : { effort };
  const type = textOf(thinking, 'type') ?? '';
  const display = textOf(thinking, 'display');
  return {
    enabled: Object.hasOwn(ENABLED, type) ? ENABLED[type] : undefined,
    effort,
    budgetTokens: numberOf(thinking, 'budget_tokens'),
    visible: display === undefined ? undefined : display !== 'omitted',
    extensions: restOf(thinking, THINKING_CONFIG, FORMAT),
    form: display === undefined ? type : `${type} ${display}`,
  };
}

/** A breakpoint on the whole request: the API puts it where it fits. Those on blocks and tools stay there. */
function decodePromptCache(body: JsonFields): PromptCachePolicy | undefined {
  const control = objectOf(body, 'cache_control');
  if (control === undefined) return undefined;
  const ttl = textOf(control, 'ttl');
  return {
    mode: 'best-effort',
    retention: ttl === '1h' ? 'long' : ttl === '5m' ? 'short' : undefined,
    breakpoint: { at: 'auto' },
    extensions: restOf(control, CACHE_CONTROL, FORMAT),
    form: ttl ?? '',
  };
}

function decodeUser(body: JsonFields, leftOver: LeftOver): string | undefined {
  const metadata = objectOf(body, 'metadata');
  if (metadata === undefined) return undefined;
  leftOver.extensions = withInner(leftOver.extensions, FORMAT, 'metadata', restOf(metadata, METADATA, FORMAT));
  const user = textOf(metadata, 'user_id');
  if (user === undefined) leftOver.extensions = withExtension(leftOver.extensions, FORMAT, 'metadata', metadata);
  return user;
}

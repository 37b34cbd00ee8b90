import { type CanonicalRequest, type Extensions, GatewayError, type JsonFields } from '../../protocol/index.js';
import { booleanOf, checkShape, isFields, listOf, objectOf, refuse, restOf, textOf } from '../fields.js';
import type { RequestOrigin } from '../wire-format.js';
import { type DecodedConfig, decodeConfig, decodeSafety, withConfig } from './decode-config.js';
import { decodeMessages } from './decode-messages.js';
import { type DecodedToolConfig, decodeToolConfig, decodeTools } from './decode-tools.js';
import { camelNames } from './field-names.js';
import { FORMAT, REQUEST } from './shapes.js';

/**
 * Reads a request body of `generateContent` or `streamGenerateContent`, parsed; names in either spelling. Model and streaming
 * are told by the URL.
 * @throws GatewayError 400 that names the field at fault
 */
export function decodeRequest(value: unknown, origin: RequestOrigin = {}): CanonicalRequest {
  if (!isFields(value)) throw new GatewayError('invalid_request', 'The request body must be a JSON object.');
  const body = camelNames(value);
  checkShape(body, REQUEST, '');
  const model = modelOf(body, origin);
  if (!isGiven(body['contents'])) refuse('contents', "'contents' is required.");
  const given = objectOf(body, 'generationConfig');
  const config = decodeConfig(given ?? {});
  const toolConfig = objectOf(body, 'toolConfig');
  const tools = toolConfig === undefined ? null : decodeToolConfig(toolConfig);
  return {
    source: FORMAT,
    model,
    messages: decodeMessages(body),
    tools: decodeTools(body['tools']),
    toolChoice: tools?.toolChoice,
    ...config.fields,
    safety: safetyOf(body),
    metadata: objectOf(body, 'labels'),
    serviceTier: textOf(body, 'serviceTier'),
    store: booleanOf(body, 'store'),
    stream: origin.stream ?? false,
    extensions: extensionsOf(body, config, tools),
    forms: formsOf(given, tools, body),
  };
}

function modelOf(body: JsonFields, origin: RequestOrigin): string {
  const model = origin.model ?? textOf(body, 'model') ?? '';
  if (model === '') refuse('model', "'model' is required.");
  return model;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function safetyOf(body: JsonFields): CanonicalRequest['safety'] {
  const list = listOf(body, 'safetySettings');
  return list === undefined ? undefined : decodeSafety(list);
}

function extensionsOf(
  body: JsonFields,
  config: DecodedConfig,
  tools: DecodedToolConfig | null,
): Extensions | undefined {
  const own = withConfig(restOf(body, REQUEST, FORMAT), config.rest);
  const inner = tools?.extensions?.[FORMAT];
  return inner === undefined ? own : { ...own, [FORMAT]: { ...own?.[FORMAT], ...inner } };
}

/** What cannot be told from the canonical fields: objects that were there and said nothing. */
function formsOf(
  config: JsonFields | undefined,
  tools: DecodedToolConfig | null,
  body: JsonFields,
): Record<string, string> {
  return {
    ...(config === undefined ? {} : { generationConfig: 'there' }),
    ...(tools === null ? {} : { toolConfig: tools.hasCalling ? 'calling' : 'there' }),
    ...(isFields(body['tools']) ? { tools: 'only' } : {}),
    ...(typeof body['model'] === 'string' ? { model: body['model'] } : {}),
  };
}

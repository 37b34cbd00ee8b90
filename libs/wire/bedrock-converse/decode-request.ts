import {
  type CanonicalRequest,
  type Extensions,
  GatewayError,
  type JsonFields,
  type Message,
  type ResponseFormat,
} from '../../protocol/index.js';
import { parsed } from '../answer-bytes.js';
import {
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
import { type DecodedAdditional, decodeAdditional } from './decode-additional.js';
import { decodeBlocks } from './decode-blocks.js';
import { decodeToolConfig } from './decode-tools.js';
import {
  FORMAT,
  INFERENCE,
  JSON_SCHEMA,
  MESSAGE,
  OUTPUT_CONFIG,
  REQUEST,
  STRUCTURE,
  TEXT_FORMAT,
  TIER,
} from './shapes.js';

/**
 * Reads a request body of `POST /model/{modelId}/converse` or `…/converse-stream`, parsed. The model stands in the URL, or
 * as `modelId` beside the rest, as the SDKs take it.
 * @throws GatewayError 400 that names the field at fault
 */
export function decodeRequest(body: unknown, origin: RequestOrigin = {}): CanonicalRequest {
  if (!isFields(body)) throw new GatewayError('invalid_request', 'The request body must be a JSON object.');
  checkShape(body, REQUEST, '');
  const model = textOf(body, 'modelId') ?? origin.model ?? '';
  if (model === '') refuse('modelId', 'The model is required: in the path or as modelId.');
  const { extensions: ofTools, ...tools } = decodeToolConfig(objectOf(body, 'toolConfig'));
  const additional = decodeAdditional(objectOf(body, 'additionalModelRequestFields'));
  return {
    source: FORMAT,
    model,
    messages: [...decodeSystem(listOf(body, 'system')), ...decodeMessages(body)],
    ...tools,
    responseFormat: decodeFormat(objectOf(body, 'outputConfig')),
    reasoning: additional.reasoning,
    generation: decodeGeneration(objectOf(body, 'inferenceConfig') ?? {}, additional),
    metadata: objectOf(body, 'requestMetadata'),
    serviceTier: textOf(objectOf(body, 'serviceTier') ?? {}, 'type'),
    stream: origin.stream ?? false,
    extensions: extensionsOf(body, ofTools, additional),
    forms: formsOf(body, additional),
  };
}

/** The unknown fields of the body and of the objects in it. */
function extensionsOf(
  body: JsonFields,
  ofTools: Extensions | undefined,
  additional: DecodedAdditional,
): Extensions | undefined {
  const inference = restOf(objectOf(body, 'inferenceConfig') ?? {}, INFERENCE, FORMAT);
  const tier = restOf(objectOf(body, 'serviceTier') ?? {}, TIER, FORMAT);
  const output = outputRest(objectOf(body, 'outputConfig'));
  let all = restOf(body, REQUEST, FORMAT);
  all = withInner(all, FORMAT, 'inferenceConfig', inference);
  all = withInner(all, FORMAT, 'serviceTier', tier);
  all = withInner(all, FORMAT, 'additionalModelRequestFields', additional.extensions);
  all = withInner(all, FORMAT, 'outputConfig', output);
  return ofTools === undefined ? all : withExtension(all, FORMAT, 'toolConfig.', ofTools[FORMAT]?.['toolConfig.']);
}

/** Objects that may be empty, and where fields stood that have several places. */
function formsOf(body: JsonFields, { topKForm }: DecodedAdditional): Record<string, string> {
  const forms: Record<string, string> = {};
  for (const name of ['inferenceConfig', 'additionalModelRequestFields', 'outputConfig', 'toolConfig', 'serviceTier'])
    if (objectOf(body, name) !== undefined) forms[name] = 'given';
  if (textOf(body, 'modelId') !== undefined) forms['model'] = 'modelId';
  if (listOf(body, 'messages') === undefined) forms['messages'] = 'none';
  if (topKForm !== undefined) forms['topK'] = topKForm;
  return forms;
}

function decodeGeneration(inference: JsonFields, { topK }: DecodedAdditional): CanonicalRequest['generation'] {
  checkShape(inference, INFERENCE, 'inferenceConfig');
  return {
    maxOutputTokens: numberOf(inference, 'maxTokens'),
    temperature: numberOf(inference, 'temperature'),
    topP: numberOf(inference, 'topP'),
    topK,
    stop: listOf(inference, 'stopSequences')?.filter((value) => typeof value === 'string'),
  };
}

/** The instructions, a message like others in the canonical model. */
function decodeSystem(system: readonly unknown[] | undefined): Message[] {
  if (system === undefined) return [];
  checkBlocks(system, 'system');
  return [{ role: 'system', parts: decodeBlocks(system), form: 'system' }];
}

/** A prompt kept at AWS brings its own. */
function decodeMessages(body: JsonFields): Message[] {
  const messages = listOf(body, 'messages');
  if (messages === undefined && body['promptVariables'] === undefined) refuse('messages', "'messages' is required.");
  return (messages ?? []).map(decodeMessage);
}

function decodeMessage(value: unknown, index: number): Message {
  const path = `messages[${String(index)}]`;
  if (!isFields(value)) refuse(path, `'${path}' must be an object.`);
  checkShape(value, MESSAGE, path);
  const role = textOf(value, 'role');
  if (role !== 'user' && role !== 'assistant') refuse(`${path}.role`, `'${path}.role' must be user or assistant.`);
  const content = listOf(value, 'content');
  if (content === undefined) refuse(`${path}.content`, `'${path}.content' is required.`);
  checkBlocks(content, `${path}.content`);
  return { role, parts: decodeBlocks(content), extensions: restOf(value, MESSAGE, FORMAT) };
}

function checkBlocks(blocks: readonly unknown[], path: string): void {
  blocks.forEach((block, index) => {
    const at = `${path}[${String(index)}]`;
    if (!isFields(block) || Object.keys(block).length === 0) refuse(at, `'${at}' must be an object with a member.`);
  });
}

/** The objects around a schema, from the outside in. */
function levelsOf(config: JsonFields | undefined): {
  format?: JsonFields;
  structure?: JsonFields;
  schema?: JsonFields;
} {
  const format = config === undefined ? undefined : objectOf(config, 'textFormat');
  const structure = format === undefined ? undefined : objectOf(format, 'structure');
  const schema = structure === undefined ? undefined : objectOf(structure, 'jsonSchema');
  return {
    ...(format === undefined ? {} : { format }),
    ...(structure === undefined ? {} : { structure }),
    ...(schema === undefined ? {} : { schema }),
  };
}

/** The schema is JSON in a string; its text is kept where it is not as it would be written again. */
function decodeFormat(config: JsonFields | undefined): ResponseFormat | undefined {
  const { format, schema } = levelsOf(config);
  if (format === undefined) return undefined;
  const path = 'outputConfig.textFormat';
  const text = schema === undefined ? undefined : textOf(schema, 'schema');
  const value = text === undefined ? undefined : parsed(text);
  if (format['type'] !== 'json_schema' || schema === undefined || !isFields(value))
    refuse(path, `'${path}' must be a JSON schema.`);
  return {
    type: 'json-schema',
    name: textOf(schema, 'name'),
    description: textOf(schema, 'description'),
    schema: value,
    strict: true,
    form: JSON.stringify(value) === text ? undefined : text,
  };
}

function outputRest(config: JsonFields | undefined): Extensions | undefined {
  if (config === undefined) return undefined;
  const { format = {}, structure = {}, schema = {} } = levelsOf(config);
  const ofSchema = restOf(schema, JSON_SCHEMA, FORMAT);
  const ofStructure = withInner(restOf(structure, STRUCTURE, FORMAT), FORMAT, 'jsonSchema', ofSchema);
  const ofFormat = withInner(restOf(format, TEXT_FORMAT, FORMAT), FORMAT, 'structure', ofStructure);
  return withInner(restOf(config, OUTPUT_CONFIG, FORMAT), FORMAT, 'textFormat', ofFormat);
}

import {
  type EmbeddingEncoding,
  type EmbeddingPart,
  type EmbeddingRequest,
  type JsonFields,
  type MediaSource,
} from '../../protocol/index.js';
import { refuseInput, reportEmbedding, reportEncodings } from '../embedding-inputs.js';
import {
  booleanOf,
  listOf,
  objectOf,
  refuse,
  reportExtensions,
  restOf,
  textOf,
  withInner,
  writeExtensions,
} from '../fields.js';
import { countIn, modelOf, requestFields } from '../whole-request.js';
import type { EncodedRequest, EncodeRequestContext, RequestOrigin } from '../wire-format.js';
import { CONFIG, FORMAT, REQUEST } from './shapes.js';

type Out = Record<string, unknown>;

/**
 * Reads a body of InvokeModel for one of Titan's embedding models, parsed.
 * @throws GatewayError 400 that names the field at fault
 */
export function decodeRequest(body: unknown, origin: RequestOrigin = {}): EmbeddingRequest {
  const fields = requestFields(body, REQUEST);
  const config = objectOf(fields, 'embeddingConfig');
  const inner = config === undefined ? undefined : restOf(config, CONFIG, FORMAT);
  return {
    source: FORMAT,
    model: modelOf({}, origin),
    inputs: [{ parts: decodeParts(fields) }],
    dimensions: countIn(fields, 'dimensions') ?? countIn(config ?? {}, 'outputEmbeddingLength'),
    encodings: decodeTypes(fields),
    normalize: booleanOf(fields, 'normalize'),
    extensions: withInner(restOf(fields, REQUEST, FORMAT), FORMAT, 'embeddingConfig', inner),
  };
}

function decodeParts(fields: JsonFields): EmbeddingPart[] {
  const text = textOf(fields, 'inputText');
  const image = textOf(fields, 'inputImage');
  if (text === undefined && image === undefined) refuse('inputText', "'inputText' or 'inputImage' is required.");
  return [
    ...(text === undefined ? [] : [{ type: 'text' as const, text }]),
    ...(image === undefined ? [] : [{ type: 'image' as const, source: { kind: 'data' as const, data: image } }]),
  ];
}

function decodeTypes(body: JsonFields): readonly EmbeddingEncoding[] | undefined {
  const types = listOf(body, 'embeddingTypes');
  const isKnown = types?.every((type) => type === 'float' || type === 'binary') ?? true;
  if (!isKnown) refuse('embeddingTypes', "'embeddingTypes' may have 'float' and 'binary'.");
  return types as readonly EmbeddingEncoding[] | undefined;
}

/** What the generations of the family take. */
interface Generation {
  readonly dimensions: 'top' | 'config' | null;
  readonly settings: boolean;
}

/** Fields a model does not know are refused. */
function generationOf(model: string): Generation {
  if (model.includes('titan-embed-image')) return { dimensions: 'config', settings: false };
  if (/titan-embed-(?:text-v1|g1-text)/.test(model)) return { dimensions: null, settings: false };
  return { dimensions: 'top', settings: true };
}

/**
 * Writes a body of InvokeModel; the URL names the model.
 * @throws GatewayError 400 for more than one input: the models embed one a call
 */
export function encodeRequest(request: EmbeddingRequest, context: EncodeRequestContext): EncodedRequest {
  const { report } = context;
  const generation = generationOf(context.model ?? request.model);
  if (request.inputs.length > 1) refuse('input', 'The model embeds one input a call.');
  const out: Out = {};
  writeInput(out, request, generation, report);
  if (request.dimensions !== undefined) {
    if (generation.dimensions === 'top') out['dimensions'] = request.dimensions;
    if (generation.dimensions === 'config') out['embeddingConfig'] = { outputEmbeddingLength: request.dimensions };
  }
  if (generation.settings && request.normalize !== undefined) out['normalize'] = request.normalize;
  writeTypes(out, request, generation, report);
  const carried = new Set([
    ...(generation.dimensions === null ? [] : ['dimensions' as const]),
    ...(generation.settings ? ['normalize' as const] : []),
  ]);
  reportEmbedding(report, request, carried);
  writeExtensions(out, request.extensions, FORMAT);
  reportExtensions(report, request.extensions, FORMAT, '');
  return { body: out };
}

function writeTypes(
  out: Out,
  request: EmbeddingRequest,
  { settings }: Generation,
  report: EncodeRequestContext['report'],
): void {
  const { encodings = [], source } = request;
  reportEncodings(report, request, settings ? ['float', 'binary'] : ['float']);
  const wanted = encodings.filter((one) => one === 'float' || one === 'binary');
  if (settings && (wanted.includes('binary') || (source === FORMAT && encodings.length > 0)))
    out['embeddingTypes'] = wanted;
}

function writeInput(
  out: Out,
  { inputs }: EmbeddingRequest,
  { dimensions }: Generation,
  report: EncodeRequestContext['report'],
): void {
  const texts: string[] = [];
  for (const part of inputs[0]?.parts ?? []) {
    if (part.type === 'text') texts.push(part.text);
    else if (part.type === 'image' && dimensions === 'config') writeImage(out, part.source);
    else refuseInput(0, part.type);
  }
  if (texts.length > 1) report.add('inputs[0].parts', 'the texts are sent as one');
  if (texts.length > 0) out['inputText'] = texts.join('\n');
}

/** One image, given by its bytes. */
function writeImage(out: Out, source: MediaSource): void {
  if (source.kind !== 'data' || out['inputImage'] !== undefined) refuseInput(0, 'image');
  out['inputImage'] = source.data;
}

import type { CanonicalRequest, GenerationSettings, ResponseFormat } from '../../protocol/index.js';
import { given, isFields, reportExtensions, writeExtensions } from '../fields.js';
import { dropPromptCache, placeBreakpoint, withoutCache } from '../prompt-cache.js';
import { reportGeneration, reportRequestFields } from '../request-losses.js';
import type { EncodedRequest, EncodeRequestContext } from '../wire-format.js';
import { writeAdditional } from './encode-additional.js';
import { writeMessages } from './encode-messages.js';
import { writeTools } from './encode-tools.js';
import type { Encoding, Out } from './encoding.js';
import { familyOf, hasPromptCache } from './model-family.js';
import { FORMAT } from './shapes.js';

/** Writes a request body of `POST /model/{modelId}/converse` and `…/converse-stream`; model and streaming are in the URL. */
export function encodeRequest(request: CanonicalRequest, context: EncodeRequestContext): EncodedRequest {
  const { report, traits = {} } = context;
  const own = request.source === FORMAT;
  const model = context.model ?? request.model;
  const encoding: Encoding = { own, toCaller: false, report, traits, family: familyOf(model), names: new Set() };
  const cached = withCache(request, encoding);
  const out: Out = own && request.forms?.['model'] === 'modelId' ? { modelId: model } : {};
  writeMessages(out, cached.messages, encoding);
  if (own && request.forms?.['messages'] === 'none') Reflect.deleteProperty(out, 'messages');
  writeInference(out, request, encoding);
  writeTools(out, cached, encoding);
  writeAdditional(out, request, model, encoding);
  writeFormat(out, request, encoding);
  writeRest(out, request, encoding);
  writeExtensions(out, request.extensions, FORMAT);
  reportExtensions(report, request.extensions, FORMAT, '');
  refuseFields(out, encoding);
  return { body: out };
}

/** The request with its breakpoint where it belongs; models without a prompt cache get none. */
function withCache(request: CanonicalRequest, { own, report, family }: Encoding): CanonicalRequest {
  if (own) return request;
  if (!hasPromptCache(family)) {
    dropPromptCache(report, { ...request, messages: [], tools: [] });
    return request;
  }
  const { promptCache } = request;
  if (promptCache?.key !== undefined && promptCache.mode !== 'disabled')
    withoutCache(report, promptCache, 'promptCache.key', 'the target has no cache keys');
  reportExtensions(report, promptCache?.extensions, FORMAT, 'promptCache');
  return placeBreakpoint(withoutToolCache(request, family), report);
}

/** Amazon's own models keep instructions and messages, but no tools: the place is sought among the former. */
function withoutToolCache(request: CanonicalRequest, family: Encoding['family']): CanonicalRequest {
  const { promptCache } = request;
  if (!family.startsWith('nova') || promptCache?.breakpoint?.at !== 'auto') return request;
  return { ...request, promptCache: { ...promptCache, breakpoint: { at: 'end-of-instructions' } } };
}

const CARRIED: ReadonlySet<keyof GenerationSettings> = new Set([
  'maxOutputTokens',
  'temperature',
  'topP',
  // As a field of the model's.
  'topK',
  'stop',
]);

function writeInference(out: Out, request: CanonicalRequest, encoding: Encoding): void {
  const { own, report } = encoding;
  const { generation } = request;
  reportGeneration(report, generation, CARRIED);
  const inference = given({
    maxTokens: generation.maxOutputTokens,
    temperature: own ? generation.temperature : cooled(generation, encoding),
    topP: generation.topP,
    stopSequences: own ? generation.stop : stopsOf(generation, encoding),
  });
  const isGiven = own && request.forms?.['inferenceConfig'] === 'given';
  if (isGiven || Object.keys(inference).length > 0) out['inferenceConfig'] = inference;
  // So that the answer says which of them it was; models that do not tell pass over it.
  if (!own && inference['stopSequences'] !== undefined) out['additionalModelResponseFieldPaths'] = ['/stop_sequence'];
}

function cooled({ temperature }: GenerationSettings, { report }: Encoding): number | undefined {
  if (temperature === undefined || temperature <= 1) return temperature;
  report.add('generation.temperature', 'the target takes 1 at most');
  return 1;
}

/** Sequences without a word are refused. */
function stopsOf({ stop }: GenerationSettings, { report }: Encoding): readonly string[] | undefined {
  const kept = stop?.filter((sequence) => sequence.trim() !== '');
  if (kept?.length !== stop?.length)
    report.add('generation.stop', 'sequences without a word are refused by the target');
  return kept === undefined || kept.length === 0 ? undefined : kept;
}

function writeFormat(out: Out, { responseFormat, forms }: CanonicalRequest, { own, report }: Encoding): void {
  if (own && forms?.['outputConfig'] === 'given') out['outputConfig'] = {};
  if (responseFormat === undefined || responseFormat.type === 'text') return;
  if (responseFormat.type === 'json') {
    report.add('responseFormat', 'the target writes JSON by a schema only');
    return;
  }
  const { name, description } = responseFormat;
  const jsonSchema = given({ schema: schemaText(responseFormat, own), name: nameOf(name, own), description });
  out['outputConfig'] = { textFormat: { type: 'json_schema', structure: { jsonSchema } } };
  if (responseFormat.strict === false) report.add('responseFormat.strict', 'every schema of the target is strict');
  reportExtensions(report, responseFormat.extensions, FORMAT, 'responseFormat');
}

function schemaText(format: ResponseFormat & { type: 'json-schema' }, own: boolean): string {
  return own && format.form !== undefined ? format.form : JSON.stringify(format.schema);
}

function nameOf(name: string | undefined, own: boolean): string | undefined {
  return own ? name : name?.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 64);
}

function writeRest(out: Out, request: CanonicalRequest, { own, report }: Encoding): void {
  reportRequestFields(report, request, [
    'audioOutput',
    'modalities',
    'safety',
    'store',
    'user',
    // Tiers of other vendors are other words for other things.
    ...(own ? [] : (['serviceTier'] as const)),
  ]);
  if (own && request.forms?.['serviceTier'] === 'given') out['serviceTier'] = given({ type: request.serviceTier });
  const metadata = own ? request.metadata : plainMetadata(request, report);
  if (metadata !== undefined) out['requestMetadata'] = metadata;
}

const METADATA = /^[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}$/;
const MAX_METADATA = 16;

/** The service takes 16 texts of plain characters. */
function plainMetadata({ metadata }: CanonicalRequest, report: Encoding['report']): Out | undefined {
  const out: Out = {};
  for (const [name, value] of Object.entries(metadata ?? {})) {
    const isTaken = METADATA.test(name) && typeof value === 'string' && (value === '' || METADATA.test(value));
    if (isTaken && Object.keys(out).length < MAX_METADATA) out[name] = value;
    else report.add(`metadata.${name}`, 'the target takes 16 short texts of plain characters');
  }
  return Object.keys(out).length === 0 ? undefined : out;
}

/** What the provider refuses although the format has it; `inferenceConfig.topP` for a field of a field. */
function refuseFields(out: Out, { report, traits }: Encoding): void {
  for (const path of traits.refusedFields ?? []) {
    const [name = '', inner] = path.split('.', 2);
    const object = inner === undefined ? out : out[name];
    const field = inner ?? name;
    if (!isFields(object) || object[field] === undefined) continue;
    Reflect.deleteProperty(object, field);
    report.add(path, 'refused by the provider');
  }
}

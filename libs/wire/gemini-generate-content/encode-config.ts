import type { CanonicalRequest, GenerationSettings, ResponseFormat } from '../../protocol/index.js';
import { reportExtensions } from '../fields.js';
import { reportGeneration } from '../request-losses.js';
import type { TargetTraits } from '../wire-format.js';
import { ownForms } from './encode-media.js';
import type { MessageEncoding } from './encode-messages.js';
import { encodeThinking } from './encode-thinking.js';
import { googleSchemaOf } from './schema.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

const SETTINGS = [
  ['maxOutputTokens', 'maxOutputTokens'],
  ['temperature', 'temperature'],
  ['topP', 'topP'],
  ['topK', 'topK'],
  ['presencePenalty', 'presencePenalty'],
  ['frequencyPenalty', 'frequencyPenalty'],
  ['seed', 'seed'],
  ['choices', 'candidateCount'],
  ['logprobs', 'responseLogprobs'],
  ['topLogprobs', 'logprobs'],
] as const;
const CARRIED: ReadonlySet<keyof GenerationSettings> = new Set([...SETTINGS.map(([name]) => name), 'stop']);
/** More stop sequences are refused. */
const MAX_STOPS = 5;

/** Writes `generationConfig`; empty where nothing is asked for. */
export function encodeConfig(
  request: CanonicalRequest,
  model: string,
  encoding: MessageEncoding,
  traits: TargetTraits,
): Out {
  const { report, own } = encoding;
  const { generation, reasoning, responseFormat, modalities, audioOutput } = request;
  const out: Out = {};
  reportGeneration(report, generation, CARRIED);
  for (const [name, field] of SETTINGS) put(out, field, generation[name]);
  put(out, 'stopSequences', stopsOf(generation, encoding));
  if (responseFormat !== undefined) writeFormat(out, responseFormat, encoding);
  if (reasoning !== undefined)
    put(out, 'thinkingConfig', encodeThinking(reasoning, model, encoding, traits.reasoningStyle));
  if (modalities !== undefined && (own || modalities.some((one) => one !== 'text')))
    out['responseModalities'] = modalities.map((one) => one.toUpperCase());
  if (audioOutput !== undefined) writeVoice(out, audioOutput, encoding);
  return out;
}

function put(out: Out, field: string, value: unknown): void {
  if (value !== undefined) out[field] = value;
}

function stopsOf({ stop }: GenerationSettings, { own, report }: MessageEncoding): readonly string[] | undefined {
  if (own || stop === undefined) return stop;
  if (stop.length > MAX_STOPS)
    report.add('generation.stop', `the target takes ${String(MAX_STOPS)} at most; the first are sent`);
  return stop.length === 0 ? undefined : stop.slice(0, MAX_STOPS);
}

/** Name and strictness of a schema are OpenAI's; every schema binds here. */
function writeFormat(out: Out, format: ResponseFormat, encoding: MessageEncoding): void {
  const { own, report } = encoding;
  reportExtensions(report, format.extensions, FORMAT, 'responseFormat');
  if (format.type === 'text') {
    if (own) out['responseMimeType'] = 'text/plain';
    return;
  }
  const forms = ownForms(format.form, encoding);
  if (!forms.includes('no-type')) out['responseMimeType'] = 'application/json';
  if (format.type === 'json-schema') writeSchema(out, format, forms, own);
}

function writeSchema(
  out: Out,
  { schema, description }: Extract<ResponseFormat, { type: 'json-schema' }>,
  forms: readonly string[],
  own: boolean,
): void {
  if (forms.includes('google')) out['responseSchema'] = googleSchemaOf(schema);
  else if (forms.includes('responseSchema')) out['responseSchema'] = schema;
  else if (own || description === undefined || schema['description'] !== undefined) out['responseJsonSchema'] = schema;
  else out['responseJsonSchema'] = { description, ...schema };
}

function writeVoice(
  out: Out,
  { voice, format }: NonNullable<CanonicalRequest['audioOutput']>,
  { own, report }: MessageEncoding,
): void {
  if (own) {
    out['speechConfig'] = { voiceConfig: { prebuiltVoiceConfig: { voiceName: voice } } };
    return;
  }
  if (voice !== undefined) report.add('audioOutput.voice', 'voices of other providers are not known to the target');
  if (format !== undefined) report.add('audioOutput.format', 'not known to the target');
}

import type {
  CanonicalRequest,
  Extensions,
  GenerationSettings,
  JsonFields,
  ReasoningSettings,
  ResponseFormat,
  SafetySetting,
} from '../../protocol/index.js';
import {
  booleanOf,
  checkShape,
  isFields,
  listOf,
  numberOf,
  objectOf,
  restOf,
  textOf,
  withExtension,
  withInner,
} from '../fields.js';
import { camelNames } from './field-names.js';
import { jsonSchemaOf } from './schema.js';
import { FORMAT, GENERATION_CONFIG, SAFETY_SETTING, THINKING_CONFIG } from './shapes.js';

export interface DecodedConfig {
  readonly fields: Pick<CanonicalRequest, 'generation' | 'responseFormat' | 'reasoning' | 'modalities' | 'audioOutput'>;
  /** What has no place in the model, as fields of `generationConfig`. */
  readonly rest: Extensions | undefined;
}

/** Reads `generationConfig`. @throws GatewayError 400 that names the field at fault */
export function decodeConfig(value: JsonFields): DecodedConfig {
  const config = camelNames(value);
  checkShape(config, GENERATION_CONFIG, 'generationConfig');
  const format = decodeFormat(config);
  const speech = decodeSpeech(config);
  let rest = restOf(config, GENERATION_CONFIG, FORMAT);
  for (const name of [...format.left, ...speech.left]) rest = withExtension(rest, FORMAT, name, config[name]);
  return {
    fields: {
      generation: decodeGeneration(config),
      responseFormat: format.value,
      reasoning: decodeThinking(config),
      modalities: textsOf(config, 'responseModalities')?.map((one) => one.toLowerCase()),
      audioOutput: speech.value,
    },
    rest,
  };
}

function textsOf(fields: JsonFields, name: string): readonly string[] | undefined {
  return listOf(fields, name)?.filter((value) => typeof value === 'string');
}

function decodeGeneration(config: JsonFields): GenerationSettings {
  return {
    maxOutputTokens: numberOf(config, 'maxOutputTokens'),
    temperature: numberOf(config, 'temperature'),
    topP: numberOf(config, 'topP'),
    topK: numberOf(config, 'topK'),
    stop: textsOf(config, 'stopSequences'),
    presencePenalty: numberOf(config, 'presencePenalty'),
    frequencyPenalty: numberOf(config, 'frequencyPenalty'),
    seed: numberOf(config, 'seed'),
    choices: numberOf(config, 'candidateCount'),
    logprobs: booleanOf(config, 'responseLogprobs'),
    topLogprobs: numberOf(config, 'logprobs'),
  };
}

interface DecodedField<T> {
  readonly value: T | undefined;
  /** Fields that say something the value does not. */
  readonly left: readonly string[];
}

/** Of two schemas the one in JSON Schema counts. */
function decodeFormat(config: JsonFields): DecodedField<ResponseFormat> {
  const mimeType = textOf(config, 'responseMimeType');
  const json = objectOf(config, 'responseJsonSchema');
  const google = objectOf(config, 'responseSchema');
  if (mimeType !== undefined && mimeType !== 'application/json') return otherFormat(mimeType, json ?? google);
  const typeForm = mimeType === undefined ? 'no-type' : undefined;
  if (json !== undefined) {
    const left = google === undefined ? [] : ['responseSchema'];
    return { value: { type: 'json-schema', schema: json, form: typeForm }, left };
  }
  if (google !== undefined) return { value: googleFormat(google, typeForm), left: [] };
  return { value: mimeType === undefined ? undefined : { type: 'json' }, left: [] };
}

/** Types beside JSON: the model knows plain text, which has no schema. */
function otherFormat(mimeType: string, schema: JsonFields | undefined): DecodedField<ResponseFormat> {
  if (mimeType === 'text/plain' && schema === undefined) return { value: { type: 'text' }, left: [] };
  return { value: undefined, left: ['responseMimeType', 'responseSchema', 'responseJsonSchema'] };
}

function googleFormat(google: JsonFields, typeForm: string | undefined): ResponseFormat {
  const schema = jsonSchemaOf(google);
  const schemaForm = schema === google ? 'responseSchema' : 'google';
  return { type: 'json-schema', schema, form: typeForm === undefined ? schemaForm : `${schemaForm} ${typeForm}` };
}

const LEVELS: Readonly<Record<string, string>> = { MINIMAL: 'minimal', LOW: 'low', MEDIUM: 'medium', HIGH: 'high' };

/** A budget of 0 forbids thinking, one of -1 leaves it to the model. */
function decodeThinking(config: JsonFields): ReasoningSettings | undefined {
  const value = objectOf(config, 'thinkingConfig');
  if (value === undefined) return undefined;
  const thinking = camelNames(value);
  checkShape(thinking, THINKING_CONFIG, 'generationConfig.thinkingConfig');
  const budget = numberOf(thinking, 'thinkingBudget');
  const level = textOf(thinking, 'thinkingLevel');
  return {
    enabled: budget === 0 ? false : budget === -1 ? true : undefined,
    budgetTokens: budget !== undefined && budget > 0 ? budget : undefined,
    effort: level === undefined ? undefined : (LEVELS[level.toUpperCase()] ?? level),
    visible: booleanOf(thinking, 'includeThoughts'),
    extensions: restOf(thinking, THINKING_CONFIG, FORMAT),
    form: level,
  };
}

/** Only the name of a prebuilt voice has a place in the model. */
function decodeSpeech(config: JsonFields): DecodedField<NonNullable<CanonicalRequest['audioOutput']>> {
  const speech = objectOf(config, 'speechConfig');
  if (speech === undefined) return { value: undefined, left: [] };
  const voiceConfig = onlyField(speech, 'voiceConfig', 'voice_config');
  const prebuilt = onlyField(voiceConfig, 'prebuiltVoiceConfig', 'prebuilt_voice_config');
  const voice = prebuilt === undefined ? undefined : textOf(camelNames(prebuilt), 'voiceName');
  const only = voice !== undefined && Object.keys(prebuilt ?? {}).length === 1;
  return only ? { value: { voice }, left: [] } : { value: undefined, left: ['speechConfig'] };
}

function onlyField(fields: JsonFields | undefined, ...names: readonly string[]): JsonFields | undefined {
  const [name, ...more] = Object.keys(fields ?? {});
  if (name === undefined || more.length > 0 || !names.includes(name)) return undefined;
  return objectOf(fields!, name);
}

export function decodeSafety(list: readonly unknown[]): readonly SafetySetting[] {
  return list.filter(isFields).map((value) => {
    const fields = camelNames(value);
    return {
      category: textOf(fields, 'category') ?? '',
      threshold: textOf(fields, 'threshold') ?? '',
      extensions: restOf(fields, SAFETY_SETTING, FORMAT),
    };
  });
}

/** Extensions of the request with those of an object inside it. */
export function withConfig(extensions: Extensions | undefined, rest: Extensions | undefined): Extensions | undefined {
  return withInner(extensions, FORMAT, 'generationConfig', rest);
}

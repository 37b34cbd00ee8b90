import type { CanonicalRequest, GenerationSettings, ReasoningSettings } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import { dropPromptCache } from '../prompt-cache.js';
import { budgetOfEffort } from '../reasoning-effort.js';
import { reportGeneration, reportRequestFields } from '../request-losses.js';
import type { EncodedRequest, EncodeRequestContext } from '../wire-format.js';
import type { Encoding, Out } from './encode-content.js';
import { writeMessages } from './encode-messages.js';
import { writeTools } from './encode-tools.js';
import { FORMAT } from './shapes.js';

/** Writes a request body of `POST /v2/chat`. */
export function encodeRequest(request: CanonicalRequest, context: EncodeRequestContext): EncodedRequest {
  const { report, traits = {} } = context;
  const own = request.source === FORMAT;
  const encoding: Encoding = { own, toCaller: false, report };
  const out: Out = { model: context.model ?? request.model };
  writeMessages(out, request.messages, encoding);
  writeGeneration(out, request, encoding);
  writeTools(out, request, encoding);
  writeFormat(out, request, encoding);
  writeThinking(out, request.reasoning, encoding, traits.reasoningStyle === 'none');
  reportRequestFields(report, request, [
    'audioOutput',
    'metadata',
    'modalities',
    'safety',
    'serviceTier',
    'store',
    'user',
  ]);
  if (own) writeOwnForms(out, request);
  if (request.stream) out['stream'] = true;
  dropPromptCache(report, { ...request, messages: [], tools: [] });
  writeExtensions(out, request.extensions, FORMAT);
  reportExtensions(report, request.extensions, FORMAT, '');
  for (const name of traits.refusedFields ?? []) refuseField(out, name, encoding);
  return { body: out };
}

/** What says nothing, written because it was there. */
function writeOwnForms(out: Out, { forms }: CanonicalRequest): void {
  if (forms?.['documents'] === 'list') out['documents'] ??= [];
  if (forms?.['stream'] === 'false') out['stream'] = false;
}

function refuseField(out: Out, name: string, { report }: Encoding): void {
  if (out[name] === undefined) return;
  Reflect.deleteProperty(out, name);
  report.add(name, 'refused by the provider');
}

type Setting = keyof GenerationSettings;

const SETTINGS: readonly (readonly [setting: Setting, field: string])[] = [
  ['maxOutputTokens', 'max_tokens'],
  ['temperature', 'temperature'],
  ['topP', 'p'],
  ['topK', 'k'],
  ['stop', 'stop_sequences'],
  ['presencePenalty', 'presence_penalty'],
  ['frequencyPenalty', 'frequency_penalty'],
  ['seed', 'seed'],
  ['logprobs', 'logprobs'],
];
const CARRIED: ReadonlySet<Setting> = new Set(SETTINGS.map(([setting]) => setting));

/** What the API takes; more or less is refused. */
const RANGES: Readonly<Partial<Record<Setting, readonly [from: number, to: number]>>> = {
  topP: [0.01, 0.99],
  topK: [0, 500],
  presencePenalty: [0, 1],
  frequencyPenalty: [0, 1],
};
const MAX_STOPS = 5;

function writeGeneration(out: Out, { generation }: CanonicalRequest, encoding: Encoding): void {
  reportGeneration(encoding.report, generation, CARRIED);
  for (const [setting, field] of SETTINGS) {
    const value = generation[setting];
    if (value !== undefined) out[field] = encoding.own ? value : taken(setting, value, encoding);
  }
  const stop = generation.stop;
  if (encoding.own || stop === undefined) return;
  if (stop.length > MAX_STOPS)
    encoding.report.add('generation.stop', `the target takes ${String(MAX_STOPS)} at most; the first are sent`);
  if (stop.length === 0) Reflect.deleteProperty(out, 'stop_sequences');
  else out['stop_sequences'] = stop.slice(0, MAX_STOPS);
}

function taken(setting: Setting, value: unknown, { report }: Encoding): unknown {
  const range = RANGES[setting];
  if (range === undefined || typeof value !== 'number') return value;
  const near = Math.min(Math.max(value, range[0]), range[1]);
  if (near !== value) report.add(`generation.${setting}`, `the target takes ${range.join(' to ')}`);
  return near;
}

/** A schema's name is a label of OpenAI's; every schema holds here. */
function writeFormat(out: Out, { responseFormat: format }: CanonicalRequest, { own, report }: Encoding): void {
  if (format === undefined) return;
  reportExtensions(report, format.extensions, FORMAT, 'responseFormat');
  if (!own && (format.type === 'text' || !takesFormat(out, report))) return;
  const written: Out = { type: format.type === 'text' ? 'text' : 'json_object' };
  if (format.type === 'json-schema') {
    const { description, schema, form } = format;
    written[(own ? form : undefined) ?? 'json_schema'] = given({ description, ...schema });
  }
  writeExtensions(written, format.extensions, FORMAT);
  out['response_format'] = written;
}

function takesFormat(out: Out, report: Encoding['report']): boolean {
  if (out['tools'] === undefined && out['documents'] === undefined) return true;
  report.add('responseFormat', 'the target takes it neither with tools nor with documents');
  return false;
}

function writeThinking(out: Out, reasoning: ReasoningSettings | undefined, encoding: Encoding, never: boolean): void {
  if (reasoning === undefined) return;
  const { own, report } = encoding;
  reportExtensions(report, reasoning.extensions, FORMAT, 'reasoning');
  if (own) {
    const { form, budgetTokens } = reasoning;
    out['thinking'] = given({ type: form === '' ? undefined : form, token_budget: budgetTokens });
    writeExtensions(out['thinking'] as Out, reasoning.extensions, FORMAT);
    return;
  }
  reportUntold(reasoning, encoding);
  const refused = reasoning.enabled === false || reasoning.effort === 'none';
  if (refused) {
    if (!never) out['thinking'] = { type: 'disabled' };
  } else if (never) {
    report.add('reasoning', 'the model does not think');
  } else {
    out['thinking'] = given({ type: 'enabled', token_budget: budgetOf(reasoning, encoding) });
  }
}

function reportUntold({ summary, visible }: ReasoningSettings, { report }: Encoding): void {
  if (summary !== undefined && summary !== 'none') report.add('reasoning.summary', 'not known to the target');
  if (visible === false) report.add('reasoning.visible', 'not known to the target');
}

function budgetOf({ effort, budgetTokens }: ReasoningSettings, { report }: Encoding): number | undefined {
  if (budgetTokens !== undefined || effort === undefined) return budgetTokens;
  const budget = budgetOfEffort(effort);
  if (budget === undefined) report.add('reasoning.effort', 'not known to the target');
  return budget;
}

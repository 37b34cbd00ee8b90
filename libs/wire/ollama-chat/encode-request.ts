import type { CanonicalRequest, GenerationSettings, ReasoningSettings } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import { dropPromptCache } from '../prompt-cache.js';
import { reportGeneration, reportRequestFields } from '../request-losses.js';
import type { EncodedRequest, EncodeRequestContext, TargetTraits } from '../wire-format.js';
import { encodeMessages } from './encode-messages.js';
import type { Encoding, Out } from './encode-parts.js';
import { writeTools } from './encode-tools.js';
import { FORMAT } from './shapes.js';

/** Writes a request body of `POST /api/chat`. */
export function encodeRequest(request: CanonicalRequest, context: EncodeRequestContext): EncodedRequest {
  const { report, traits = {} } = context;
  const encoding: Encoding = { own: request.source === FORMAT, toCaller: false, report };
  const { forms = {} } = encoding.own ? request : {};
  const out: Out = { model: context.model ?? request.model, messages: encodeMessages(request.messages, encoding) };
  writeTools(out, request, encoding);
  writeFormat(out, request, encoding);
  writeOptions(out, request, encoding);
  if (request.reasoning !== undefined) writeThink(out, request.reasoning, encoding, traits.reasoningStyle);
  // Silence means a stream here.
  if (forms['stream'] !== 'absent' || !request.stream) out['stream'] = request.stream;
  reportRequestFields(report, request, [
    'audioOutput',
    'metadata',
    'modalities',
    'safety',
    'serviceTier',
    'store',
    'user',
  ]);
  dropPromptCache(report, { ...request, messages: [], tools: [] });
  writeExtensions(out, request.extensions, FORMAT);
  reportExtensions(report, request.extensions, FORMAT, '');
  for (const name of traits.refusedFields ?? []) refuseField(out, name, encoding);
  return { body: out };
}

function refuseField(out: Out, name: string, { report }: Encoding): void {
  if (out[name] === undefined) return;
  Reflect.deleteProperty(out, name);
  report.add(name, 'refused by the provider');
}

type Setting = keyof GenerationSettings;

const OPTIONS: readonly (readonly [setting: Setting, option: string])[] = [
  ['maxOutputTokens', 'num_predict'],
  ['temperature', 'temperature'],
  ['topP', 'top_p'],
  ['topK', 'top_k'],
  ['stop', 'stop'],
  ['presencePenalty', 'presence_penalty'],
  ['frequencyPenalty', 'frequency_penalty'],
  ['seed', 'seed'],
];
const CARRIED: ReadonlySet<Setting> = new Set([
  ...OPTIONS.map(([setting]) => setting),
  'logprobs' as const,
  'topLogprobs' as const,
]);

function writeOptions(out: Out, request: CanonicalRequest, encoding: Encoding): void {
  const { generation, extensions } = request;
  const forms = (encoding.own ? request.forms : undefined) ?? {};
  reportGeneration(encoding.report, generation, CARRIED);
  const options = given(Object.fromEntries(OPTIONS.map(([setting, option]) => [option, generation[setting]])));
  if (forms['stop'] === 'string') options['stop'] = generation.stop?.[0];
  dropNoLimit(options, encoding);
  // Other options of the format's own find their place there.
  const isWanted = (forms['options'] ?? extensions?.[FORMAT]?.['options.']) !== undefined;
  if (isWanted || Object.keys(options).length > 0) out['options'] = options;
  writeLogprobs(out, generation, encoding);
}

/** Nothing and less is no limit here; decoded from this format it is none either. */
function dropNoLimit(options: Out, { report }: Encoding): void {
  if (((options['num_predict'] as number | undefined) ?? 1) > 0) return;
  Reflect.deleteProperty(options, 'num_predict');
  report.add('generation.maxOutputTokens', 'the target takes no limit below 1');
}

function writeLogprobs(out: Out, { logprobs, topLogprobs }: GenerationSettings, { own }: Encoding): void {
  if (logprobs !== undefined && (own || logprobs)) out['logprobs'] = logprobs;
  if (topLogprobs !== undefined && (own || topLogprobs > 0)) out['top_logprobs'] = topLogprobs;
}

/** A schema's name is a label of OpenAI's; every schema holds here. */
function writeFormat(out: Out, { responseFormat: format, forms }: CanonicalRequest, { own, report }: Encoding): void {
  if (own && forms?.['format'] === 'empty') out['format'] = '';
  if (format === undefined) return;
  reportExtensions(report, format.extensions, FORMAT, 'responseFormat');
  if (format.type === 'json') out['format'] = 'json';
  if (format.type === 'json-schema') out['format'] = given({ description: format.description, ...format.schema });
}

/** Efforts as the models know them that know any. */
const EFFORTS: Readonly<Record<string, string>> = {
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
};

function writeThink(
  out: Out,
  reasoning: ReasoningSettings,
  encoding: Encoding,
  style: TargetTraits['reasoningStyle'],
): void {
  const { own, report } = encoding;
  const { enabled, effort } = reasoning;
  reportExtensions(report, reasoning.extensions, FORMAT, 'reasoning');
  if (own) {
    const think = enabled === false ? false : (effort ?? enabled);
    if (think !== undefined) out['think'] = think;
    return;
  }
  const refused = enabled === false || effort === 'none';
  reportUntold(reasoning, encoding, refused);
  if (refused) out['think'] = false;
  else if (style === 'none') report.add('reasoning', 'the model does not think');
  else out['think'] = effort === undefined ? true : levelOf(effort, encoding, style);
}

function reportUntold(
  { summary, visible, budgetTokens }: ReasoningSettings,
  { report }: Encoding,
  refused: boolean,
): void {
  if (summary !== undefined && summary !== 'none') report.add('reasoning.summary', 'not known to the target');
  if (visible === false) report.add('reasoning.visible', 'not known to the target');
  if (budgetTokens !== undefined && !refused) report.add('reasoning.budgetTokens', 'not known to the target');
}

/** Most models think or do not; servers refuse a level for those. */
function levelOf(effort: string, { report }: Encoding, style: TargetTraits['reasoningStyle']): string | boolean {
  const level = Object.hasOwn(EFFORTS, effort) ? EFFORTS[effort] : undefined;
  if (style !== 'effort' || level === undefined) {
    report.add('reasoning.effort', 'the target thinks or does not');
    return true;
  }
  if (level !== effort) report.add('reasoning.effort', `told as '${level}'`);
  return level;
}

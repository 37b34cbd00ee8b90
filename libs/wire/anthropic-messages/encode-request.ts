import type {
  CanonicalRequest,
  GenerationSettings,
  PromptCachePolicy,
  ReasoningSettings,
  ResponseFormat,
  ToolChoice,
} from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import { placeBreakpoint, withoutCache } from '../prompt-cache.js';
import { budgetOfEffort } from '../reasoning-effort.js';
import { reportGeneration, reportRequestFields } from '../request-losses.js';
import type { EncodedRequest, EncodeRequestContext } from '../wire-format.js';
import { type MessageEncoding, VERSION_2026, writeMessages } from './encode-messages.js';
import { writeTools } from './encode-tools.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** The API wants a limit; so many tokens where nothing else says. */
const DEFAULT_MAX_TOKENS = 4096;
/** The least the API takes for thinking. */
const MIN_BUDGET = 1024;

/** Writes a request body of `POST /v1/messages`. */
export function encodeRequest(request: CanonicalRequest, context: EncodeRequestContext): EncodedRequest {
  const { report, traits = {} } = context;
  const encoding: MessageEncoding = { own: request.source === FORMAT, toCaller: false, report, traits };
  const cached = encoding.own ? request : placeBreakpoint(request, report);
  const out: Out = { model: context.model ?? request.model };
  writeMessages(out, cached.messages, encoding);
  const needs = writeTools(out, cached, encoding);
  writeGeneration(out, request, encoding);
  writeReasoning(out, request, encoding);
  writeFormat(out, request.responseFormat, encoding);
  writeRest(out, request, encoding);
  writeCache(out, request, encoding);
  writeExtensions(out, request.extensions, FORMAT);
  reportExtensions(report, request.extensions, FORMAT, '');
  refuseFields(out, encoding);
  return { body: out, ...needs };
}

const CARRIED: ReadonlySet<keyof GenerationSettings> = new Set([
  'maxOutputTokens',
  'temperature',
  'topP',
  'topK',
  'stop',
]);

function writeGeneration(out: Out, request: CanonicalRequest, encoding: MessageEncoding): void {
  const { own, report, traits } = encoding;
  const { generation } = request;
  reportGeneration(report, generation, CARRIED);
  const limit = generation.maxOutputTokens ?? (own ? undefined : (traits.defaultMaxTokens ?? DEFAULT_MAX_TOKENS));
  if (limit !== undefined) out['max_tokens'] = limit;
  const stop = stopsOf(generation, encoding);
  if (stop !== undefined) out['stop_sequences'] = stop;
  writeSampling(out, generation, encoding);
}

/** Sequences without a word are refused. */
function stopsOf({ stop }: GenerationSettings, { own, report }: MessageEncoding): readonly string[] | undefined {
  if (own || stop === undefined) return stop;
  const taken = stop.filter((sequence) => sequence.trim() !== '');
  if (taken.length < stop.length) report.add('generation.stop', 'sequences without a word are refused by the target');
  return taken.length === 0 ? undefined : taken;
}

/** The newer version refuses all of these; the older one takes temperatures up to 1. */
function writeSampling(out: Out, generation: GenerationSettings, { own, report, traits }: MessageEncoding): void {
  for (const [name, field] of [
    ['temperature', 'temperature'],
    ['topP', 'top_p'],
    ['topK', 'top_k'],
  ] as const) {
    const value = generation[name];
    if (value === undefined) continue;
    if (traits.version === VERSION_2026) report.add(`generation.${name}`, `not known to version ${VERSION_2026}`);
    else out[field] = value;
  }
  if (own || !(Number(out['temperature']) > 1)) return;
  report.add('generation.temperature', 'the target takes 1 at most');
  out['temperature'] = 1;
}

function writeReasoning(out: Out, request: CanonicalRequest, encoding: MessageEncoding): void {
  const { reasoning } = request;
  const { own, report } = encoding;
  if (reasoning === undefined) return;
  if (reasoning.summary !== undefined) report.add('reasoning.summary', 'not known to the target');
  reportExtensions(report, reasoning.extensions, FORMAT, 'reasoning');
  if (own) writeOwnReasoning(out, reasoning);
  else writeForeignReasoning(out, request, reasoning, encoding);
}

function writeOwnReasoning(out: Out, { form, budgetTokens, effort, extensions }: ReasoningSettings): void {
  if (effort !== undefined) out['output_config'] = { effort };
  if (form === undefined) return;
  const [type, display] = form.split(' ');
  const thinking = given({ type, budget_tokens: budgetTokens, display });
  writeExtensions(thinking, extensions, FORMAT);
  out['thinking'] = thinking;
}

/** Efforts this format knows. */
const EFFORTS: ReadonlySet<string> = new Set(['low', 'medium', 'high', 'xhigh', 'max']);

function writeForeignReasoning(
  out: Out,
  request: CanonicalRequest,
  reasoning: ReasoningSettings,
  encoding: MessageEncoding,
): void {
  const { report, traits } = encoding;
  if (reasoning.enabled === false || reasoning.effort === 'none') {
    out['thinking'] = { type: 'disabled' };
    return;
  }
  if (!wantsThought(reasoning) || !canThink(out, request.toolChoice, encoding)) return;
  const display = reasoning.visible === false ? 'omitted' : undefined;
  if (traits.reasoningStyle === 'none') report.add('reasoning', 'the model does not think');
  else if (traits.reasoningStyle === 'adaptive' || traits.reasoningStyle === 'effort')
    writeAdaptive(out, reasoning, encoding, display);
  else writeBudget(out, request, reasoning, { ...encoding, display });
}

function wantsThought({ effort, budgetTokens, enabled }: ReasoningSettings): boolean {
  return effort !== undefined || budgetTokens !== undefined || enabled === true;
}

/** A forced tool and thinking are refused together; the tool is what the caller cannot do without. */
function canThink(out: Out, choice: ToolChoice | undefined, { report }: MessageEncoding): boolean {
  const forced =
    choice?.mode === 'tool' || choice?.mode === 'required' || (choice?.mode === 'allowed' && choice.required);
  if (!forced || out['tool_choice'] === undefined) return true;
  report.add('reasoning', 'the target does not think where a tool must be called');
  return false;
}

function writeAdaptive(
  out: Out,
  { effort, budgetTokens }: ReasoningSettings,
  { report }: MessageEncoding,
  display: string | undefined,
): void {
  out['thinking'] = given({ type: 'adaptive', display });
  if (budgetTokens !== undefined) report.add('reasoning.budgetTokens', 'the model finds its own measure');
  if (effort === undefined) return;
  const known = effort === 'minimal' ? 'low' : effort;
  if (EFFORTS.has(known)) out['output_config'] = { effort: known };
  else report.add('reasoning.effort', 'not known to the target');
}

/**
 * Thinking with a budget. It is part of the limit of the answer: a limit the caller set stays, and the budget goes below it;
 * a limit nobody set grows by it.
 */
function writeBudget(
  out: Out,
  request: CanonicalRequest,
  reasoning: ReasoningSettings,
  { report, display }: MessageEncoding & { display: string | undefined },
): void {
  const wanted = reasoning.budgetTokens ?? budgetOfEffort(reasoning.effort ?? 'medium');
  if (wanted === undefined) {
    report.add('reasoning.effort', 'not known to the target');
    return;
  }
  if (lacksThought(out['messages'] as readonly Out[])) {
    report.add('reasoning', 'the target wants the thoughts before the last tool calls back and they are not there');
    return;
  }
  const budget = budgetWithin(out, request, wanted);
  if (budget === null) {
    report.add(
      'reasoning',
      `the target thinks with ${String(MIN_BUDGET)} tokens at least, more than the answer may have`,
    );
    return;
  }
  if (reasoning.budgetTokens !== undefined && budget !== reasoning.budgetTokens)
    report.add('reasoning.budgetTokens', `sent as ${String(budget)}`);
  out['thinking'] = given({ type: 'enabled', budget_tokens: budget, display });
  dropSampling(out, report);
}

function budgetWithin(out: Out, { generation }: CanonicalRequest, wanted: number): number | null {
  const limit = Number(out['max_tokens']);
  if (generation.maxOutputTokens === undefined) {
    const budget = Math.max(MIN_BUDGET, wanted);
    out['max_tokens'] = limit + budget;
    return budget;
  }
  return limit > MIN_BUDGET ? Math.max(MIN_BUDGET, Math.min(wanted, limit - 1)) : null;
}

/** Whether the turn that is going on called tools without its thoughts: thinking is refused then. */
function lacksThought(messages: readonly Out[]): boolean {
  const last = messages.findLast(({ role }) => role === 'assistant');
  if (last === undefined || !Array.isArray(last['content'])) return false;
  const blocks = last['content'] as readonly Out[];
  return blocks.some(({ type }) => type === 'tool_use') && !THOUGHTS.has(blocks[0]?.['type']);
}

const THOUGHTS: ReadonlySet<unknown> = new Set(['thinking', 'redacted_thinking']);

/** Thinking is refused with other sampling than the model's own. */
function dropSampling(out: Out, report: MessageEncoding['report']): void {
  for (const [field, name] of [
    ['temperature', 'temperature'],
    ['top_k', 'topK'],
  ] as const) {
    if (out[field] === undefined || (field === 'temperature' && out[field] === 1)) continue;
    report.add(`generation.${name}`, 'refused by the target together with thinking');
    Reflect.deleteProperty(out, field);
  }
  if (out['top_p'] !== undefined && Number(out['top_p']) < 0.95) {
    report.add('generation.topP', 'with thinking the target takes 0.95 at least');
    out['top_p'] = 0.95;
  }
}

/** The name of a schema is a label of OpenAI's; every schema is strict here. */
function writeFormat(out: Out, format: ResponseFormat | undefined, { own, report }: MessageEncoding): void {
  if (format === undefined || format.type === 'text') return;
  if (format.type === 'json') {
    report.add('responseFormat', 'the target writes JSON by a schema only');
    return;
  }
  const schema =
    format.description === undefined || format.schema['description'] !== undefined
      ? format.schema
      : { description: format.description, ...format.schema };
  const written: Out = { type: 'json_schema', schema };
  writeExtensions(written, format.extensions, FORMAT);
  reportExtensions(report, format.extensions, FORMAT, 'responseFormat');
  if (own && format.form === 'output_format') out['output_format'] = written;
  else out['output_config'] = { ...(out['output_config'] as Out | undefined), format: written };
}

const NOT_CARRIED = ['audioOutput', 'metadata', 'modalities', 'safety', 'store'] as const;

function writeRest(out: Out, request: CanonicalRequest, { own, report }: MessageEncoding): void {
  reportRequestFields(report, request, own ? NOT_CARRIED : [...NOT_CARRIED, 'serviceTier']);
  if (request.user !== undefined) out['metadata'] = { user_id: request.user };
  if (own && request.serviceTier !== undefined) out['service_tier'] = request.serviceTier;
  writeStream(out, request, own);
  if (hasMoreConfig(request)) out['output_config'] ??= {};
}

function writeStream(out: Out, request: CanonicalRequest, own: boolean): void {
  if (request.stream) out['stream'] = true;
  else if (own && request.forms?.['stream'] === 'false') out['stream'] = false;
}

/** Fields of `output_config` that have no place in the model. */
function hasMoreConfig({ extensions }: CanonicalRequest): boolean {
  return extensions?.[FORMAT]?.['output_config.'] !== undefined;
}

/** Own requests get their breakpoint back; for others it was placed on a tool or a block. */
function writeCache(out: Out, { promptCache }: CanonicalRequest, { own, report }: MessageEncoding): void {
  if (promptCache === undefined || promptCache.mode === 'disabled') return;
  if (own) {
    writeOwnCache(out, promptCache);
    return;
  }
  const { key, retention = 'default', breakpoint } = promptCache;
  if (breakpoint === undefined && retention !== 'default')
    withoutCache(report, promptCache, 'promptCache.retention', 'the target tells it with a breakpoint only');
  if (key !== undefined) withoutCache(report, promptCache, 'promptCache.key', 'the target has no cache keys');
  reportExtensions(report, promptCache.extensions, FORMAT, 'promptCache');
}

function writeOwnCache(out: Out, { form, extensions }: PromptCachePolicy): void {
  if (form === undefined) return;
  const control = given({ type: 'ephemeral', ttl: form === '' ? undefined : form });
  writeExtensions(control, extensions, FORMAT);
  out['cache_control'] = control;
}

/** What the provider refuses although the format has it. */
function refuseFields(out: Out, { report, traits }: MessageEncoding): void {
  for (const name of traits.refusedFields ?? []) {
    if (out[name] === undefined) continue;
    Reflect.deleteProperty(out, name);
    report.add(name, 'refused by the provider');
  }
}

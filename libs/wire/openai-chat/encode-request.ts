import type { CanonicalRequest, GenerationSettings, LossReport, ReasoningSettings } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import { withoutCache } from '../prompt-cache.js';
import { effortOfBudget } from '../reasoning-effort.js';
import { reportGeneration, reportRequestFields } from '../request-losses.js';
import type { EncodedRequest, EncodeRequestContext } from '../wire-format.js';
import { encodeMessages, type MessageEncoding } from './encode-messages.js';
import { encodeResponseFormat, encodeToolChoice, writeTools } from './encode-tools.js';
import { FORMAT } from './shapes.js';

type Out = Record<string, unknown>;

/** Writes a request body of `POST /v1/chat/completions`. */
export function encodeRequest(request: CanonicalRequest, context: EncodeRequestContext): EncodedRequest {
  const { report, traits = {} } = context;
  const encoding: MessageEncoding = { own: request.source === FORMAT, report, traits };
  const out: Out = {
    model: context.model ?? request.model,
    messages: encodeMessages(request.messages, encoding),
  };
  writeGeneration(out, request, encoding);
  writeToolUse(out, request, encoding);
  if (request.responseFormat !== undefined)
    out['response_format'] = encodeResponseFormat(request.responseFormat, encoding);
  if (request.reasoning !== undefined) writeReasoning(out, request.reasoning, encoding);
  writeRest(out, request, encoding);
  writeStream(out, request, encoding);
  writeCache(out, request, encoding);
  writeExtensions(out, request.extensions, FORMAT);
  reportExtensions(report, request.extensions, FORMAT, '');
  refuseFields(out, encoding);
  return { body: out };
}

/** The choice of a tool is refused where there are none. */
function writeToolUse(out: Out, request: CanonicalRequest, encoding: MessageEncoding): void {
  writeTools(out, request, encoding);
  if (!encoding.own && out['tools'] === undefined) return;
  if (request.toolChoice !== undefined) out['tool_choice'] = encodeToolChoice(request.toolChoice, request, encoding);
  if (request.parallelToolCalls !== undefined) out['parallel_tool_calls'] = request.parallelToolCalls;
}

/** Settings whose names here are always the same. */
const SETTINGS = [
  ['temperature', 'temperature'],
  ['topP', 'top_p'],
  ['presencePenalty', 'presence_penalty'],
  ['frequencyPenalty', 'frequency_penalty'],
  ['choices', 'n'],
  ['logprobs', 'logprobs'],
  ['topLogprobs', 'top_logprobs'],
  ['logitBias', 'logit_bias'],
  ['verbosity', 'verbosity'],
] as const;
const CARRIED: ReadonlySet<keyof GenerationSettings> = new Set([
  ...SETTINGS.map(([name]) => name),
  'maxOutputTokens',
  'seed',
  'stop',
]);
/** Not OpenAI's, but of many servers of its format: written back to callers of theirs. */
const CARRIED_BACK: ReadonlySet<keyof GenerationSettings> = new Set([...CARRIED, 'topK']);

function writeGeneration(out: Out, request: CanonicalRequest, encoding: MessageEncoding): void {
  const { own, report, traits } = encoding;
  const { generation } = request;
  const forms = formsOf(request, own);
  reportGeneration(report, generation, own ? CARRIED_BACK : CARRIED);
  for (const [name, field] of SETTINGS) put(out, field, generation[name]);
  put(out, traits.maxTokensField ?? forms['maxOutputTokens'] ?? 'max_completion_tokens', generation.maxOutputTokens);
  put(out, forms['seed'] ?? 'seed', generation.seed);
  if (own) put(out, 'top_k', generation.topK);
  put(out, 'stop', forms['stop'] === 'string' ? generation.stop?.[0] : stopsOf(generation, encoding));
}

function formsOf({ forms }: CanonicalRequest, own: boolean): Readonly<Record<string, string>> {
  return own && forms !== undefined ? forms : {};
}

function put(out: Out, field: string, value: unknown): void {
  if (value !== undefined) out[field] = value;
}

/** More stop sequences are refused. */
const MAX_STOPS = 4;

function stopsOf({ stop }: GenerationSettings, { own, report }: MessageEncoding): readonly string[] | undefined {
  if (own || stop === undefined) return stop;
  if (stop.length > MAX_STOPS)
    report.add('generation.stop', `the target takes ${String(MAX_STOPS)} at most; the first are sent`);
  return stop.length === 0 ? undefined : stop.slice(0, MAX_STOPS);
}

function writeReasoning(out: Out, reasoning: ReasoningSettings, { own, report }: MessageEncoding): void {
  if (own && reasoning.form !== undefined && reasoning.form !== 'reasoning_effort') {
    writeOwnReasoning(out, reasoning, reasoning.form);
    return;
  }
  const effort = effortOf(reasoning);
  put(out, 'reasoning_effort', effort);
  if (reasoning.effort === undefined && reasoning.enabled !== false) reportUntold(reasoning, effort, report);
  if (reasoning.summary !== undefined && reasoning.summary !== 'none')
    report.add('reasoning.summary', 'not known to the target');
  if (reasoning.visible === true) report.add('reasoning.visible', 'not known to the target');
  reportExtensions(report, reasoning.extensions, FORMAT, 'reasoning');
}

/** What of the wish to think an effort cannot say. */
function reportUntold(reasoning: ReasoningSettings, effort: string | undefined, report: LossReport): void {
  if (reasoning.budgetTokens !== undefined)
    report.add('reasoning.budgetTokens', `told as the effort '${effort ?? ''}'`);
  else if (reasoning.enabled === true) report.add('reasoning.enabled', 'the model thinks as it does by itself');
}

function effortOf({ effort, enabled, budgetTokens }: ReasoningSettings): string | undefined {
  if (enabled === false) return 'none';
  if (effort !== undefined) return effort;
  return budgetTokens === undefined ? undefined : effortOfBudget(budgetTokens);
}

function writeOwnReasoning(out: Out, reasoning: ReasoningSettings, form: string): void {
  const { effort, budgetTokens, enabled, summary, visible } = reasoning;
  const [field = 'reasoning', type] = form.split(' ');
  const written =
    field === 'thinking'
      ? given({ type: type === '' ? undefined : type, budget_tokens: budgetTokens })
      : given({
          effort,
          max_tokens: budgetTokens,
          enabled,
          summary,
          exclude: visible === undefined ? undefined : !visible,
        });
  writeExtensions(written, reasoning.extensions, FORMAT);
  out[field] = written;
}

function writeRest(out: Out, request: CanonicalRequest, { own, report }: MessageEncoding): void {
  const forms = formsOf(request, own);
  // Tiers of other vendors are other words for other things.
  reportRequestFields(report, request, own ? ['safety'] : ['safety', 'serviceTier']);
  if (own) put(out, 'service_tier', request.serviceTier);
  if (own || saysMoreThanText(request.modalities)) put(out, 'modalities', request.modalities);
  if (request.audioOutput !== undefined) out['audio'] = given({ ...request.audioOutput });
  put(out, 'metadata', request.metadata);
  put(out, forms['user'] ?? 'user', request.user);
  put(out, 'store', request.store);
}

function saysMoreThanText(modalities: readonly string[] | undefined): boolean {
  return modalities?.some((one) => one !== 'text') === true;
}

/** Callers of other formats are told the usage of a stream without asking, so it is asked for. */
function writeStream(out: Out, request: CanonicalRequest, { own, traits }: MessageEncoding): void {
  if (!request.stream) {
    if (own && request.forms?.['stream'] === 'false') out['stream'] = false;
    return;
  }
  out['stream'] = true;
  if (traits.streamOptions === false) return;
  const includeUsage = request.includeUsage ?? (own ? undefined : true);
  if (includeUsage !== undefined || hasMoreOptions(request))
    out['stream_options'] = given({ include_usage: includeUsage });
}

function hasMoreOptions({ extensions }: CanonicalRequest): boolean {
  return extensions?.[FORMAT]?.['stream_options.'] !== undefined;
}

const RETENTION = { short: 'in_memory', long: '24h', default: undefined } as const;

/** OpenAI caches by itself; a caller can only keep calls together and say how long. */
function writeCache(out: Out, { promptCache, source }: CanonicalRequest, { own, report }: MessageEncoding): void {
  if (promptCache === undefined || promptCache.mode === 'disabled') return;
  const { key, retention, breakpoint } = promptCache;
  if (key !== undefined) out['prompt_cache_key'] = key;
  const word = RETENTION[retention ?? 'default'];
  if (word !== undefined) out['prompt_cache_retention'] = word;
  reportExtensions(report, promptCache.extensions, FORMAT, 'promptCache');
  const automatic = breakpoint === undefined || (breakpoint.at === 'auto' && source !== undefined);
  if (!own && !automatic)
    withoutCache(report, promptCache, 'promptCache.breakpoint', 'the target has no cache breakpoints');
}

/** What the provider refuses although the format has it. */
function refuseFields(out: Out, { report, traits }: MessageEncoding): void {
  for (const name of traits.refusedFields ?? []) {
    if (out[name] === undefined) continue;
    Reflect.deleteProperty(out, name);
    report.add(name, 'refused by the provider');
  }
}

import type { CanonicalRequest, GenerationSettings, ReasoningSettings } from '../../protocol/index.js';
import { given, reportExtensions, writeExtensions } from '../fields.js';
import { dropBreakpoints, withoutCache } from '../prompt-cache.js';
import { effortOfBudget } from '../reasoning-effort.js';
import { reportGeneration, reportRequestFields } from '../request-losses.js';
import type { EncodedRequest, EncodeRequestContext } from '../wire-format.js';
import { type InputEncoding, writeInput } from './encode-input.js';
import { encodeFormat, writeTools } from './encode-tools.js';
import { FORMAT, INCLUDE_LOGPROBS, INCLUDE_THOUGHTS } from './shapes.js';

type Out = Record<string, unknown>;

/** Writes a request body of `POST /v1/responses`. */
export function encodeRequest(request: CanonicalRequest, context: EncodeRequestContext): EncodedRequest {
  const { report, traits = {} } = context;
  const encoding: InputEncoding = { own: request.source === FORMAT, toCaller: false, report, traits };
  const out: Out = { model: context.model ?? request.model };
  writeInput(out, request.messages, encoding, request.forms?.['input'] === 'string');
  writeTools(out, request, encoding);
  writeText(out, request, encoding);
  if (request.reasoning !== undefined) writeReasoning(out, request.reasoning, encoding);
  writeGeneration(out, request, encoding);
  writeRest(out, request, encoding);
  writeCache(out, request, encoding);
  writeOwnForms(out, request, encoding);
  writeExtensions(out, request.extensions, FORMAT);
  reportExtensions(report, request.extensions, FORMAT, '');
  refuseFields(out, encoding);
  return { body: out };
}

function put(out: Out, field: string, value: unknown): void {
  if (value !== undefined) out[field] = value;
}

function writeText(out: Out, { responseFormat, generation, forms }: CanonicalRequest, encoding: InputEncoding): void {
  const text = given({
    format: responseFormat === undefined ? undefined : encodeFormat(responseFormat, encoding),
    verbosity: generation.verbosity,
  });
  if (Object.keys(text).length > 0 || (encoding.own && forms?.['text'] === 'there')) out['text'] = text;
}

function writeReasoning(out: Out, reasoning: ReasoningSettings, { own, report }: InputEncoding): void {
  const { effort, summary, extensions } = reasoning;
  reportExtensions(report, extensions, FORMAT, 'reasoning');
  if (own) {
    const written = given({ effort, summary });
    writeExtensions(written, extensions, FORMAT);
    out['reasoning'] = written;
    return;
  }
  const told = effortOf(reasoning);
  if (effort === undefined && reasoning.enabled !== false) reportUntold(reasoning, told, report);
  const shown = summary ?? (reasoning.visible === true ? 'auto' : undefined);
  const written = given({ effort: told, summary: shown === 'none' ? undefined : shown });
  if (Object.keys(written).length > 0) out['reasoning'] = written;
}

/** What of the wish to think an effort cannot say. */
function reportUntold(
  { budgetTokens, enabled }: ReasoningSettings,
  effort: string | undefined,
  report: InputEncoding['report'],
): void {
  if (budgetTokens !== undefined) report.add('reasoning.budgetTokens', `told as the effort '${effort ?? ''}'`);
  else if (enabled === true) report.add('reasoning.enabled', 'the model thinks as it does by itself');
}

function effortOf({ effort, enabled, budgetTokens }: ReasoningSettings): string | undefined {
  if (enabled === false) return 'none';
  return effort ?? (budgetTokens === undefined ? undefined : effortOfBudget(budgetTokens));
}

const CARRIED: ReadonlySet<keyof GenerationSettings> = new Set([
  'maxOutputTokens',
  'temperature',
  'topP',
  'logprobs',
  'topLogprobs',
  'verbosity',
]);
/** Not OpenAI's, but of others of its format: written back to callers of theirs. */
const CARRIED_BACK: ReadonlySet<keyof GenerationSettings> = new Set([
  ...CARRIED,
  'presencePenalty',
  'frequencyPenalty',
]);
/** Less is refused. */
const MIN_OUTPUT_TOKENS = 16;

function writeGeneration(out: Out, { generation }: CanonicalRequest, { own, report }: InputEncoding): void {
  reportGeneration(report, generation, own ? CARRIED_BACK : CARRIED);
  const { maxOutputTokens } = generation;
  const tooFew = !own && maxOutputTokens !== undefined && maxOutputTokens < MIN_OUTPUT_TOKENS;
  if (tooFew) report.add('generation.maxOutputTokens', `sent as ${String(MIN_OUTPUT_TOKENS)}, the least of the target`);
  put(out, 'max_output_tokens', tooFew ? MIN_OUTPUT_TOKENS : maxOutputTokens);
  put(out, 'temperature', generation.temperature);
  put(out, 'top_p', generation.topP);
  put(out, 'top_logprobs', generation.topLogprobs);
  if (!own) return;
  put(out, 'presence_penalty', generation.presencePenalty);
  put(out, 'frequency_penalty', generation.frequencyPenalty);
}

const NOT_CARRIED = ['audioOutput', 'modalities', 'safety'] as const;

function writeRest(out: Out, request: CanonicalRequest, encoding: InputEncoding): void {
  const { own, report } = encoding;
  // Tiers of other vendors are other words for other things, but those of Chat Completions are the same.
  const isOpenAi = own || request.source === 'openai-chat';
  reportRequestFields(report, request, isOpenAi ? NOT_CARRIED : [...NOT_CARRIED, 'serviceTier']);
  if (isOpenAi) put(out, 'service_tier', request.serviceTier);
  put(out, 'metadata', request.metadata);
  if (own) writeOwnRest(out, request);
  else writeForeignRest(out, request);
  if (request.stream) out['stream'] = true;
}

function writeOwnRest(out: Out, { user, store, forms }: CanonicalRequest): void {
  put(out, forms?.['user'] ?? 'user', user);
  put(out, 'store', store);
  if (forms?.['stream'] === 'false') out['stream'] = false;
}

/** Callers of other formats do not expect their calls to be kept; their thoughts travel with them instead. */
function writeForeignRest(out: Out, request: CanonicalRequest): void {
  put(out, 'user', request.user);
  out['store'] = request.store ?? false;
  writeInclude(out, request);
}

function writeInclude(out: Out, { reasoning, generation }: CanonicalRequest): void {
  const include = [
    ...(out['reasoning'] !== undefined && reasoning?.enabled !== false ? [INCLUDE_THOUGHTS] : []),
    ...(generation.logprobs === true ? [INCLUDE_LOGPROBS] : []),
  ];
  if (include.length > 0) out['include'] = include;
}

/** Fields that say what holds anyway, but were written. */
function writeOwnForms(out: Out, { forms }: CanonicalRequest, { own }: InputEncoding): void {
  if (!own || forms === undefined) return;
  for (const name of ['include', 'background', 'truncation'] as const) {
    const text = forms[name];
    if (text !== undefined) out[name] = JSON.parse(text);
  }
}

const RETENTION = { short: 'in_memory', long: '24h', default: undefined } as const;

/** OpenAI caches by itself; a caller can only keep calls together and say how long. */
function writeCache(out: Out, request: CanonicalRequest, { own, report }: InputEncoding): void {
  const { promptCache, source } = request;
  if (!own) dropBreakpoints(report, { ...request, tools: undefined });
  if (promptCache === undefined || promptCache.mode === 'disabled') return;
  const { key, retention, breakpoint } = promptCache;
  put(out, 'prompt_cache_key', key);
  put(out, 'prompt_cache_retention', RETENTION[retention ?? 'default']);
  reportExtensions(report, promptCache.extensions, FORMAT, 'promptCache');
  const automatic = breakpoint === undefined || (breakpoint.at === 'auto' && source !== undefined);
  if (!own && !automatic)
    withoutCache(report, promptCache, 'promptCache.breakpoint', 'the target has no cache breakpoints');
}

/** What the provider refuses although the format has it. */
function refuseFields(out: Out, { report, traits }: InputEncoding): void {
  for (const name of traits.refusedFields ?? []) {
    if (out[name] === undefined) continue;
    Reflect.deleteProperty(out, name);
    report.add(name, 'refused by the provider');
  }
}

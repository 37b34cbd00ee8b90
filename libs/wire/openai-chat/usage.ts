import { type Usage, usageOf } from '../../protocol/index.js';
import { consistentUsage, count, countOrZero, fieldsOf, firstCount, isObject, type Fields } from '../usage/counts.js';

/**
 * Reads a `usage` object of the OpenAI dialects (Chat Completions, Responses, embeddings, images, transcriptions), whoever wrote it.
 * `null` when it names no count at all.
 *
 * - A count is a finite number from 0 to 2^40; a fraction is rounded up. Anything else counts as missing.
 * - A missing prompt or completion is what the total leaves for it; with neither, the total counts as prompt.
 * - A total above prompt + completion means the upstream left something out of the two. It is the reasoning where that
 *   explains the difference exactly (xAI), or the audio of the prompt (Mistral); what is left unexplained was generated
 *   unseen (Gemini's thoughts) and counts as completion. So the total is always prompt + completion.
 * - A total below prompt + completion is ignored.
 * - No part is more than its whole: xAI reports more cached tokens than prompt tokens.
 */
export function readUsage(value: unknown): Usage | null {
  if (!isObject(value)) return null;
  const input = details(value, INPUT_DETAILS);
  const output = details(value, OUTPUT_DETAILS);
  const cached = fieldsOf(input['cached_tokens_details']);
  const reasoningTokens = countOrZero(output['reasoning_tokens']);
  const audioInputTokens = countOrZero(input['audio_tokens']);
  const audioSeconds = secondsOf(value);
  const wholes = readWholes(value, reasoningTokens, audioInputTokens);
  if (wholes === null) return audioSeconds === null ? null : usageOf({ audioSeconds });
  return consistentUsage({
    ...wholes,
    cachedTokens: cachedTokens(value, input),
    ...cacheWrites(value, input),
    audioInputTokens,
    cachedAudioTokens: countOrZero(cached['audio_tokens']),
    imageInputTokens: countOrZero(input['image_tokens']),
    cachedImageTokens: countOrZero(cached['image_tokens']),
    reasoningTokens,
    audioOutputTokens: countOrZero(output['audio_tokens']),
    imageOutputTokens: countOrZero(output['image_tokens']),
    audioSeconds: audioSeconds ?? 0,
    webSearches: webSearches(value),
  });
}

/** Prompt and completion, so that nothing of the total is left over. */
function readWholes(
  usage: Fields,
  reasoning: number,
  audio: number,
): { promptTokens: number; completionTokens: number } | null {
  const reported = count(usage['total_tokens']);
  const total = reported ?? 0;
  const prompt = firstCount(usage, 'prompt_tokens', 'input_tokens');
  const completion = firstCount(usage, 'completion_tokens', 'output_tokens');
  if (prompt === null && completion === null && reported === null) return null;
  const promptTokens = prompt ?? Math.max(0, total - (completion ?? 0));
  const completionTokens = completion ?? Math.max(0, total - promptTokens);
  const unexplained = Math.max(0, total - promptTokens - completionTokens);
  return unexplained !== reasoning && unexplained === audio
    ? { promptTokens: promptTokens + unexplained, completionTokens }
    : { promptTokens, completionTokens: completionTokens + unexplained };
}

/** Chat Completions; Responses and images; transcriptions. */
const INPUT_DETAILS = ['prompt_tokens_details', 'input_tokens_details', 'input_token_details'] as const;
const OUTPUT_DETAILS = ['completion_tokens_details', 'output_tokens_details', 'output_token_details'] as const;

function details(usage: Fields, names: readonly string[]): Fields {
  for (const name of names) if (isObject(usage[name])) return usage[name];
  return fieldsOf(undefined);
}

/** DeepSeek and Together write it beside the details, Claude behind Databricks under Anthropic's name. */
function cachedTokens(usage: Fields, input: Fields): number {
  const cached = count(input['cached_tokens']);
  return cached ?? firstCount(usage, 'prompt_cache_hit_tokens', 'cached_tokens', 'cache_read_input_tokens') ?? 0;
}

/** OpenAI and OpenRouter say nothing of the time; gateways in front of Claude pass on what Anthropic says. */
function cacheWrites(usage: Fields, input: Fields): { cacheWrite5mTokens: number; cacheWrite1hTokens: number } {
  const written = count(input['cache_write_tokens']) ?? countOrZero(usage['cache_creation_input_tokens']);
  const hour = Math.min(written, countOrZero(fieldsOf(usage['cache_creation'])['ephemeral_1h_input_tokens']));
  return { cacheWrite5mTokens: written - hour, cacheWrite1hTokens: hour };
}

/** Transcriptions charged by their length name no tokens (OpenAI), or both (Mistral). */
function secondsOf(usage: Fields): number | null {
  return firstCount(usage, 'prompt_audio_seconds') ?? (usage['type'] === 'duration' ? count(usage['seconds']) : null);
}

/** xAI counts the searches of its server-side tools, Perplexity its queries. */
function webSearches(usage: Fields): number {
  const tools = fieldsOf(usage['server_side_tool_usage_details']);
  return count(tools['web_search_calls']) ?? countOrZero(usage['num_search_queries']);
}

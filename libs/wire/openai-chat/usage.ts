import type { Usage } from '../../protocol/index.js';

/** Counts above this are no counts: no model reads or writes a trillion tokens in one call. */
const ABSURD_TOKENS = 2 ** 40;

/**
 * Reads a `usage` object of the OpenAI dialect, whoever wrote it. `null` when it names no count at all.
 *
 * - A count is a finite number from 0 to 2^40; a fraction is rounded up. Anything else counts as missing.
 * - A missing prompt or completion is what the total leaves for it; with neither, the total counts as prompt.
 * - A total above prompt + completion means the upstream left something out of the two. It is the reasoning where that
 *   explains the difference exactly (xAI), or the audio of the prompt (Mistral); what is left unexplained was generated
 *   unseen (Gemini's thoughts) and counts as completion. So the total is always prompt + completion.
 * - A total below prompt + completion is ignored.
 * - Cached tokens are at most the prompt, reasoning tokens at most the completion.
 */
export function readUsage(value: unknown): Usage | null {
  if (!isObject(value)) return null;
  const total = count(value['total_tokens']);
  let prompt = count(value['prompt_tokens']) ?? count(value['input_tokens']);
  let completion = count(value['completion_tokens']) ?? count(value['output_tokens']);
  if (prompt === null && completion === null && total === null) return null;
  prompt ??= Math.max(0, (total ?? 0) - (completion ?? 0));
  completion ??= Math.max(0, (total ?? 0) - prompt);

  const promptDetails = isObject(value['prompt_tokens_details']) ? value['prompt_tokens_details'] : NO_DETAILS;
  const completionDetails = isObject(value['completion_tokens_details'])
    ? value['completion_tokens_details']
    : NO_DETAILS;
  const reasoning = count(completionDetails['reasoning_tokens']) ?? 0;
  const unexplained = (total ?? 0) - prompt - completion;
  if (unexplained > 0) {
    const isAudio = unexplained !== reasoning && unexplained === count(promptDetails['audio_tokens']);
    if (isAudio) prompt += unexplained;
    else completion += unexplained;
  }
  const cached =
    count(promptDetails['cached_tokens']) ?? count(value['prompt_cache_hit_tokens']) ?? count(value['cached_tokens']);
  return {
    promptTokens: prompt,
    completionTokens: completion,
    totalTokens: prompt + completion,
    cachedTokens: Math.min(cached ?? 0, prompt),
    reasoningTokens: Math.min(reasoning, completion),
  };
}

const NO_DETAILS: Record<string, unknown> = Object.freeze({});

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function count(value: unknown): number | null {
  // NaN fails both comparisons; -0 becomes 0.
  if (typeof value !== 'number' || !(value >= 0 && value <= ABSURD_TOKENS)) return null;
  return Math.ceil(value) + 0;
}

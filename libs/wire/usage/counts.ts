import { usageOf, type Usage } from '../../protocol/index.js';

/** A JSON object whose fields nobody has checked. */
export type Fields = Readonly<Record<string, unknown>>;

/** Counts above this are no counts: no model reads or writes a trillion tokens in one call. */
const ABSURD_TOKENS = 2 ** 40;
const NO_FIELDS: Fields = Object.freeze({});

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object, or one without fields. */
export function fieldsOf(value: unknown): Fields {
  return isObject(value) ? value : NO_FIELDS;
}

/** A finite number from 0 to 2^40, a fraction rounded up; anything else is no count. */
export function count(value: unknown): number | null {
  // NaN fails both comparisons; -0 becomes 0.
  if (typeof value !== 'number' || !(value >= 0 && value <= ABSURD_TOKENS)) return null;
  return Math.ceil(value) + 0;
}

/** A count, 0 where there is none. */
export function countOrZero(value: unknown): number {
  return count(value) ?? 0;
}

/** The first of several spellings that is a count; `null` when none is. */
export function firstCount(fields: Fields, ...names: readonly string[]): number | null {
  for (const name of names) {
    const found = count(fields[name]);
    if (found !== null) return found;
  }
  return null;
}

type Parts = Partial<Omit<Usage, 'totalTokens'>>;

/** A `Usage` whose parts are never more than their wholes, whatever the upstream wrote. */
export function consistentUsage(parts: Parts): Usage {
  const usage = usageOf(parts);
  const { promptTokens: prompt, completionTokens: completion } = usage;
  usage.cachedTokens = Math.min(usage.cachedTokens, prompt);
  usage.cacheWrite5mTokens = Math.min(usage.cacheWrite5mTokens, prompt - usage.cachedTokens);
  const unread = prompt - usage.cachedTokens - usage.cacheWrite5mTokens;
  usage.cacheWrite1hTokens = Math.min(usage.cacheWrite1hTokens, unread);
  usage.audioInputTokens = Math.min(usage.audioInputTokens, prompt);
  usage.imageInputTokens = Math.min(usage.imageInputTokens, prompt - usage.audioInputTokens);
  usage.cachedAudioTokens = Math.min(usage.cachedAudioTokens, usage.cachedTokens, usage.audioInputTokens);
  const cachedRest = usage.cachedTokens - usage.cachedAudioTokens;
  usage.cachedImageTokens = Math.min(usage.cachedImageTokens, cachedRest, usage.imageInputTokens);
  usage.reasoningTokens = Math.min(usage.reasoningTokens, completion);
  usage.audioOutputTokens = Math.min(usage.audioOutputTokens, completion);
  usage.imageOutputTokens = Math.min(usage.imageOutputTokens, completion - usage.audioOutputTokens);
  return usage;
}

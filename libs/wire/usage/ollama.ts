import type { Usage } from '../../protocol/index.js';
import { consistentUsage, countOrZero, firstCount, isObject } from './counts.js';

/**
 * Reads the counts of an Ollama answer or of the last line of its stream. A prompt found in the cache whole has no count.
 * @see https://docs.ollama.com/api/usage
 */
export function readOllamaUsage(answer: unknown): Usage | null {
  if (!isObject(answer)) return null;
  const prompt = firstCount(answer, 'prompt_eval_count');
  const output = firstCount(answer, 'eval_count');
  if (prompt === null && output === null) return null;
  return consistentUsage({
    promptTokens: prompt ?? 0,
    cachedTokens: countOrZero(answer['prompt_eval_cached_count']),
    completionTokens: output ?? 0,
  });
}

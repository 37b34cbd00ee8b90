import type { Usage } from '../../protocol/index.js';
import { consistentUsage, count, countOrZero, fieldsOf, firstCount, isObject } from './counts.js';

/**
 * Reads Cohere's `usage` (v2 chat) or `meta` (embed, rerank). What is billed counts where it is told: `tokens` also has the
 * vendor's own preamble, which nobody pays for.
 * @see https://docs.cohere.com/reference/chat
 */
export function readCohereUsage(value: unknown): Usage | null {
  if (!isObject(value)) return null;
  const billed = fieldsOf(value['billed_units']);
  const counted = fieldsOf(value['tokens']);
  const isBilled = firstCount(billed, 'input_tokens', 'output_tokens') !== null;
  const told = isBilled ? billed : counted;
  const input = count(told['input_tokens']);
  const output = count(told['output_tokens']);
  if (input === null && output === null) return null;
  return consistentUsage({
    promptTokens: input ?? 0,
    completionTokens: output ?? 0,
    // What was cached is told of `tokens`, not of what is billed.
    cachedTokens: isBilled ? 0 : countOrZero(value['cached_tokens']),
    reasoningTokens: countOrZero(counted['reasoning_tokens']),
  });
}

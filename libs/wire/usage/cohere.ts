import type { Usage } from '../../protocol/index.js';
import { consistentUsage, count, countOrZero, fieldsOf, firstCount, isObject } from './counts.js';

/** How many searches a reranker charged for, as its `meta` says; `undefined`: it does not. */
export function readSearchUnits(meta: unknown): number | undefined {
  return count(fieldsOf(fieldsOf(meta)['billed_units'])['search_units']) ?? undefined;
}

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
  // Images that were embedded are billed beside the text.
  const images = count(billed['image_tokens']);
  if (images === null && firstCount(told, 'input_tokens', 'output_tokens') === null) return null;
  return consistentUsage({
    promptTokens: countOrZero(told['input_tokens']) + (images ?? 0),
    imageInputTokens: images ?? 0,
    completionTokens: countOrZero(told['output_tokens']),
    // What was cached is told of `tokens`, not of what is billed.
    cachedTokens: isBilled ? 0 : countOrZero(value['cached_tokens']),
    reasoningTokens: countOrZero(counted['reasoning_tokens']),
  });
}
